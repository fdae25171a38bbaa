"""The whole design: verdicts, direction, refusals."""

import numpy as np
import pandas as pd
import pytest

from assay.causal import verdict
from assay.causal.discontinuity import fuzzy_jump, sharp_jump
from assay.causal.discontinuity.verdicts import holm
from assay.causal.discretion import discreet_diagnostics
from assay.causal.sensitivity_tables import sensitivity_tables
from assay.errors import DataError


def draw(seed, n=3000, jump=1.0, bunched=0.0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    near = (x < 0) & (x > -0.2) & (rng.random(n) < bunched)
    x = np.where(near, -x, x)
    takes = (rng.random(n) < 0.2 + 0.5 * (x >= 0)).astype(int)
    age = 40 + 2 * x + rng.normal(size=n)
    y = 0.5 * x + jump * (x >= 0) + rng.normal(size=n)
    return pd.DataFrame({"x": x, "y": y, "takes": takes, "age": age})


def states(result):
    return {item.name: item.state for item in result.assumptions}


def test_a_valid_design_finds_the_jump_and_reports_it():
    result = sharp_jump(draw(1), outcome="y", running="x", cutoff=0.0, covariates=["age"])
    low, high = result.estimate.interval
    assert low < 1.0 < high
    assert verdict(result.assumptions) == "report"
    assert set(result.check_table()["check"]) == {
        "covariate", "placebo cutoff", "bandwidth", "donut",
    }  # fmt: skip


def test_bunching_withholds():
    result = sharp_jump(draw(2, bunched=0.7), outcome="y", running="x", cutoff=0.0)
    assert states(result)["no bunching at the cutoff"] == "broken"
    assert verdict(result.assumptions) == "withhold"


def test_a_covariate_that_jumps_withholds():
    frame = draw(3)
    frame["age"] += 3 * (frame["x"] >= 0)
    result = sharp_jump(frame, outcome="y", running="x", cutoff=0.0, covariates=["age"])
    assert states(result)["covariates continuous"] == "broken"


def test_few_rows_at_the_cutoff_are_said_to_be_few():
    frame = draw(4, n=60)
    result = sharp_jump(frame, outcome="y", running="x", cutoff=0.0)
    assert states(result)["enough rows at the cutoff"] in ("doubtful", "broken")


def test_treatment_below_the_cutoff_turns_the_sign_of_every_jump():
    spec = {"outcome": "y", "running": "x", "cutoff": 0.0}
    above = sharp_jump(draw(5), **spec)
    below = sharp_jump(draw(5), treated_above=False, **spec)
    assert below.estimate.value == -above.estimate.value
    assert below.estimate.interval == tuple(-e for e in above.estimate.interval[::-1])
    assert below.checks[0].jump == -above.checks[0].jump
    naive = "naive_difference"
    assert below.diagnostics[naive] == -above.diagnostics[naive]


def test_a_fuzzy_design_divides_and_a_weak_one_is_withheld():
    frame = draw(6)
    frame["y"] = frame["takes"] * 2.0 + frame["x"]
    spec = {"outcome": "y", "running": "x", "cutoff": 0.0, "treatment": "takes"}
    result = fuzzy_jump(frame, **spec)
    assert result.estimate.estimand == "late"
    assert result.estimate.value == pytest.approx(2.0, abs=0.2)
    weak = frame.assign(takes=np.random.default_rng(1).integers(0, 2, len(frame)))
    found = fuzzy_jump(weak, **spec)
    assert states(found)["the cutoff moves treatment"] == "broken"
    assert not found.anderson_rubin.is_bounded


def test_the_anderson_rubin_set_is_told_where_the_number_is_and_hidden_with_it():
    frame = draw(6)
    frame["y"] += frame["takes"]
    spec = {"outcome": "y", "running": "x", "cutoff": 0.0, "treatment": "takes"}
    result = fuzzy_jump(frame, **spec)
    low, high = result.anderson_rubin.interval
    assert low < result.estimate.value < high
    assert result.diagnostics["anderson_rubin_lower"] == low
    (table,) = (t for caption, t in sensitivity_tables(result) if "Rubin" in caption)
    assert table.to_numpy().tolist() == [[low, high]]
    assert "anderson_rubin_lower" not in discreet_diagnostics(result)
    assert sharp_jump(frame, **spec).anderson_rubin is None


def test_a_rule_that_was_not_followed_asks_for_the_fuzzy_design():
    frame = draw(6)
    spec = {"outcome": "y", "running": "x", "cutoff": 0.0, "treatment": "takes"}
    assert states(sharp_jump(frame, **spec))["the rule was followed"] == "broken"
    frame["takes"] = (frame["x"] < 0).astype(int)
    result = sharp_jump(frame, treated_above=False, **spec)
    assert states(result)["the rule was followed"] == "holds"


def test_small_integers_do_not_overflow():
    frame = draw(7)
    small = pd.DataFrame(
        {
            "x": np.clip(np.rint(frame["x"] * 40), -128, 127).astype("int8"),
            "y": np.clip(np.rint(frame["y"] * 30), -128, 127).astype("int8"),
        }
    )
    spec = {"outcome": "y", "running": "x", "cutoff": 0.0}
    assert (
        sharp_jump(small, **spec).estimate
        == sharp_jump(small.astype("float64"), **spec).estimate
    )


def test_missing_outcomes_are_refused_or_counted():
    frame = draw(8)
    frame.loc[:99, "y"] = np.nan
    spec = {"outcome": "y", "running": "x", "cutoff": 0.0}
    with pytest.raises(DataError, match="100 missing"):
        sharp_jump(frame, **spec)
    result = sharp_jump(frame, missing_outcome="drop", **spec)
    assert result.diagnostics["n_without_outcome"] == 100


@pytest.mark.parametrize("cutoff", [-50.0, 50.0])
def test_an_empty_side_says_which_and_where_the_rows_are(cutoff):
    with pytest.raises(DataError, match=r"no rows .* the cutoff .* spans"):
        sharp_jump(draw(9), outcome="y", running="x", cutoff=cutoff)


def test_the_frame_is_not_changed_and_figures_have_names():
    frame = draw(10, n=800)
    before = frame.copy()
    result = sharp_jump(frame, outcome="y", running="x", cutoff=0.0)
    pd.testing.assert_frame_equal(frame, before)
    assert list(result.plots()) == ["jump", "density", "bandwidths", "checks"]


def test_valid_designs_are_seldom_withheld():
    withheld = sum(
        verdict(
            sharp_jump(
                draw(seed, n=800), outcome="y", running="x", cutoff=0.0
            ).assumptions
        )
        == "withhold"
        for seed in range(100, 140)
    )
    assert withheld <= 2


def test_holm_is_the_hand_computed_one():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])
