"""Distances of counts by bin or category."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import DataError
from assay.monitoring.profile.columns import Floats

SMALLEST_SHARE = 1e-4
"""Share that an empty bin counts as in the population stability index."""


def population_stability(reference: ArrayLike, current: ArrayLike) -> Floats:
    """Return the population stability index, in nats, >= 0.

    Parameters
    ----------
    reference : array-like of shape (n_bins,)
        Rows by bin.
    current : array-like of shape (..., n_bins)
        Rows by the same bins, of one window or several.

    Returns
    -------
    ndarray of shape (...)
        NaN where a side has no row.

    Raises
    ------
    DataError
        If a count is negative or the bins do not agree.

    Notes
    -----
    A share under 0.0001 counts as 0.0001, as is customary: an empty bin would else
    give an infinite index. The value depends on the bins; values over other bins, such
    as Evidently's, are not comparable.

    References
    ----------
    H. Jeffreys, "An invariant form for the prior probability in estimation problems",
    1946 (the divergence); N. Siddiqi, *Credit Risk Scorecards*, 2006 (the use).

    Examples
    --------
    >>> round(float(population_stability([50, 50], [60, 40])), 4)
    0.0405
    """
    before, now = _shares(reference, current)
    before, now = np.maximum(before, SMALLEST_SHARE), np.maximum(now, SMALLEST_SHARE)
    return np.asarray(((now - before) * np.log(now / before)).sum(axis=-1))


def chi_square(reference: ArrayLike, current: ArrayLike) -> tuple[float, int]:
    """Return Pearson's statistic that both counts have one law, and its degrees.

    Bins that are empty on both sides are left out.

    Parameters
    ----------
    reference, current : array-like of shape (n_bins,)
        Rows by bin.

    Returns
    -------
    tuple of float and int
        NaN and 0 where a side has no row or one bin is left.

    Examples
    --------
    >>> chi_square([50, 50], [60, 40])
    (2.0202020202020203, 1)
    """
    _shares(reference, current)
    table = np.array([reference, current], dtype=np.float64)
    table = table[:, table.sum(axis=0) > 0]
    totals = table.sum(axis=1)
    if table.shape[1] < 2 or not totals.all():
        return float("nan"), 0
    expected = np.outer(totals, table.sum(axis=0)) / totals.sum()
    return float(((table - expected) ** 2 / expected).sum()), table.shape[1] - 1


def jensen_shannon(reference: ArrayLike, current: ArrayLike) -> float:
    """Return the Jensen-Shannon distance, the root of the divergence in nats.

    It lies between 0 and 0.8326, the root of ln 2; NaN where a side has no row.

    References
    ----------
    J. Lin, "Divergence measures based on the Shannon entropy", IEEE Transactions on
    Information Theory, 1991.

    Examples
    --------
    >>> round(jensen_shannon([50, 50], [60, 40]), 4)
    0.0711
    """
    before, now = _shares(reference, current)
    middle = (before + now) / 2
    divergence = (_relative_entropy(before, middle) + _relative_entropy(now, middle)) / 2
    # Rounding may leave a sum of equal shares a unit below zero.
    return float(np.sqrt(np.maximum(divergence, 0.0)))


def _relative_entropy(shares: Floats, middle: Floats) -> float:
    if np.isnan(shares).any() or np.isnan(middle).any():
        return float("nan")
    held = shares > 0
    return float((shares[held] * np.log(shares[held] / middle[held])).sum())


def _shares(reference: ArrayLike, current: ArrayLike) -> tuple[Floats, Floats]:
    counts = np.asarray(reference, np.float64), np.asarray(current, np.float64)
    if counts[0].shape[-1:] != counts[1].shape[-1:] or not counts[0].ndim:
        raise DataError(
            f"the reference has bins {counts[0].shape} and the window "
            f"{counts[1].shape}; count both in the same bins"
        )
    if any((side < 0).any() or np.isnan(side).any() for side in counts):
        raise DataError("a bin has a negative or unknown count; counts are 0 or more")
    return _divided(counts[0]), _divided(counts[1])


def _divided(counts: Floats) -> Floats:
    totals = counts.sum(axis=-1, keepdims=True)
    shares: NDArray[np.float64] = np.full(counts.shape, np.nan)
    np.divide(counts, totals, out=shares, where=totals > 0)
    return shares
