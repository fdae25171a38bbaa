"""One score from a dense and a lexical one: a convex combination on a common scale."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def scaled(scores: Floats) -> Floats:
    """Return scores moved and stretched so that the least is 0 and the best is 1.

    Constant scores become 0.
    """
    if scores.size == 0:
        return scores
    low, high = float(scores.min()), float(scores.max())
    if high <= low:
        return np.zeros_like(scores)
    return np.asarray((scores - low) / (high - low), dtype=np.float32)


def convex_combination(dense: Floats, lexical: Floats, *, dense_share: float) -> Floats:
    """Return ``dense_share`` of the scaled dense scores and the rest of the lexical.

    Parameters
    ----------
    dense, lexical : ndarray of shape (n_passages,)
        Cosine and BM25 of the same passages.
    dense_share : float
        In [0, 1].

    References
    ----------
    S. Bruch, S. Gai and A. Ingber, "An Analysis of Fusion Functions for Hybrid
    Retrieval", ACM Transactions on Information Systems 42(1), 2023.
    """
    share = np.float32(dense_share)
    return np.asarray(share * scaled(dense) + (1 - share) * scaled(lexical))


def top(scores: Floats, k: int) -> NDArray[np.int64]:
    """Return the rows of the k best scores, best first, ties by row."""
    if k >= scores.size:
        return np.argsort(-scores, kind="stable")
    rows = np.argpartition(-scores, k - 1)[:k]
    rows = np.sort(rows)
    return np.asarray(rows[np.argsort(-scores[rows], kind="stable")])
