"""Data that no design can carry: an error or a verdict that says what to do, never NaN.

Each case spoils a world in which the design holds. What comes back is either an error
whose text names the fault, or a verdict other than "report" with advice.
"""

import math

import numpy as np
import pytest

from assay.causal.plan import Plan
from assay.causal.withholding import answer_question
from assay.errors import DataError
from benchmarks.causal.worlds import VALID


def ask(world, spoil, **options):
    one = VALID[world](np.random.default_rng(11))
    plan = Plan(
        question="?", design=one.design, outcome="y", options={**one.options, **options}
    )
    return answer_question(spoil(one.frame.copy()), plan)


TREATMENTS = {
    "experiment": "d",
    "experiment, CUPED": "d",
    "experiment, watched": "d",
    "clusters drawn": "d",
    "switchback": "d",
    "two by two": "treated",
    "fixed effects": "on",
    "wild bootstrap": "on",
    "fuzzy cutoff": "d",
    "weighting": "d",
    "matching": "d",
    "doubly robust": "d",
    "instrument": "d",
    "effects by row": "d",
}


@pytest.mark.parametrize("value", [0, 1])
@pytest.mark.parametrize("world", TREATMENTS)
def test_a_treatment_that_does_not_vary_is_refused(world, value):
    column = TREATMENTS[world]
    match = "on all|does not vary|collinear"
    with pytest.raises(DataError, match=match):
        ask(world, lambda f: f.assign(**{column: value}))


@pytest.mark.parametrize("cohort", [0.0, -1.0])
@pytest.mark.parametrize(
    "world", ["event study", "group-time", "interaction-weighted", "imputation"]
)
def test_cohorts_without_a_start_inside_the_panel_are_refused(world, cohort):
    with pytest.raises(DataError, match=r"cohort|treated|reference_time"):
        ask(world, lambda f: f.assign(cohort=cohort))


@pytest.mark.parametrize("world", VALID)
def test_an_outcome_that_never_varies_is_refused(world):
    match = "with no variation nothing can be learned"
    with pytest.raises(DataError, match=match):
        ask(world, lambda f: f.assign(y=1.0))


@pytest.mark.parametrize("hole", [np.nan, np.inf])
@pytest.mark.parametrize("world", VALID)
def test_an_outcome_with_holes_is_refused(world, hole):
    with pytest.raises(DataError, match=r"'y' has 1 missing|missing or infinite"):
        ask(world, lambda f: f.assign(y=f["y"].where(np.arange(len(f)) != 5, hole)))


@pytest.mark.parametrize("n_rows", [0, 2])
@pytest.mark.parametrize("world", VALID)
def test_hardly_any_rows_are_refused(world, n_rows):
    with pytest.raises(DataError):
        ask(world, lambda f: f.head(n_rows))


@pytest.mark.parametrize(
    ("world", "options"),
    [
        ("two by two", {}),
        ("fixed effects", {}),
        ("wild bootstrap", {}),
        ("event study", {}),
        ("interaction-weighted", {}),
        ("clusters drawn", {}),
        ("sharp cutoff", {}),
        ("instrument", {"errors": "clustered"}),
    ],
)
def test_one_cluster_is_refused(world, options):
    with pytest.raises(DataError, match="cluster"):
        ask(world, lambda f: f.assign(one=1), cluster="one", **options)


def test_one_cluster_withholds_group_time_effects():
    answer = ask("group-time", lambda f: f.assign(one=1), cluster="one")
    assert answer.is_withheld
    assert "enough clusters" in [a.name for a in answer.reasons]


@pytest.mark.parametrize("world", ["sharp cutoff", "fuzzy cutoff"])
@pytest.mark.parametrize(
    ("spoil", "match"),
    [
        (lambda f: f[f["score"] < 0], "no rows at or above the cutoff"),
        (lambda f: f[f["score"] >= 0], "no rows below the cutoff"),
        (lambda f: f[(f["score"] < 0) | (f["score"].rank(ascending=False) <= 2)],
         "only 2 distinct running values"),
        (lambda f: f.assign(score=0.0), "no rows below the cutoff"),
    ],
)  # fmt: skip
def test_a_cutoff_with_an_empty_side_is_refused(world, spoil, match):
    with pytest.raises(DataError, match=match):
        ask(world, spoil)


