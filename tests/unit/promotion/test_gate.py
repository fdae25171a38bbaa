"""The gate fails closed and reports every rule that it judged."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.contract import read_contract
from assay.contract.model import HIGHER_IS_BETTER
from assay.promotion import PromotionDecision, PromotionEvidence, decide_promotion
from tests.unit.promotion.conftest import CONTRACT, SECTIONS, WHOLE, Figure


def test_whole_evidence_is_promoted_and_every_rule_is_told(decided, same_as_expected):
    found = decided()
    assert found.failures == ()
    assert found.promote
    told = ["kept:", *found.passes, "shown:", *found.notes]
    same_as_expected("\n".join(told) + "\n", "whole.txt")


def test_no_evidence_fails_every_rule_and_keeps_none(contract, same_as_expected):
    found = decide_promotion(contract, PromotionEvidence(metrics={}, has_champion=True))
    assert not found.promote
    assert found.passes == found.notes == ()
    assert all("no evidence" in failure for failure in found.failures)
    same_as_expected("\n".join(found.failures) + "\n", "nothing.txt")


@pytest.mark.parametrize("section", SECTIONS)
def test_figures_that_say_nothing_of_where_they_came_from_are_no_evidence(
    decided, section
):
    origins = {name: o for name, o in WHOLE.origins.items() if name != section}
    found = decided(origins=origins)
    assert not found.promote
    assert all("nothing says what its figures came from" in f for f in found.failures)


ABSENT = {
    "metrics": {},
    "improvements": {},
    "auc_gain_delong": None,
    "cost_saved": None,
    "slices": (),
    "months": (),
    "score_shift": None,
    "stress": (),
    "fairness": (),
    "proxies": (),
    "alternatives": (),
    "shuffled": None,
    "feature_aucs": {},
    "parity": None,
    "service": None,
    "reproduction": None,
}


@pytest.mark.parametrize("part", sorted(ABSENT))
def test_each_piece_of_evidence_that_is_missing_is_a_failed_rule(decided, part):
    found = decided(**{part: ABSENT[part]})
    assert not found.promote
    assert all("no evidence" in failure for failure in found.failures)


def test_a_first_champion_needs_no_improvement(decided):
    found = decided(
        has_champion=False, improvements={}, auc_gain_delong=None, score_shift=None
    )
    assert found.promote
    assert not any("against the champion" in rule for rule in found.passes)


def test_no_rule_at_all_promotes_nothing():
    assert not PromotionDecision(passes=(), failures=()).promote
    assert not PromotionDecision(passes=("one",), failures=("two",)).promote
    assert PromotionDecision(passes=("one",), failures=()).promote
    assert PromotionDecision(passes=(), failures=()).notes == ()


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
    shipped = read_contract(CONTRACT)
    gates = shipped.gates.model_copy(update={"margins": {metric: margin}})
    figure = Figure((low + high) / 2, low, high)
    found = decide_promotion(
        shipped.model_copy(update={"gates": gates}),
        replace(WHOLE, improvements={metric: figure}, auc_gain_delong=figure),
    )
    worst = low if HIGHER_IS_BETTER[metric] else -high
    assert found.promote == (worst >= margin)
