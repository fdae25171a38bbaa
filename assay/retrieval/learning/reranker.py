"""The reranker's weights by listwise logistic regression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.errors import DataError
from assay.retrieval.search.reranker import Reranker

Floats = NDArray[np.float32]
Weights = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Judged:
    """The candidates of one query with what is known to be relevant.

    Attributes
    ----------
    features : ndarray of shape (n_candidates, len(FEATURES))
        See `assay.retrieval.search.features.candidates`.
    documents : ndarray of shape (n_candidates,)
        Row of each candidate's document.
    gold : frozenset of int
        Rows of the relevant documents.
    weight : float
        Weight of the query, such as one over the queries of its set.
    """

    features: Floats
    documents: NDArray[np.int32]
    gold: frozenset[int]
    weight: float = 1.0


def fit_reranker(judged: Sequence[Judged], *, penalty: float = 1e-3) -> Reranker:
    """Learn weights that put gold documents above the other candidates.

    The loss of a gold document is minus the log of its passages' share in the softmax
    over its own passages and those of documents that are not gold, so that a document
    counts by its best passage. Queries without a gold candidate teach nothing.

    Parameters
    ----------
    judged : sequence of Judged
        Queries of one or more sets.
    penalty : float
        Ridge penalty on the weights of standardised features.

    Raises
    ------
    DataError
        If no query has both a gold and another candidate.
    """
    lists = [one for query in judged for one in _lists(query)]
    if not lists:
        raise DataError("no query has both a gold and another candidate to learn from")
    return Reranker(listwise_weights(lists, penalty=penalty))


def listwise_weights(
    lists: Sequence[tuple[Weights, Weights, float]], *, penalty: float
) -> Weights:
    """Return the weights that give gold rows the largest share of their lists' softmax.

    Parameters
    ----------
    lists : sequence of (features, gold, weight)
        Features of shape (n_rows, n_features), gold of shape (n_rows,) with 1 for a gold
        row and 0 for another, at least one of each; and the weight of the list.
    penalty : float
        Ridge penalty on the weights of standardised features.

    References
    ----------
    Z. Cao, T. Qin, T.-Y. Liu, M.-F. Tsai and H. Li, "Learning to Rank: From Pairwise
    Approach to Listwise Approach", ICML 2007.
    """
    from scipy.optimize import minimize

    spread = _spread([features for features, _, _ in lists])
    rows = np.concatenate([features for features, _, _ in lists]) / spread
    gold = np.concatenate([gold for _, gold, _ in lists])
    lengths = np.array([len(features) for features, _, _ in lists])
    starts = np.cumsum(lengths) - lengths
    weight = np.array([weight for _, _, weight in lists])
    weight = weight / weight.sum()

    def loss(weights: Weights) -> tuple[float, Weights]:
        scores = rows @ weights
        scores -= np.repeat(np.maximum.reduceat(scores, starts), lengths)
        among_all = np.exp(scores)
        among_gold = among_all * gold
        of_all = np.add.reduceat(among_all, starts)
        of_gold = np.add.reduceat(among_gold, starts)
        value = penalty * weights @ weights - weight @ np.log(of_gold / of_all)
        gap = among_gold * np.repeat(weight / of_gold, lengths)
        gap -= among_all * np.repeat(weight / of_all, lengths)
        return float(value), 2 * penalty * weights - rows.T @ gap

    found = minimize(loss, np.zeros(rows.shape[1]), jac=True, method="L-BFGS-B")
    return np.asarray(found.x / spread, dtype=np.float64)


def _lists(query: Judged) -> list[tuple[Weights, Weights, float]]:
    present = [row for row in query.gold if (query.documents == row).any()]
    other = ~np.isin(query.documents, list(query.gold))
    found = []
    for row in present if other.any() else ():
        own = query.documents == row
        kept = own | other
        weight = query.weight / len(query.gold)
        features = query.features[kept].astype(np.float64)
        found.append((features, own[kept].astype(np.float64), weight))
    return found


def _spread(lists: Sequence[Weights]) -> Weights:
    centred = np.concatenate([features - features.mean(axis=0) for features in lists])
    spread = centred.std(axis=0)
    return np.asarray(np.where(spread > 1e-6, spread, 1.0), dtype=np.float64)
