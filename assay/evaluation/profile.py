"""What a version was trained on, as histograms that monitoring compares with."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.contract import Contract, Field

Floats: TypeAlias = NDArray[np.float64]

FORMAT = 1
N_BINS = 10
N_QUANTILES = 101


def reference_profile(
    frame: pd.DataFrame, contract: Contract, probabilities: Floats
) -> dict[str, Any]:
    """Return histograms of each feature and of the score, ready for JSON.

    Parameters
    ----------
    frame : DataFrame of n_rows
        Typed rows that the version was approved on.
    contract : Contract
        Names the features.
    probabilities : ndarray of shape (n_rows,)
        Calibrated probabilities of these rows.

    Returns
    -------
    dict
        ``n_rows``, ``features`` by name and ``score``. A number or boolean has inner
        ``edges`` (rising; bin b holds edges[b-1] <= value < edges[b]), ``counts`` (one
        more than edges), ``n_missing``, ``mean``, ``standard_deviation`` and 101
        ``quantiles`` (None where every value is missing). A category has ``counts`` by
        category, ``n_unseen`` and ``n_missing``. The score is described like a number,
        and so are the characters of a free text.
    """
    return {
        "format": FORMAT,
        "n_rows": len(frame),
        "features": {
            field.name: _category(frame[field.name], field)
            if field.categories
            else _number(np.array([len(each) for each in frame[field.name]], np.float64))
            if field.is_free_text
            else _number(frame[field.name].to_numpy(dtype=np.float64, na_value=np.nan))
            for field in contract.features
        },
        "score": _number(np.asarray(probabilities, dtype=np.float64)),
    }


def _number(values: Floats) -> dict[str, Any]:
    known = values[~np.isnan(values)]
    n_missing = len(values) - len(known)
    if known.size == 0:
        return {
            "edges": [],
            "counts": [0],
            "n_missing": n_missing,
            "mean": None,
            "standard_deviation": None,
            "quantiles": None,
        }
    deciles = np.quantile(known, np.linspace(0, 1, N_BINS + 1)[1:-1], method="lower")
    edges = np.unique(deciles[deciles > known.min()])
    bins = np.searchsorted(edges, known, side="right")
    quantiles = np.quantile(known, np.linspace(0, 1, N_QUANTILES))
    return {
        "edges": edges.tolist(),
        "counts": np.bincount(bins, minlength=len(edges) + 1).tolist(),
        "n_missing": n_missing,
        "mean": float(known.mean()),
        "standard_deviation": float(known.std()),
        "quantiles": quantiles.tolist(),
    }


def _category(values: pd.Series, field: Field) -> dict[str, Any]:
    is_missing = values.isna().to_numpy() | (values == "").to_numpy(dtype=bool)
    found = pd.Index(field.categories).get_indexer(pd.Index(values))
    counts = np.bincount(found[found >= 0], minlength=len(field.categories))
    return {
        "counts": {
            str(category): int(count)
            for category, count in zip(field.categories, counts, strict=True)
        },
        "n_unseen": int(np.count_nonzero((found < 0) & ~is_missing)),
        "n_missing": int(np.count_nonzero(is_missing)),
    }
