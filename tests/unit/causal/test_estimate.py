"""The shared estimate, its laws, and the verdict on its assumptions."""

import pytest
from scipy import stats

from assay.causal import (
    THRESHOLDS,
    Assumption,
    normal_estimate,
    student_estimate,
    verdict,
)
from assay.causal.assumptions import untestable
from assay.errors import DataError


def assumption(state):
    return Assumption(name="x", statement="x", tested=True, state=state, finding="seen")


@pytest.mark.parametrize("degrees", [1, 4.5, 49, 1e9])
def test_interval_and_p_value_are_students(degrees):
    found = student_estimate("att", -1.3, 0.7, degrees, n=10, level=0.9)
    law = stats.t(degrees, loc=-1.3, scale=0.7)
    assert found.interval == pytest.approx(law.interval(0.9), rel=1e-9)
    expected = 2 * stats.t(degrees).sf(1.3 / 0.7)
    assert found.p_value == pytest.approx(expected, rel=1e-8)


def test_the_normal_law_is_the_limit_of_students():
    far = student_estimate("att", 2.0, 1.0, 1e12, n=10)
    assert normal_estimate("att", 2.0, 1.0, n=10).interval == pytest.approx(far.interval)


def test_a_value_without_uncertainty_is_certain():
    assert normal_estimate("att", 1.0, 0.0, n=5).p_value == 0
    assert normal_estimate("att", 0.0, 0.0, n=5).p_value == 1


@pytest.mark.parametrize(
    ("value", "error", "degrees", "message"),
    [
        (float("nan"), 1.0, 5, "came out as nan"),
        (1.0, float("nan"), 5, "standard error nan"),
        (1.0, -1.0, 5, "standard error -1"),
        (1.0, 1.0, 0, "0 degrees of freedom"),
    ],
)
def test_no_nan_is_handed_over(value, error, degrees, message):
    with pytest.raises(DataError, match=message):
        student_estimate("att", value, error, degrees, n=10)


def test_a_level_outside_its_range_is_refused():
    with pytest.raises(ValueError, match="level must lie between 0 and 1"):
        normal_estimate("att", 1.0, 1.0, n=5, level=95)


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([], "report"),
        (["holds"], "report"),
        (["holds", "doubtful"], "warn"),
        (["doubtful", "broken", "holds"], "withhold"),
    ],
)
def test_the_worst_state_decides(states, expected):
    found = [assumption(state) for state in states]
    assert verdict([*found, untestable("y", "y")]) == expected


def test_only_an_untested_assumption_is_untestable():
    with pytest.raises(ValueError, match="only an untested one"):
        assumption("untestable")


def test_every_threshold_says_why_and_none_can_be_changed():
    assert all(len(threshold.reason) > 20 for threshold in THRESHOLDS.values())
    with pytest.raises(TypeError):
        THRESHOLDS["test_level"] = 1