ADJUSTED = ["weighting", "matching", "doubly robust", "effects by row"]


@pytest.mark.parametrize("world", ADJUSTED)
def test_perfect_separation_is_refused(world):
    with pytest.raises(DataError, match="separate treated from untreated"):
        ask(world, lambda f: f.assign(d=(f["a"] > 0).astype(int)))


@pytest.mark.parametrize("world", ADJUSTED)
@pytest.mark.parametrize("copy", [lambda f: 2 * f["a"], lambda _: 1.0])
def test_covariates_that_repeat_each_other_are_refused(world, copy):
    with pytest.raises(DataError, match="'b' is a linear combination"):
        ask(world, lambda f: f.assign(b=copy(f)))


@pytest.mark.parametrize(
    ("world", "spoil", "options"),
    [
        ("experiment, CUPED", lambda f: f.assign(c=-f["x"]), {"covariates": ["x", "c"]}),
        ("two by two", lambda f: f.assign(c=1.0 * f["treated"]), {"controls": ["c"]}),
        ("fixed effects", lambda f: f.assign(c=1.0 * f["unit"]), {"controls": ["c"]}),
        ("fixed effects", lambda f: f.assign(c=2.0 * f["on"]), {"controls": ["c"]}),
        ("instrument", lambda f: f.assign(c=2 * f["z0"]), {"covariates": ["c"]}),
        ("instrument", lambda f: f.assign(c=2 * f["z0"]), {"instruments": ["z0", "c"]}),
        ("sharp cutoff", lambda f: f.assign(c=2 * f["x"]),
         {"covariates": ["x", "c"], "adjust_for": ["x", "c"]}),
        ("group-time", lambda f: f.assign(b=f["unit"] % 3, c=2 * (f["unit"] % 3)),
         {"covariates": ["b", "c"]}),
    ],
)  # fmt: skip
def test_collinear_controls_are_refused_by_name_or_number(world, spoil, options):
    with pytest.raises(DataError, match=r"collinear|linear combination"):
        ask(world, spoil, **options)


@pytest.mark.parametrize("world", ["synthetic control", "synthetic differences"])
def test_a_donor_with_missing_periods_is_named(world):
    with pytest.raises(DataError, match="3 misses 1 of 50"):
        ask(world, lambda f: f[(f["unit"] != 3) | (f["week"] != 7)])


def test_a_treated_unit_outside_the_donors_hull_is_withheld_with_advice():
    answer = ask(
        "synthetic control", lambda f: f.assign(y=f["y"] + 50 * (f["unit"] == 0))
    )
    assert answer.is_withheld
    advice = {a.name: a.advice for a in answer.reasons}
    assert "synthetic difference" in advice["inside the donors' range"]


def test_a_constant_gap_is_no_fault_to_synthetic_differences():
    def far(frame):
        return frame.assign(y=frame["y"] + 50 * (frame["unit"] == 0))

    near = ask("synthetic differences", lambda f: f)
    answer = ask("synthetic differences", far)
    assert answer.shown.estimate.value == pytest.approx(near.shown.estimate.value)
    assert all(map(math.isfinite, answer.shown.estimate.interval))


def test_donors_that_never_move_are_refused():
    def still(frame):
        return frame.assign(y=frame["y"].where(frame["unit"] == 0, 1.0))

    with pytest.raises(DataError, match="no donor moves"):
        ask("synthetic differences", still)


def test_a_treatment_that_explains_everything_leaves_nothing_to_re_sign():
    with pytest.raises(DataError, match="explains the outcome without rest"):
        ask("wild bootstrap", lambda f: f.assign(y=2.0 * f["on"]))
