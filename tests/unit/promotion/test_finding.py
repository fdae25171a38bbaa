"""A rule reads the end of the interval that speaks against the challenger."""

import pytest

from assay.promotion.finding import (
    Finding,
    absent,
    at_least,
    at_most,
    between,
    is_whole,
    judged,
    shown,
    unjudged,
)
from tests.unit.promotion.conftest import NOT_WHOLE, Figure

FIGURE = Figure(0.8, 0.7, 0.9)


@pytest.mark.parametrize(
    ("limit", "verdict"), [(0.7, "kept"), (0.69, "kept"), (0.71, "failed")]
)
def test_a_floor_is_judged_at_the_lower_end_and_may_be_met_exactly(limit, verdict):
    found = at_least("auc", FIGURE, limit, "abc")
    assert found == Finding(
        verdict, f"auc: 0.8000 [0.7000, 0.9000], must be at least {limit}; from abc"
    )


@pytest.mark.parametrize(
    ("limit", "verdict"), [(0.9, "kept"), (0.91, "kept"), (0.89, "failed")]
)
def test_a_ceiling_is_judged_at_the_upper_end_and_may_be_met_exactly(limit, verdict):
    found = at_most("ece", FIGURE, limit, "abc", "+")
    assert found == Finding(
        verdict, f"ece: +0.8000 [+0.7000, +0.9000], must be at most {limit}; from abc"
    )


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.7, 0.9, "kept"), (0.71, 0.9, "failed"), (0.7, 0.89, "failed")],
)
def test_bounds_hold_the_whole_interval(low, high, verdict):
    found = between("slope", FIGURE, low, high, "abc")
    assert found == Finding(
        verdict,
        f"slope: 0.8000 [0.7000, 0.9000], must lie between {low} and {high}; from abc",
    )


@pytest.mark.parametrize("found", NOT_WHOLE)
def test_what_is_missing_or_no_number_fails_every_judge(found):
    assert at_least("a", found, -9.0, "abc") == absent("a", "must be at least -9")
    assert at_most("a", found, 9.0, "abc") == absent("a", "must be at most 9")
    assert between("a", found, -9.0, 9.0, "abc") == absent(
        "a", "must lie between -9 and 9"
    )
    assert found is None or not is_whole(found)


def test_a_limit_that_is_no_number_keeps_nothing():
    assert at_least("a", FIGURE, float("nan"), "abc").verdict == "failed"
    assert at_most("a", FIGURE, float("nan"), "abc").verdict == "failed"


def test_a_point_is_whole_and_signs_are_shown_where_asked():
    assert is_whole(Figure(0.5, 0.5, 0.5))
    assert shown(Figure(0.5, -0.25, 1.0)) == "0.5000 [-0.2500, 1.0000]"
    assert at_least("gain", Figure(0.5, 0.5, 0.5), 0.5, "abc", "+").sentence == (
        "gain: +0.5000 [+0.5000, +0.5000], must be at least 0.5; from abc"
    )


def test_figures_without_an_origin_are_no_evidence():
    assert judged(True, "a", "1", "must be 1", "") == Finding(
        "failed",
        "a: no evidence, must be 1; nothing says what its figures came from",
    )


def test_what_is_shown_has_no_verdict_and_says_why():
    assert unjudged("a", "1", "too few", "abc") == Finding(
        "shown", "a: 1, too few; from abc"
    )
    assert unjudged("a", "1", "too few", "").sentence == "a: 1, too few; from nowhere"
