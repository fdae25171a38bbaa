"""The gate learns a rule, keeps its promise and says why it refuses."""

import numpy as np
import pytest

from assay.errors import DataError
from assay.retrieval.learning.gate import fit_gate
from assay.retrieval.parts.routing import Asked
from assay.retrieval.search.evidence import GATE_FEATURES, gate_features
from assay.retrieval.search.features import FEATURES, Candidates
from assay.retrieval.search.gate import Refusal


def questions(rng, n):
    rows = rng.normal(size=(n, len(GATE_FEATURES)))
    chance = 1 / (1 + np.exp(-(2 * rows[:, 0] - 1.5 * rows[:, 3])))
    return rows, rng.random(n) < chance, chance


def candidates(asked):
    features = np.full((4, len(FEATURES)), 0.5, dtype=np.float32)
    return Candidates(np.arange(4), features, asked, ("income",), 1.0)


@pytest.fixture(scope="module")
def gate():
    rows, answerable, _ = questions(np.random.default_rng(1), 3000)
    return fit_gate(rows, answerable)


def test_probabilities_are_those_of_the_simulation(gate):
    rows, _, chance = questions(np.random.default_rng(2), 2000)
    # 231 weights from 3,000 questions: an unpenalised fit misses by 0.09 on average.
    assert np.abs(gate.probability(rows) - chance).mean() < 0.08


def test_the_threshold_refuses_the_share_that_is_allowed(gate):
    rows, answerable, _ = questions(np.random.default_rng(1), 3000)
    refused = gate.probability(rows[answerable]) < gate.threshold
    assert refused.mean() == pytest.approx(0.05, abs=0.002)


def test_the_threshold_counts_questions_by_their_weight():
    rows, answerable, _ = questions(np.random.default_rng(1), 3000)
    weight = np.where(np.arange(3000) < 1500, 2.0, 0.0)
    gate = fit_gate(rows, answerable, sample_weight=weight)
    refused = gate.probability(rows[:1500][answerable[:1500]]) < gate.threshold
    assert refused.mean() == pytest.approx(0.05, abs=0.002)


def test_the_regression_for_any_style_learns_from_its_own_weights():
    rows, answerable, _ = questions(np.random.default_rng(1), 3000)
    other = np.arange(3000) >= 1500
    label = np.where(other, ~answerable, answerable)  # the second half lies
    weight = np.where(other, 0.0, 2.0)
    both = fit_gate(rows, label, sample_weight=weight)
    apart = fit_gate(rows, label, sample_weight=weight, general_weight=2.0 - weight)
    np.testing.assert_array_equal(both.weights, apart.weights)
    dense_best = 1 + GATE_FEATURES.index("dense_best")
    assert both.general[dense_best] > 0.5
    assert apart.general[dense_best] < 0.1  # may not count against an answer


def test_calibration_without_unanswerable_questions_is_refused():
    rows, _, _ = questions(np.random.default_rng(0), 20)
    with pytest.raises(DataError, match="needs both kinds"):
        fit_gate(rows, np.ones(20))


def test_a_year_that_the_evidence_lacks_is_named(gate):
    found = candidates(Asked(years=frozenset({2019})))
    decision = gate.decide(found, [0, 1, 2, 3], np.zeros(4), ["income in 2022 was 4"])
    assert Refusal.PERIOD_NOT_IN_DOCUMENTS in decision.refusals
    assert decision.missing == ("2019",)
    assert not decision.passes


def test_a_year_that_the_evidence_has_is_no_reason(gate):
    found = candidates(Asked(years=frozenset({2019, 2022})))
    decision = gate.decide(found, [0, 1, 2, 3], np.zeros(4), ["income in 2022 was 4"])
    assert Refusal.PERIOD_NOT_IN_DOCUMENTS not in decision.refusals


def test_digits_of_another_number_are_no_year(gate):
    found = candidates(Asked(years=frozenset({2019})))
    decision = gate.decide(found, [0, 1, 2, 3], np.zeros(4), ["19 shops sold $20,190"])
    assert Refusal.PERIOD_NOT_IN_DOCUMENTS in decision.refusals


def test_the_evidence_is_read_no_further_than_a_year_that_was_asked_about(gate):
    evidence = iter(["income in 2022 was 4", "in 2019 it was 3", "never read"])
    asked = Asked(years=frozenset({2019}))
    assert gate.decide(candidates(asked), [0, 1], np.zeros(4), evidence).missing == ()
    assert list(evidence) == ["never read"]
    evidence = iter(["never read"])
    assert gate.decide(candidates(Asked()), [0, 1], np.zeros(4), evidence).missing == ()
    assert list(evidence) == ["never read"]


def test_no_evidence_is_an_error_not_a_number():
    with pytest.raises(DataError, match="no passage was found"):
        gate_features(candidates(Asked()), [], [])
