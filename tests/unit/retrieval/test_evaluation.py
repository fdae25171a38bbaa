"""Metrics by hand and by scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score, roc_auc_score

from assay.errors import DataError
from assay.retrieval.evaluation import (
    auroc,
    gate_quality,
    mean_over_queries,
    ndcg,
    ranking_quality,
    recall,
    reciprocal_rank,
)

DOCUMENTS = [f"d{i}" for i in range(15)]


@given(st.permutations(DOCUMENTS), st.sets(st.sampled_from(DOCUMENTS), min_size=1))
def test_ndcg_is_that_of_scikit_learn(ranked, gold):
    relevance = [[float(document in gold) for document in ranked]]
    scores = [list(range(len(ranked), 0, -1))]
    assert ndcg(ranked, gold) == pytest.approx(ndcg_score(relevance, scores, k=10))


def test_recall_and_reciprocal_rank_are_the_hand_values():
    ranked = ["a", "b", "c", "d", "e", "f"]
    assert recall(ranked, {"b", "f"}) == 0.5
    assert reciprocal_rank(ranked, {"c", "f"}) == pytest.approx(1 / 3)
    assert reciprocal_rank(ranked, {"z"}) == 0.0


def test_a_query_that_found_nothing_counts_as_zero():
    rng = np.random.default_rng(0)
    found = ranking_quality({"q1": ["a"]}, {"q1": {"a"}, "q2": {"b"}}, rng=rng)
    assert found["ndcg_at_10"].value == 0.5
    assert found["ndcg_at_10"].n_queries == 2


def test_without_gold_there_is_nothing_to_measure():
    with pytest.raises(DataError, match="no query has a gold document"):
        ranking_quality({}, {"q": set()}, rng=np.random.default_rng(0))


def test_the_interval_of_a_mean_has_the_binomial_width():
    values = np.repeat([0.0, 1.0], 200)
    found = mean_over_queries(values, rng=np.random.default_rng(1), n_resamples=4000)
    # Normal half-width 1.96 * 0.5 / 20; the quantiles of 4,000 resamples add about 3 %.
    assert found.high - found.low == pytest.approx(2 * 1.96 * 0.025, rel=0.06)


def test_a_missing_value_is_refused():
    with pytest.raises(DataError, match="finite"):
        mean_over_queries([0.5, np.nan], rng=np.random.default_rng(0))


@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=30),
    st.lists(st.integers(0, 9), min_size=1, max_size=30),
)
def test_auroc_is_that_of_scikit_learn_also_with_ties(yes, no):
    label = [1] * len(yes) + [0] * len(no)
    assert auroc(yes, no) == pytest.approx(roc_auc_score(label, yes + no))


def test_the_threshold_refuses_no_more_than_is_allowed():
    rng = np.random.default_rng(2)
    yes, no = rng.normal(2, 1, 400), rng.normal(0, 1, 400)
    found = gate_quality(yes, no, rng=rng)
    assert found.false_refusal_share == pytest.approx(0.05)
    # P(N(0,1) > 2 - 1.645) = 0.361, standard error 0.024 for each side's sampling.
    assert found.false_answer_share.value == pytest.approx(0.361, abs=0.1)
    assert found.auroc.low < found.auroc.value < found.auroc.high
