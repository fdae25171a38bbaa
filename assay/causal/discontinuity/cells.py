"""Rows on one side of the cutoff, folded into one cell per value of the running variable.

Every estimator of this family is a weighted sum over cells: a kernel weight and a power
of the running variable belong to the cell, so the rows enter only through their count,
their means and their products around those means. A running variable with few distinct
values (a score with four decimals) shrinks by orders of magnitude; one without ties
costs nothing extra.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.causal.differences.cells import grouped_sums
from assay.errors import DataError

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the cutoff, cells ordered by their distance from it.

    Attributes
    ----------
    offsets : ndarray of shape (n_cells,)
        Running value minus cutoff: negative and falling on the left, >= 0 and rising
        on the right.
    counts : ndarray of shape (n_cells,)
        Rows of each cell, as float64.
    means : ndarray of shape (n_cells, n_columns)
        Mean of each column (outcome first) in each cell.
    within : ndarray of shape (n_cells, n_columns, n_columns)
        Sums over the cell's rows of products of deviations from its means.
    ends : ndarray of shape (n_cells + 1,)
        Rows in the first k cells.
    rows : ndarray of shape (n_rows, n_columns) or None
        The rows in the order of the cells; kept only with clusters.
    clusters : ndarray of shape (n_rows,) or None
        Cluster code of each row.
    neighbours : dict
        What the search for nearest rows found so far, by number of matches; it only
        saves searching again.
    """

    offsets: Floats
    counts: Floats
    means: Floats
    within: Floats
    ends: Codes
    rows: Floats | None = None
    clusters: Codes | None = None
    neighbours: dict[int, tuple[Codes, Codes]] = field(
        default_factory=dict, compare=False, repr=False
    )

    @property
    def n_rows(self) -> int:
        """Rows on this side."""
        return int(self.ends[-1])

    @property
    def n_cells(self) -> int:
        """Distinct values of the running variable on this side."""
        return int(self.offsets.size)

    @property
    def reach(self) -> float:
        """Distance of the farthest row from the cutoff."""
        return float(abs(self.offsets[-1]))


@dataclass(frozen=True, slots=True)
class Sample:
    """Both sides of the cutoff, and what a bandwidth selector asks of the whole.

    Attributes
    ----------
    left, right : Side
        Rows below the cutoff; rows at or above it.
    spread : float
        Smaller of the standard deviation and the interquartile range / 1.349 of the
        running variable.
    n_clusters : int or None
        Clusters on the left plus clusters on the right.
    """

    left: Side
    right: Side
    spread: float
    n_clusters: int | None = None

    @property
    def n_rows(self) -> int:
        """Rows on both sides."""
        return self.left.n_rows + self.right.n_rows


def fold(
    running: ArrayLike,
    columns: Sequence[ArrayLike],
    *,
    cutoff: float,
    clusters: ArrayLike | None = None,
) -> Sample:
    """Fold rows into cells on either side of the cutoff.

    Parameters
    ----------
    running : array-like of shape (n_rows,)
        Running variable.
    columns : sequence of array-like of shape (n_rows,)
        Outcome, then treatment and covariates if there are any.
    cutoff : float
        Where treatment switches; a row at the cutoff is on the right.
    clusters : array-like of shape (n_rows,), optional
        Cluster of each row.

    Raises
    ------
    DataError
        If lengths differ, a value is missing or infinite, or a side has no rows.
    """
    x = column(running, "the running variable")
    values = [column(item, f"column {place}") for place, item in enumerate(columns)]
    codes = None if clusters is None else np.unique(clusters, return_inverse=True)[1]
    for size in [item.size for item in (*values, *([] if codes is None else [codes]))]:
        if size != x.size:
            raise DataError(
                f"the running variable has {x.size} rows and another column {size}; "
                "pass columns of one table"
            )
    order = np.argsort(x)
    x = x[order]
    n_left = int(np.searchsorted(x, cutoff, side="left"))
    if n_left == 0 or n_left == x.size:
        empty = "below" if n_left == 0 else "at or above"
        raise DataError(
            f"no rows {empty} the cutoff {cutoff:g}: the running variable spans "
            f"[{x[0]:g}, {x[-1]:g}]; check the cutoff and its unit"
        )
    spread = _spread(x)
    values = [item[order] for item in values]
    codes = None if codes is None else codes[order]
    below, above = slice(n_left - 1, None, -1), slice(n_left, None)
    left, right = (
        _side(x[part] - cutoff, [v[part] for v in values],
              None if codes is None else codes[part])
        for part in (below, above)
    )  # fmt: skip
    n_clusters = (
        None
        if codes is None
        else int(np.unique(codes[:n_left]).size + np.unique(codes[n_left:]).size)
    )
    return Sample(left, right, spread, n_clusters)


def column(values: ArrayLike, name: str) -> Floats:
    """Return a finite 1-D float64 array.

    Raises
    ------
    DataError
        If it has another shape, or values that are missing or infinite.
    """
    checked = np.asarray(values, dtype=np.float64)
    if checked.ndim != 1 or checked.size == 0:
        raise DataError(
            f"{name} must be a non-empty 1-D array, got shape {checked.shape}"
        )
    n_bad = checked.size - int(np.count_nonzero(np.isfinite(checked)))
    if n_bad:
        raise DataError(
            f"{name} has {n_bad} missing or infinite values among {checked.size}; "
            "drop these rows and say so"
        )
    return checked


def _spread(ordered: Floats) -> float:
    def quantile(share: float) -> float:
        # Averages at a jump of the distribution function (Hyndman and Fan, type 2).
        place = ordered.size * share
        index = int(place)
        if place == index:
            return float(ordered[index - 1] + ordered[index]) / 2
        return float(ordered[index])

    deviation = float(np.std(ordered, ddof=1))
    return min(deviation, (quantile(0.75) - quantile(0.25)) / 1.349)


def _side(offsets: Floats, values: list[Floats], codes: Codes | None) -> Side:
    n_rows, n_columns = offsets.size, len(values)
    first = np.flatnonzero(np.concatenate(([True], np.diff(offsets) != 0)))
    ends = np.append(first, n_rows)
    table = np.array(values).reshape(n_columns, n_rows).T
    rows = None if codes is None else table
    if first.size == n_rows:
        return Side(
            offsets=np.ascontiguousarray(offsets),
            counts=np.broadcast_to(np.float64(1), (n_rows,)),
            means=table,
            within=np.broadcast_to(np.float64(0), (n_rows, n_columns, n_columns)),
            ends=ends,
            rows=rows,
            clusters=codes,
        )
    counts = np.diff(ends).astype(np.float64)
    member = np.repeat(np.arange(first.size), np.diff(ends))
    means = np.empty((first.size, n_columns))
    for place, item in enumerate(values):
        means[:, place] = grouped_sums(member, item, first.size) / counts
    within = np.empty((first.size, n_columns, n_columns))
    centred = [item - means[member, place] for place, item in enumerate(values)]
    for i in range(n_columns):
        for j in range(i + 1):
            product = grouped_sums(member, centred[i] * centred[j], first.size)
            within[:, i, j] = within[:, j, i] = product
    return Side(np.ascontiguousarray(offsets[first]), counts, means, within, ends,
                rows, codes)  # fmt: skip
