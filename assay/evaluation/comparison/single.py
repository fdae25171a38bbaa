"""What one feature predicts alone, and what chance alone gives."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.evaluation.auc import auc_interval
from assay.evaluation.interval import LEVEL, Interval

Floats: TypeAlias = NDArray[np.float64]

N_BINS = 50


def feature_auc(
    seen: tuple[Floats, Floats],
    unseen: tuple[Floats, Floats],
    *,
    is_category: bool,
    level: float = LEVEL,
) -> Interval:
    """Return the AUC that one feature reaches alone on rows it was not looked at on.

    Parameters
    ----------
    seen, unseen : tuple of ndarray of shape (n_rows,)
        Values (NaN where missing) and outcomes: from the first the bad share of each
        bin is learned, on the second it is the score.
    is_category : bool
        True where each value is a bin; numbers are cut into fifty of about equal size.

    Raises
    ------
    DataError
        If the second rows lack an outcome.
    """
    values, labels = seen
    known = values[~np.isnan(values)]
    if is_category or known.size == 0:
        edges = np.unique(known)
    else:
        edges = np.unique(np.quantile(known, np.linspace(0, 1, N_BINS + 1)))
    n_bins = len(edges) + 2
    bins = _bins(values, edges)
    n_rows = np.bincount(bins, minlength=n_bins)
    n_bad = np.bincount(bins, weights=labels, minlength=n_bins)
    share = (n_bad + labels.mean()) / (n_rows + 1)
    return auc_interval(unseen[1], share[_bins(unseen[0], edges)], level=level)


def shuffled_error(labels: Floats) -> float:
    """Return the standard error of the AUC of a score that knows nothing.

    Examples
    --------
    >>> round(shuffled_error(np.array([0.0, 0.0, 1.0, 1.0])), 4)
    0.3227

    References
    ----------
    H. B. Mann, D. R. Whitney, "On a test of whether one of two random variables is
    stochastically larger than the other", Annals of Mathematical Statistics, 1947.
    """
    n_bad = float(labels.sum())
    n_good = len(labels) - n_bad
    return float(np.sqrt((len(labels) + 1) / (12 * n_bad * n_good)))


def _bins(values: Floats, edges: Floats) -> NDArray[np.int64]:
    """Return the bin of each value; missing values have the last."""
    bins = np.searchsorted(edges, values, side="right")
    return np.where(np.isnan(values), len(edges) + 1, bins)
