"""How good a ranking and a gate are, with bootstrap intervals over the queries."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import DataError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measure:
    """A mean over queries with its bootstrap interval.

    Attributes
    ----------
    value, low, high : float
        Mean and the ends of its 95 % percentile interval.
    n_queries : int
        Queries that it is the mean of.
    """

    value: float
    low: float
    high: float
    n_queries: int


@dataclass(frozen=True, slots=True)
class GateQuality:
    """How well a gate separates answerable questions from the others.

    Attributes
    ----------
    auroc : Measure
        Chance that an answerable question scores above another; 0.5 is chance.
    false_answer_share : Measure
        Share of unanswerable questions that pass at `threshold`.
    false_refusal_share : float
        Share of answerable questions refused at `threshold`, at most what was allowed.
    threshold : float
        Least score that passes.
    """

    auroc: Measure
    false_answer_share: Measure
    false_refusal_share: float
    threshold: float


def ndcg(ranked: Sequence[str], gold: Collection[str], *, k: int = 10) -> float:
    """Return the normalised discounted cumulative gain of binary relevance at k.

    References
    ----------
    K. Jarvelin and J. Kekalainen, "Cumulated gain-based evaluation of IR techniques",
    ACM Transactions on Information Systems 20(4), 2002.

    Examples
    --------
    >>> round(ndcg(["b", "a"], {"a"}), 4)
    0.6309
    """
    discounts = 1 / np.log2(np.arange(2, k + 2))
    gains = np.array([document in gold for document in ranked[:k]], dtype=np.float64)
    ideal = float(discounts[: min(len(gold), k)].sum())
    return float(gains @ discounts[: gains.size]) / ideal if ideal else 0.0


def recall(ranked: Sequence[str], gold: Collection[str], *, k: int = 5) -> float:
    """Return the share of the gold documents among the first k."""
    return len(set(ranked[:k]) & set(gold)) / len(gold) if gold else 0.0


def reciprocal_rank(
    ranked: Sequence[str], gold: Collection[str], *, k: int = 10
) -> float:
    """Return one over the rank of the first gold document, 0 beyond k."""
    ranks = [rank for rank, document in enumerate(ranked[:k], 1) if document in gold]
    return 1 / ranks[0] if ranks else 0.0


RANKING: Mapping[str, Callable[[Sequence[str], Collection[str]], float]] = {
    "ndcg_at_10": ndcg,
    "recall_at_5": recall,
    "mrr_at_10": reciprocal_rank,
}


def ranking_quality(
    rankings: Mapping[str, Sequence[str]],
    gold: Mapping[str, Collection[str]],
    *,
    rng: np.random.Generator,
    n_resamples: int = 1000,
) -> dict[str, Measure]:
    """Return nDCG@10, recall@5 and MRR@10 over all queries that have gold documents.

    Parameters
    ----------
    rankings : mapping of query id to document ids
        Best first, each document once. A query that is absent found nothing.
    gold : mapping of query id to document ids
        The relevant documents. Queries without any are left out.

    Raises
    ------
    DataError
        If no query has a gold document.
    """
    queries = [query for query, relevant in gold.items() if relevant]
    if not queries:
        raise DataError("no query has a gold document, so there is nothing to measure")
    return {
        name: mean_over_queries(
            [metric(rankings.get(query, ()), gold[query]) for query in queries],
            rng=rng,
            n_resamples=n_resamples,
        )
        for name, metric in RANKING.items()
    }


def mean_over_queries(
    values: ArrayLike, *, rng: np.random.Generator, n_resamples: int = 1000
) -> Measure:
    """Return a mean with the percentile interval of a bootstrap over queries.

    Raises
    ------
    DataError
        If there is no value or one is not finite.
    """
    found = np.asarray(values, dtype=np.float64)
    if found.size == 0 or not np.isfinite(found).all():
        raise DataError(f"a mean needs finite values, got {found.size} with some missing")
    means = np.array(
        [
            found[rng.integers(0, found.size, found.size)].mean()
            for _ in range(n_resamples)
        ]
    )
    low, high = np.quantile(means, [0.025, 0.975])
    return Measure(float(found.mean()), float(low), float(high), found.size)


def auroc(answerable: ArrayLike, others: ArrayLike) -> float:
    """Return the chance that an answerable question scores above another, ties half.

    Examples
    --------
    >>> auroc([0.9, 0.8], [0.1, 0.85])
    0.75
    """
    yes, no = (
        np.asarray(answerable, dtype=float),
        np.sort(np.asarray(others, dtype=float)),
    )
    if not yes.size or not no.size:
        raise DataError(f"AUROC needs both kinds, got {yes.size} and {no.size} questions")
    below = np.searchsorted(no, yes, "left") + np.searchsorted(no, yes, "right")
    return float(below.mean() / (2 * no.size))


def gate_quality(
    answerable: ArrayLike,
    others: ArrayLike,
    *,
    rng: np.random.Generator,
    false_refusals: float = 0.05,
    n_resamples: int = 500,
) -> GateQuality:
    """Measure a gate by its scores of answerable and other questions.

    Parameters
    ----------
    answerable, others : array-like of shape (n,)
        Scores; higher speaks for an answer.
    false_refusals : float
        Share of answerable questions that may be refused when the threshold is set.
    """
    yes, no = np.asarray(answerable, dtype=float), np.asarray(others, dtype=float)
    value = auroc(yes, no)
    # The refused share stays at or below what is allowed, also with ties.
    threshold = float(np.sort(yes)[int(np.floor(false_refusals * yes.size))])
    resampled = [
        auroc(
            yes[rng.integers(0, yes.size, yes.size)],
            no[rng.integers(0, no.size, no.size)],
        )
        for _ in range(n_resamples)
    ]
    low, high = np.quantile(resampled, [0.025, 0.975])
    return GateQuality(
        auroc=Measure(value, float(low), float(high), yes.size + no.size),
        false_answer_share=mean_over_queries(no >= threshold, rng=rng),
        false_refusal_share=float((yes < threshold).mean()),
        threshold=threshold,
    )
