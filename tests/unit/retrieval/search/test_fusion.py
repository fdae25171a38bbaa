"""Two scores on one scale."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from assay.retrieval.search.fusion import convex_combination, scaled, top

SCORES = arrays(np.float32, st.integers(1, 40), elements=st.floats(-50, 50, width=32))


@given(SCORES)
def test_scaled_scores_keep_the_order_and_lie_between_0_and_1(scores):
    found = scaled(scores)
    assert ((found >= 0) & (found <= 1)).all()
    assert found[np.argsort(scores)].tolist() == sorted(found.tolist())


@given(SCORES, st.floats(0, 1))
def test_fusing_a_score_with_itself_is_that_score(scores, share):
    fused = convex_combination(scores, scores, dense_share=share)
    np.testing.assert_allclose(fused, scaled(scores), atol=1e-6)


def test_the_share_weighs_the_dense_side():
    dense, lexical = np.array([1.0, 0.0], "f4"), np.array([0.0, 8.0], "f4")
    fused = convex_combination(dense, lexical, dense_share=0.25)
    np.testing.assert_allclose(fused, [0.25, 0.75])


@given(SCORES, st.integers(1, 50))
def test_top_is_the_head_of_the_stable_order(scores, k):
    found, whole = top(scores, k), np.argsort(-scores, kind="stable")[:k]
    assert scores[found].tolist() == scores[whole].tolist()
