"""What the leading evidence of a question says as a whole, for the gate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import DataError
from assay.retrieval.search.features import FEATURES, Candidates

Floats = NDArray[np.float64]

N_EVIDENCE = 20
_AT = {name: column for column, name in enumerate(FEATURES)}
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
    dense, lexical = features[:, _AT["dense"]], features[:, _AT["lexical_share"]]
    coverage = features[:, _AT["coverage"]]
    dense_first = set(np.argsort(-dense, kind="stable")[:5])
    lexical_first = set(np.argsort(-lexical, kind="stable")[:5])
    values = {
        "dense_best": dense.max(),
        "dense_mean": dense.mean(),
        "dense_gap": dense.max() - np.median(dense),
        "dense_first": dense[0],
        "lexical_best": lexical.max(),
        "lexical_mean": lexical.mean(),
        "lexical_gap": lexical.max() - np.median(lexical),
        "lexical_first": lexical[0],
        "coverage_best": coverage.max(),
        "coverage_first": coverage[0],
        "coverage_together": coverage[:5].mean(),
        "coverage_sentence": features[:, _AT["coverage_sentence"]].max(),
        "pairs_best": features[:, _AT["pairs"]].max(),
        "numbers_best": features[:, _AT["numbers"]].max(),
        "title_best": features[:, _AT["lexical_title"]].max(),
        "feedback_gap": np.ptp(features[:, _AT["dense_feedback"]]),
        "agreement": len(dense_first & lexical_first) / 5,
        "share_of_first": 1 / np.exp(score - score.max()).sum(),
        "seen_share": found.seen_share,
        "n_terms": np.log1p(len(found.query_terms)),
    }
    return np.array([values[name] for name in GATE_FEATURES], dtype=np.float64)
