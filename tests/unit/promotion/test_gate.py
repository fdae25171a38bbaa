"""The gate fails closed and reports every rule that it judged."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.contract import find_contract
from assay.contract.model import HIGHER_IS_BETTER
from assay.promotion import decide_promotion


@dataclass(frozen=True)
class Figure:
    value: float
    low: float
    high: float


def contract(floors, margins):
    from pathlib import Path

    shipped = find_contract("credit_default", Path("data/contracts"))
    gates = shipped.gates.model_copy(update={"floors": floors, "margins": margins})
    return shipped.model_copy(update={"gates": gates})


GOOD = {"auc": Figure(0.80, 0.78, 0.82), "ece": Figure(0.01, 0.005, 0.02)}


def test_a_first_champion_needs_only_the_floors():
    found = decide_promotion(
        contract({"auc": 0.75, "ece": 0.05}, {"auc": 0.0}), GOOD, improvements=None
    )
    assert found.promote
    assert found.passes == (
        "auc: 0.8000 [0.7800, 0.8200], must be at least 0.75",
        "ece: 0.0100 [0.0050, 0.0200], must be at most 0.05",
    )


def test_a_good_value_on_thin_evidence_is_refused():
    thin = {"auc": Figure(0.80, 0.60, 0.95)}
    found = decide_promotion(contract({"auc": 0.75}, {"auc": 0.0}), thin, None)
    assert found.failures == ("auc: 0.8000 [0.6000, 0.9500], must be at least 0.75",)


def test_a_challenger_that_gains_auc_but_loses_calibration_is_refused_for_calibration():
    improvements = {"auc": Figure(0.03, 0.02, 0.04), "ece": Figure(0.02, 0.01, 0.03)}
    gates = contract({"auc": 0.75}, {"auc": 0.01, "ece": -0.005})
    found = decide_promotion(gates, GOOD, improvements)
    assert found.failures == (
        "ece against the champion: +0.0200 [+0.0100, +0.0300], may lose at most 0.005",
    )
    assert len(found.passes) == 2


@pytest.mark.parametrize(
    "figure",
    [
        None,
        Figure(float("nan"), 0.7, 0.9),
        Figure(0.8, float("nan"), 0.9),
        Figure(0.8, 0.7, float("inf")),
        Figure(0.8, 0.9, 0.7),
    ],
)
def test_a_figure_that_is_missing_or_not_whole_fails_the_gate(figure):
    challenger = {} if figure is None else {"auc": figure}
    found = decide_promotion(contract({"auc": 0.1}, {"auc": -1.0}), challenger, None)
    assert not found.promote
    assert "no evidence" in found.failures[0]
    against = decide_promotion(contract({"auc": 0.1}, {"auc": -1.0}), GOOD, challenger)
    assert "no evidence" in against.failures[0]


def test_no_rule_at_all_promotes_nothing():
    assert not decide_promotion(contract({}, {}), GOOD, None).promote


finite = st.floats(-1, 1)


@given(
    metric=st.sampled_from(sorted(HIGHER_IS_BETTER)),
    margin=finite,
    ends=st.tuples(finite, finite),
)
def test_the_margin_is_judged_at_the_end_that_speaks_against_the_challenger(
    metric, margin, ends
):
    low, high = sorted(ends)
    found = decide_promotion(
        contract({}, {metric: margin}), {}, {metric: Figure((low + high) / 2, low, high)}
    )
    worst = low if HIGHER_IS_BETTER[metric] else -high
    assert found.promote == (worst >= margin)
