"""The law of the population stability index where nothing moved."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chi2

from assay.errors import DataError
from assay.monitoring.distances.shares import population_stability
from assay.monitoring.profile.columns import Floats

DRAWS_A_TEST = 5_000
"""Windows drawn for each column tested together; the tail that decides gets 250."""

ROWS_A_BIN = 1_000
"""Expected rows of the smallest bin above which the chi-square law is used."""

_SEED = 20_240_229
_BLOCK = 25_000
_FEWEST_BLOCKS, _MOST_BLOCKS = 4, 40


def psi_p_value(reference: ArrayLike, current: ArrayLike, *, n_tests: int = 1) -> Floats:
    """Return the chance of such an index or a larger one where nothing moved.

    Parameters
    ----------
    reference : array-like of shape (n_bins,)
        Rows of the reference by bin, of the bins that the reference or the window fill.
    current : array-like of shape (..., n_bins)
        Rows by bin of one window, or of several that have as many rows each.
    n_tests : int, default=1
        Columns that are tested together: the more, the farther out in the tail the
        answer must be right.

    Returns
    -------
    ndarray of shape (...), in (0, 1]
        1 where one bin is left: nothing can be said to have moved.

    Raises
    ------
    DataError
        If a side has no row, or the windows differ in their rows.

    Notes
    -----
    Bins are cut at quantiles of the reference, so that the true shares of these bins
    have a Dirichlet law given the reference, and the window's counts a
    Dirichlet-multinomial one: exact for a continuous column, whatever its law. With
    many rows in every bin the index is (1/n + 1/m) times a chi-square of bins - 1
    degrees; else 100,000 to 1,000,000 windows are drawn, once a reference and n. Among
    small windows of equal index the one with the larger gap of cumulative shares counts
    as farther: with few rows many windows tie, and ties would make the rule timid.

    References
    ----------
    S. Wilks, "Determination of sample sizes for setting tolerance limits", Annals of
    Mathematical Statistics, 1941 (Dirichlet law of quantile bins); B. Yurdakul,
    *Statistical Properties of Population Stability Index*, 2018 (chi-square law).

    Examples
    --------
    >>> p_value = psi_p_value([50_000, 50_000], [49_900, 50_100])
    >>> bool(p_value > 0.3)
    True
    """
    windows = np.asarray(current, dtype=np.float64)
    totals = np.unique(windows.sum(axis=-1))
    if len(totals) != 1:
        raise DataError("windows of different numbers of rows; ask for each by itself")
    n_current = int(totals[0])
    counts = _counts(reference, n_current)
    if len(counts) < 2:
        return np.ones(windows.shape[:-1])
    if _is_plentiful(counts, n_current):
        scale = 1 / n_current + 1 / counts.sum()
        psi = population_stability(counts, windows)
        return np.asarray(chi2.sf(psi / scale, len(counts) - 1))
    drawn = _null_draws(tuple(counts.tolist()), n_current, _blocks(n_tests))
    found = _statistic(counts, windows)
    n_smaller = np.searchsorted(drawn, found - 1e-13, side="left")
    return np.asarray((len(drawn) - n_smaller + 1) / (len(drawn) + 1))


def psi_quantile(
    reference: ArrayLike, n_current: int, level: float, *, n_tests: int = 1
) -> float:
    """Return the index that windows which did not move pass with chance `level`.

    Parameters
    ----------
    reference, n_tests
        As in `psi_p_value`.
    n_current : int
        Rows of the window.
    level : float in (0, 1)
        At 0.05 the 95th percentile.

    Examples
    --------
    >>> psi_quantile([1_000_000] * 10, 1_000_000, 0.05) < 0.0001
    True
    """
    counts = _counts(reference, n_current)
    if len(counts) < 2:
        return 0.0
    if _is_plentiful(counts, n_current):
        scale = 1 / n_current + 1 / counts.sum()
        return float(chi2.isf(level, len(counts) - 1) * scale)
    drawn = _null_draws(tuple(counts.tolist()), n_current, _blocks(n_tests))
    return float(np.quantile(drawn, 1 - level, method="higher"))


def null_counts(
    reference: ArrayLike, n_current: int, n_windows: int, rng: np.random.Generator
) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """Return counts of windows that did not move, of shape (n_windows, n_bins).

    The true shares are drawn anew for each window, as the reference leaves them open.
    """
    counts = np.asarray(reference, dtype=np.float64)
    shares = rng.dirichlet(counts + 1 / len(counts), size=n_windows)
    return rng.multinomial(n_current, shares)


def _statistic(counts: ArrayLike, windows: ArrayLike) -> Floats:
    """Return the index, with the cumulative gap in its tenth digit to order ties."""
    before, now = np.asarray(counts, np.float64), np.asarray(windows, np.float64)
    reached = np.cumsum(before) / before.sum()
    gap = np.cumsum(now, axis=-1) / now.sum(axis=-1, keepdims=True) - reached
    found: Floats = population_stability(before, now) + 1e-10 * np.abs(gap).max(axis=-1)
    return found


def _is_plentiful(counts: Floats, n_current: int) -> bool:
    n_reference = counts.sum()
    smallest = counts.min() / n_reference * min(n_current, n_reference)
    return bool(smallest >= ROWS_A_BIN)


def _blocks(n_tests: int) -> int:
    wanted = -(-DRAWS_A_TEST * n_tests // _BLOCK)
    return min(max(wanted, _FEWEST_BLOCKS), _MOST_BLOCKS)


@lru_cache(maxsize=256)
def _null_draws(counts: tuple[float, ...], n_current: int, n_blocks: int) -> Floats:
    rng = np.random.default_rng(_SEED)
    blocks = [
        _statistic(counts, null_counts(counts, n_current, _BLOCK, rng))
        for _ in range(n_blocks)
    ]
    return np.sort(np.concatenate(blocks))


def _counts(reference: ArrayLike, n_current: int) -> Floats:
    counts = np.asarray(reference, dtype=np.float64)
    if n_current < 1 or not counts.sum() > 0:
        raise DataError(
            f"{int(counts.sum())} reference rows and {n_current} rows in the window; "
            "an index needs one on each side"
        )
    return counts
