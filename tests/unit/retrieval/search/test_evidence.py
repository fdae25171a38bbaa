"""What the leading evidence says together, by hand."""

import numpy as np
import pytest

from assay.retrieval.parts.routing import Asked
from assay.retrieval.search.evidence import GATE_FEATURES, gate_features
from assay.retrieval.search.features import FEATURES, Candidates

DENSE = [0.1, 0.9, 0.5, 0.3, 0.7, 0.2]
LEXICAL = [0.6, 0.1, 0.5, 0.4, 0.3, 0.2]


@pytest.fixture
def found():
    features = np.zeros((6, len(FEATURES)), dtype=np.float32)
    features[:, FEATURES.index("dense")] = DENSE
    features[:, FEATURES.index("lexical_share")] = LEXICAL
    candidates = Candidates(np.arange(6), features, Asked(), ("income", "net"), 0.75)
    values = gate_features(candidates, [1, 0, 2, 3, 4, 5], np.zeros(6))
    return dict(zip(GATE_FEATURES, values.tolist(), strict=True))


def test_gaps_are_between_the_best_and_the_median(found):
    assert found["dense_best"] == pytest.approx(0.9)
    assert found["dense_gap"] == pytest.approx(0.9 - 0.4)
    assert found["lexical_gap"] == pytest.approx(0.6 - 0.35)
    assert found["dense_first"] == pytest.approx(0.9)
    assert found["lexical_first"] == pytest.approx(0.1)
    assert found["dense_mean"] == pytest.approx(np.mean(DENSE))


def test_agreement_is_what_both_have_among_their_first_five(found):
    # Dense leaves out 0, lexical leaves out 1: four are common.
    assert found["agreement"] == pytest.approx(4 / 5)


def test_equal_scores_share_and_the_query_is_counted(found):
    assert found["share_of_first"] == pytest.approx(1 / 6)
    assert found["seen_share"] == 0.75
    assert found["n_terms"] == pytest.approx(np.log1p(2))
