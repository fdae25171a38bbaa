"""Rows squeezed into cells: all that least squares needs, in any order of the rows.

A regression on discrete columns depends on the rows only through the count, the mean
and the spread of the outcome in each combination of their values. Ten million rows of a
rollout become a few thousand cells, and every figure computed from them is exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.causal.panel import Codes, Floats, coded, numeric, present
from assay.errors import DataError

DENSE_CELLS = 1 << 22
MANTISSA_BITS = 52
KEPT_BITS = 56
CHUNK_ROWS = 1 << 17  # a chunk's arrays stay in the processor's cache


@dataclass(frozen=True, slots=True)
class Cells:
    """Distinct combinations of regressors and factors, sorted.

    Attributes
    ----------
    counts : ndarray of shape (n_cells,)
        Rows in each cell, > 0.
    means, spreads : ndarray of shape (n_cells,)
        Mean of the outcome, and sum of its squared deviations from that mean.
    columns : mapping of str to ndarray of shape (n_cells,)
        Numeric regressors by name.
    factors : mapping of str to ndarray of shape (n_cells,)
        Codes of the factors by name, from zero without gaps.
    levels : mapping of str to ndarray
        Sorted values that the codes of each factor stand for.
    """

    counts: Floats
    means: Floats
    spreads: Floats
    columns: Mapping[str, Floats]
    factors: Mapping[str, Codes]
    levels: Mapping[str, NDArray[Any]]

    @property
    def n_rows(self) -> int:
        """Rows behind the cells."""
        return int(self.counts.sum())

    def subset(self, kept: NDArray[np.bool_]) -> Cells:
        """Return the cells where `kept` is true, factor codes again without gaps.

        Raises
        ------
        DataError
            If none is kept.
        """
        if not kept.any():
            raise DataError("no rows are left after the selection; widen it")
        factors, levels = {}, {}
        for name, codes in self.factors.items():
            used, factors[name] = np.unique(codes[kept], return_inverse=True)
            levels[name] = self.levels[name][used]
        columns = {name: column[kept] for name, column in self.columns.items()}
        return Cells(
            self.counts[kept], self.means[kept], self.spreads[kept],
            columns, factors, levels,
        )  # fmt: skip


def squeeze(
    frame: pd.DataFrame,
    outcome: str,
    *,
    columns: Mapping[str, Floats] | Sequence[str] = (),
    factors: Sequence[str] = (),
) -> Cells:
    """Return the cells of a frame.

    Parameters
    ----------
    frame : DataFrame
        One row an observation. Not changed.
    outcome : str
        Numeric column.
    columns : sequence of str, or mapping of str to ndarray of shape (n_rows,)
        Numeric regressors: columns of the frame, or values computed from it.
    factors : sequence of str
        Columns whose values only name a level: clusters, fixed effects, categories.

    Raises
    ------
    DataError
        If a column is missing, not numeric where it must be, or has missing values.
    """
    read = () if isinstance(columns, Mapping) else columns
    present(frame, [outcome, *read, *factors])
    values = _values(frame, columns)
    y = numeric(frame, outcome)
    codes: dict[str, Codes] = {}
    levels: dict[str, NDArray[Any]] = {}
    for name in factors:
        codes[name], levels[name] = coded(frame, name)
    keys = list(codes.values())
    values_of: dict[str, Floats] = {}
    for name, column in values.items():
        column_codes, distinct = pd.factorize(column, sort=True)
        keys.append(column_codes)
        values_of[name] = np.asarray(distinct, dtype=np.float64)
    cell, members = _cells(keys, y.size)
    counts = np.bincount(cell, minlength=members.shape[0]).astype(np.float64)
    means = grouped_sums(cell, y, counts.size) / counts
    n_factors = len(codes)
    return Cells(
        counts=counts,
        means=means,
        spreads=_spreads(cell, y, means),
        columns={
            name: distinct[members[:, n_factors + position]]
            for position, (name, distinct) in enumerate(values_of.items())
        },
        factors={name: members[:, position] for position, name in enumerate(codes)},
        levels=levels,
    )


def control_columns(
    cells: Cells, controls: Sequence[str]
) -> tuple[list[Floats], list[str]]:
    """Return controls as columns: numbers as they are, one dummy a later level."""
    columns, names = [], []
    for name in controls:
        if name in cells.columns:
            columns.append(cells.columns[name])
            names.append(name)
            continue
        for code, value in enumerate(cells.levels[name][1:], start=1):
            columns.append((cells.factors[name] == code).astype(np.float64))
            names.append(f"{name}[{value}]")
    return columns, names


def split_controls(
    frame: pd.DataFrame, controls: Sequence[str]
) -> tuple[dict[str, Floats], list[str]]:
    """Return numeric controls with their values, and the names of the others.

    Raises
    ------
    DataError
        If a control is missing or has missing numbers.
    """
    present(frame, controls)
    numbers = [name for name in controls if pd.api.types.is_numeric_dtype(frame[name])]
    values = {name: numeric(frame, name) for name in numbers}
    return values, [name for name in controls if name not in values]


def grouped_sums(groups: Codes, values: Floats, n_groups: int) -> Floats:
    """Return the sum of `values` in each group, the same bits for any order of rows.

    Parameters
    ----------
    groups : ndarray of shape (n_rows,)
        Group of each row, in [0, n_groups).
    values : ndarray of shape (n_rows,)
        Finite numbers.
    n_groups : int
        Number of groups.

    Notes
    -----
    Values are cut into slices of so few bits that each slice adds up without
    rounding in float64; only the few slice totals are rounded, always in the same
    order [1]_. Bits more than 56 below the largest value are dropped.

    References
    ----------
    .. [1] J. Demmel and H. D. Nguyen, "Parallel Reproducible Summation", IEEE
       Transactions on Computers 64 (2015).

    Examples
    --------
    >>> groups = np.zeros(4, dtype=np.intp)
    >>> grouped_sums(groups, np.array([1e16, 1.0, -1e16, 1.0]), 1)
    array([2.])
    """
    largest = float(np.max(np.abs(values), initial=0.0))
    if largest == 0.0:
        return np.zeros(n_groups)
    slice_bits = MANTISSA_BITS - int(values.size).bit_length()
    shift = slice_bits - int(np.frexp(largest)[1])
    slices = np.zeros((-(-KEPT_BITS // slice_bits), n_groups))
    for start in range(0, values.size, CHUNK_ROWS):
        remainder = values[start : start + CHUNK_ROWS]
        chunk = groups[start : start + CHUNK_ROWS]
        for position, total in enumerate(slices):
            exponent = shift + position * slice_bits
            head = np.ldexp(np.rint(np.ldexp(remainder, exponent)), -exponent)
            total += np.bincount(chunk, weights=head, minlength=n_groups)
            remainder = remainder - head
            if not remainder.any():
                break
    return np.asarray(slices[::-1].sum(axis=0))


def _values(
    frame: pd.DataFrame, columns: Mapping[str, Floats] | Sequence[str]
) -> dict[str, Floats]:
    if isinstance(columns, Mapping):
        return dict(columns)
    return {name: numeric(frame, name) for name in columns}


def _spreads(cell: Codes, y: Floats, means: Floats) -> Floats:
    if means.size == y.size:
        return np.zeros_like(means)
    return grouped_sums(cell, (y - means[cell]) ** 2, means.size)


def _cells(keys: Sequence[Codes], n_rows: int) -> tuple[Codes, NDArray[np.intp]]:
    """Return each row's cell, and the codes of shape (n_cells, n_keys) of every cell."""
    cell = np.zeros(n_rows, dtype=np.intp)
    n_cells = 1
    members = np.zeros((1, 0), dtype=np.intp)
    for key in keys:
        n_levels = int(key.max()) + 1
        joint = cell * n_levels + key
        cell, kept = _without_gaps(joint, n_cells * n_levels)
        members = np.column_stack([members[kept // n_levels], kept % n_levels])
        n_cells = kept.size
    return cell, members


def _without_gaps(joint: Codes, n_possible: int) -> tuple[Codes, Codes]:
    if n_possible > DENSE_CELLS:
        kept, cell = np.unique(joint, return_inverse=True)
        return cell, kept
    kept = np.flatnonzero(np.bincount(joint, minlength=n_possible))
    if kept.size == n_possible:
        return joint, kept
    renumbered = np.zeros(n_possible, dtype=np.intp)
    renumbered[kept] = np.arange(kept.size)
    return renumbered[joint], kept
