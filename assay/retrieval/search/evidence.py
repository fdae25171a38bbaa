"""What the leading evidence of a question says as a whole, for the gate."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import DataError
from assay.retrieval.search.features import FEATURES, Candidates

Floats = NDArray[np.float64]

N_EVIDENCE = 20
_AT = {name: column for column, name in enumerate(FEATURES)}
_WEIGHED = ("dense", "lexical_share")
_COLUMNS = [_AT[name] for name in _WEIGHED]
GATE_FEATURES = (
    "dense_best",
    "dense_mean",
    "dense_gap",
    "dense_first",
    "lexical_best",
    "lexical_mean",
    "lexical_gap",
    "lexical_first",
    "coverage_best",
    "coverage_first",
    "coverage_together",
    "coverage_sentence",
    "pairs_best",
    "numbers_best",
    "title_best",
    "feedback_gap",
    "agreement",
    "share_of_first",
    "seen_share",
    "n_terms",
)


def gate_features(found: Candidates, order: Sequence[int], scores: ArrayLike) -> Floats:
    """Return what the top 20 say together, shape (len(GATE_FEATURES),).

    Raises
    ------
    DataError
        If there is no candidate.
    """
    kept = np.asarray(order, dtype=np.int64)[:N_EVIDENCE]
    if kept.size == 0:
        raise DataError("no passage was found, so there is no evidence to judge")
    features = found.features[kept].astype(np.float64)
    score = np.asarray(scores, dtype=np.float64)[kept]
    first, best, mean = _by_name(features[0], features.max(axis=0), features.mean(axis=0))
    weighed = features[:, _COLUMNS]
    ranks = np.argsort(-weighed, axis=0, kind="stable")
    ranked = np.take_along_axis(weighed, ranks, axis=0)
    n = len(ranked)
    middle = dict(zip(_WEIGHED, (ranked[(n - 1) // 2] + ranked[n // 2]) / 2, strict=True))
    dense_first, lexical_first = map(set, ranks[:5].T.tolist())
    feedback = features[:, _AT["dense_feedback"]]
    values = {
        "dense_best": best["dense"],
        "dense_mean": mean["dense"],
        "dense_gap": best["dense"] - middle["dense"],
        "dense_first": first["dense"],
        "lexical_best": best["lexical_share"],
        "lexical_mean": mean["lexical_share"],
        "lexical_gap": best["lexical_share"] - middle["lexical_share"],
        "lexical_first": first["lexical_share"],
        "coverage_best": best["coverage"],
        "coverage_first": first["coverage"],
        "coverage_together": features[:5, _AT["coverage"]].mean(),
        "coverage_sentence": best["coverage_sentence"],
        "pairs_best": best["pairs"],
        "numbers_best": best["numbers"],
        "title_best": best["lexical_title"],
        "feedback_gap": best["dense_feedback"] - feedback.min(),
        "agreement": len(dense_first & lexical_first) / 5,
        "share_of_first": 1 / np.exp(score - score.max()).sum(),
        "seen_share": found.seen_share,
        "n_terms": math.log1p(len(found.query_terms)),
    }
    return np.array([values[name] for name in GATE_FEATURES], dtype=np.float64)


def _by_name(*rows: Floats) -> list[dict[str, float]]:
    return [dict(zip(FEATURES, row.tolist(), strict=True)) for row in rows]
