"""Weights are found again in rankings that follow them."""

import numpy as np
import pytest

from assay.errors import ConfigError, DataError
from assay.retrieval.learning.reranker import Judged, fit_reranker
from assay.retrieval.search.features import FEATURES
from assay.retrieval.search.reranker import Reranker


def judged_by(weights, rng, n_queries):
    """Return queries whose gold candidate is drawn from the softmax of the weights."""
    found = []
    for _ in range(n_queries):
        features = rng.normal(size=(12, len(FEATURES))).astype(np.float32)
        utility = features @ weights + rng.gumbel(size=12)
        gold = frozenset({int(np.argmax(utility))})
        found.append(Judged(features, np.arange(12, dtype=np.int32), gold))
    return found


def test_the_weights_of_a_simulation_are_found_again():
    rng = np.random.default_rng(5)
    truth = rng.normal(size=len(FEATURES))
    found = fit_reranker(judged_by(truth, rng, 1500), penalty=1e-6).weights
    # About 1,500 choices among 12: standard error near 0.06 a weight.
    np.testing.assert_allclose(found, truth, atol=0.3)
    assert np.corrcoef(found, truth)[0, 1] > 0.98


def test_a_document_counts_by_its_best_passage():
    features = np.zeros((3, len(FEATURES)), dtype=np.float32)
    features[0, 0] = 1.0
    documents = np.array([0, 0, 1], dtype=np.int32)
    query = Judged(features, documents, frozenset({0}))
    assert fit_reranker([query] * 5).weights[0] > 0


def test_queries_without_gold_candidates_teach_nothing():
    features = np.zeros((2, len(FEATURES)), dtype=np.float32)
    query = Judged(features, np.array([0, 1], dtype=np.int32), frozenset({7}))
    with pytest.raises(DataError, match="no query has both"):
        fit_reranker([query])


def test_weights_for_other_features_are_refused():
    with pytest.raises(ConfigError, match="3 weights"):
        Reranker(np.ones(3))
