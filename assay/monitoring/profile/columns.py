"""One column of the reference, kept so that no reference table is read again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import DataError

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]

N_BINS = 10


@dataclass(frozen=True, slots=True, eq=False)
class NumberProfile:
    """A numeric column of the reference: its distribution function and its histogram.

    Attributes
    ----------
    values : ndarray of shape (n_points,)
        Kept values, rising and distinct. NaN is never among them.
    ranks : ndarray of shape (n_points,)
        Rows at or below each of them; the last is the number of known rows.
    edges : ndarray of shape (n_bins - 1,)
        Inner edges, rising; bin b holds edges[b-1] <= value < edges[b].
    counts : ndarray of shape (n_bins,)
        Rows of each bin.
    n_missing : int
        Rows without a value.
    rank_error : int
        Most rows that the distribution function is off by anywhere; 0 is exact.
    """

    values: Floats
    ranks: Integers
    edges: Floats
    counts: Integers
    n_missing: int
    rank_error: int

    @property
    def n_known(self) -> int:
        """Rows with a value."""
        return int(self.ranks[-1]) if len(self.ranks) else 0

    @property
    def span(self) -> tuple[float, float]:
        """Lowest and highest value; NaN where none is known."""
        if not self.n_known:
            return float("nan"), float("nan")
        return float(self.values[0]), float(self.values[-1])

    @property
    def n_rows(self) -> int:
        """Rows of the reference."""
        return self.n_known + self.n_missing

    @property
    def missing_share(self) -> float:
        """Share of rows without a value, in [0, 1]; 0 where there is no row."""
        return self.n_missing / self.n_rows if self.n_rows else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class CategoryProfile:
    """A categorical column of the reference.

    Attributes
    ----------
    categories : tuple of str
        The contract's categories, then others that the reference held.
    counts : ndarray of shape (n_categories,)
        Rows of each; 0 for a category that the reference never showed.
    n_missing : int
        Rows without a value.
    """

    categories: tuple[str, ...]
    counts: Integers
    n_missing: int

    @property
    def n_known(self) -> int:
        """Rows with a value."""
        return int(self.counts.sum())

    @property
    def n_rows(self) -> int:
        """Rows of the reference."""
        return self.n_known + self.n_missing

    @property
    def missing_share(self) -> float:
        """Share of rows without a value, in [0, 1]; 0 where there is no row."""
        return self.n_missing / self.n_rows if self.n_rows else 0.0


ColumnProfile: TypeAlias = NumberProfile | CategoryProfile


def sorted_known(values: ArrayLike) -> tuple[Floats, int]:
    """Return the known values, rising, of shape (n_known,), and how many are missing.

    Raises
    ------
    DataError
        If a value is infinite: distances would be too.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise DataError(f"a column has {array.ndim} axes; give one of shape (n_rows,)")
    ordered = np.sort(array)
    # A sort puts NaN last, so that the known values are a prefix.
    n_known = int(np.searchsorted(ordered, np.nan, side="left"))
    known = ordered[:n_known]
    if n_known and (np.isinf(known[0]) or np.isinf(known[-1])):
        raise DataError(
            f"{int(np.isinf(known).sum())} of {len(array)} values are infinite; "
            "quarantine them (assay.quality) or make them missing"
        )
    return known, len(array) - n_known


def number_profile(
    values: ArrayLike, *, n_bins: int = N_BINS, most_points: int | None = None
) -> NumberProfile:
    """Return the profile of a numeric column.

    Parameters
    ----------
    values : array-like of shape (n_rows,)
        NaN is missing.
    n_bins : int, default=10
        Bins of equal counts; ties give fewer.
    most_points : int, optional
        Keep at most about this many values, at even ranks, instead of all distinct
        ones; `rank_error` says what that costs.

    Raises
    ------
    DataError
        If a value is infinite.

    Examples
    --------
    >>> profile = number_profile([3.0, 1.0, 1.0, float("nan")])
    >>> profile.values.tolist(), profile.ranks.tolist(), profile.n_missing
    ([1.0, 3.0], [2, 3], 1)
    """
    known, n_missing = sorted_known(values)
    is_last = np.ones(len(known), dtype=bool)
    np.not_equal(known[:-1], known[1:], out=is_last[:-1])
    ranks = np.flatnonzero(is_last) + 1
    distinct = known[is_last]
    edges = _edges(known, distinct, n_bins)
    counts = bin_counts(known, edges)
    if most_points is not None and len(distinct) > most_points:
        kept = _even_ranks(ranks, most_points)
        error = _rank_error(ranks, kept)
        return NumberProfile(distinct[kept], ranks[kept], edges, counts, n_missing, error)
    return NumberProfile(distinct, ranks, edges, counts, n_missing, 0)


def category_profile(
    categories: Sequence[str], counts: dict[str, int], n_missing: int
) -> CategoryProfile:
    """Return the profile of a categorical column from counts by category.

    Parameters
    ----------
    categories : sequence of str
        The contract's; each gets a place whether it occurs or not.
    counts : dict of str to int
        Rows by category, as `assay.monitoring.profile.category_counts` finds them.
    n_missing : int
        Rows without a value.
    """
    names = (*categories, *sorted(set(counts) - set(categories)))
    found = np.array([counts.get(name, 0) for name in names], dtype=np.int64)
    return CategoryProfile(names, found, n_missing)


def bin_counts(ordered: Floats, edges: Floats) -> Integers:
    """Return how many of some rising values lie in each bin, of shape (n_bins,)."""
    below = np.searchsorted(ordered, edges, side="left")
    return np.diff(np.concatenate(([0], below, [len(ordered)]))).astype(np.int64)


def _edges(known: Floats, distinct: Floats, n_bins: int) -> Floats:
    if not len(known):
        return np.empty(0)
    if len(distinct) == 1:
        # A constant gets a bin of its own, else a value that moved would stay unseen.
        only = distinct[0]
        return np.array([only, np.nextafter(only, np.inf)])
    if len(distinct) <= n_bins:
        return distinct[1:].copy()
    quantiles = known[np.arange(1, n_bins) * len(known) // n_bins]
    return np.unique(quantiles[quantiles > distinct[0]])


def _even_ranks(ranks: Integers, most_points: int) -> NDArray[np.intp]:
    wanted = np.linspace(1, ranks[-1], most_points)
    positions = np.searchsorted(ranks, wanted, side="left")
    return np.unique(np.concatenate(([0], positions, [len(ranks) - 1])))


def _rank_error(ranks: Integers, kept: NDArray[np.intp]) -> int:
    """Return how many rows may lie unseen strictly between two kept values."""
    last_between = ranks[kept[1:] - 1]
    return int(np.max(last_between - ranks[kept[:-1]], initial=0))
