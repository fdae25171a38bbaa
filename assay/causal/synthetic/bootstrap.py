"""Bootstrap of the rows behind the cells, at the price of a count.

A resample changes only how often each pair of cell and outcome occurs: counting pairs
replaces the pivot table, and the weights of all resamples are solved at once from the
donors that the full sample uses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.causal.synthetic.series import Cells
from assay.causal.synthetic.simplex import simplex_batch
from assay.errors import DataError

Floats: TypeAlias = NDArray[np.float64]
Draw: TypeAlias = NDArray[np.integer]

_BLOCK = 64


def resampled_atts(
    cells: Cells, draws: Iterable[Draw], *, start: NDArray[np.bool_] | None = None
) -> Floats:
    """Return the mean gap after treatment in each resample of the rows.

    Parameters
    ----------
    cells : Cells
        Cell and outcome of every row of the table.
    draws : iterable of integer arrays
        Each names the rows of one resample by position in that table;
        :func:`row_draws` makes them.
    start : ndarray of shape (n_donors,) of bool, optional
        Donors with weight in the full sample.

    Returns
    -------
    ndarray of shape (n_resamples,)

    Raises
    ------
    DataError
        If a resample leaves a unit without rows in every period, or a draw is not a
        row.

    Notes
    -----
    A cell that a resample empties takes its unit's mean over the other periods.
    """
    tally = _Tally.of(cells)
    atts: list[Floats] = []
    tables: list[Floats] = []
    for draw in draws:
        tables.append(tally.means(draw))
        if len(tables) == _BLOCK:
            atts.append(_atts(np.array(tables), cells, start))
            tables = []
    if tables:
        atts.append(_atts(np.array(tables), cells, start))
    return np.concatenate(atts)


def row_draws(n_rows: int, n_resamples: int, seed: int) -> Iterator[Draw]:
    """Yield resamples of rows, each from its own stream, whoever computes it."""
    kind = np.int32 if n_rows < 2**31 else np.int64
    for stream in np.random.SeedSequence(seed).spawn(n_resamples):
        yield np.random.default_rng(stream).integers(0, n_rows, size=n_rows, dtype=kind)


def bootstrap_interval(
    cells: Cells,
    *,
    n_resamples: int = 500,
    seed: int = 0,
    level: float = 0.95,
    start: NDArray[np.bool_] | None = None,
) -> tuple[float, float]:
    """Return the percentile interval over resamples of the rows.

    It measures the sampling of rows within cells only, not what the donors would have
    done otherwise: read it beside the conformal interval, not instead of it.

    Parameters
    ----------
    cells : Cells
        Cell and outcome of every row.
    n_resamples, seed, level
        Number of resamples, seed of their streams, level of the interval.
    start : ndarray of shape (n_donors,) of bool, optional
        Donors with weight in the full sample.
    """
    order = np.lexsort((cells.outcomes, cells.codes))
    ordered = Cells(
        cells.codes[order], cells.outcomes[order], cells.units, cells.periods,
        cells.n_treated, cells.n_pre,
    )  # fmt: skip
    draws = row_draws(order.size, n_resamples, seed)
    atts = resampled_atts(ordered, draws, start=start)
    tail = (1 - level) / 2
    low, high = np.quantile(atts, [tail, 1 - tail])
    return float(low), float(high)


class _Tally:
    """Counts pairs of cell and outcome, in buffers kept from draw to draw."""

    __slots__ = ("_cell_starts", "_code", "_drawn", "_rows", "_shape", "_values")

    def __init__(
        self,
        code: NDArray[np.intp],
        values: Floats,
        cell_starts: NDArray[np.intp],
        shape: tuple[int, int],
    ) -> None:
        self._code, self._values = code, values
        self._cell_starts, self._shape = cell_starts, shape
        self._rows = np.empty(0, dtype=np.intp)
        self._drawn = np.empty(0, dtype=np.intp)

    @classmethod
    def of(cls, cells: Cells) -> _Tally:
        order = np.lexsort((cells.outcomes, cells.codes))
        cell, value = cells.codes[order], cells.outcomes[order]
        is_new = np.append(True, (np.diff(cell) != 0) | (np.diff(value) != 0))
        code = np.empty(cell.size, dtype=np.intp)
        code[order] = np.cumsum(is_new) - 1
        pair_cells = cell[is_new]
        starts = np.searchsorted(pair_cells, np.arange(np.prod(cells.shape) + 1))
        return cls(code, value[is_new], starts, cells.shape)

    def means(self, draw: Draw) -> Floats:
        """Return cell means of one resample, of shape (n_units, n_periods)."""
        if draw.size != self._rows.size:
            self._rows, self._drawn = np.empty((2, draw.size), dtype=np.intp)
        if draw.size == 0 or draw.min() < 0 or draw.max() >= self._code.size:
            raise DataError(
                f"a draw names rows outside 0 to {self._code.size - 1}, the rows of the "
                "table"
            )
        self._rows[:] = draw
        np.take(self._code, self._rows, out=self._drawn, mode="clip")
        times = np.bincount(self._drawn, minlength=self._values.size).astype(np.float64)
        starts, last = self._cell_starts[:-1], self._cell_starts[-1]
        counts = np.add.reduceat(times[:last], starts)
        sums = np.add.reduceat((times * self._values)[:last], starts)
        return _filled(sums.reshape(self._shape), counts.reshape(self._shape))


def _filled(sums: Floats, counts: Floats) -> Floats:
    if counts.all():
        return np.asarray(sums / counts)
    means = np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0)
    seen = (counts > 0).sum(axis=1)
    if not seen.all():
        raise DataError(
            f"a resample left {int((seen == 0).sum())} units without any row; the cells "
            "are too small to resample rows, use the conformal interval"
        )
    usual = means.sum(axis=1) / seen
    return np.asarray(np.where(counts > 0, means, usual[:, None]))


def _atts(tables: Floats, cells: Cells, start: NDArray[np.bool_] | None) -> Floats:
    split, n_pre = cells.n_treated, cells.n_pre
    treated = tables[:, :split].mean(axis=1)
    donors = tables[:, split:]
    pre = donors[:, :, :n_pre]
    grams = pre @ pre.transpose(0, 2, 1)
    linears = (pre @ treated[:, :n_pre, None])[:, :, 0]
    weights = simplex_batch(grams, linears, start).weights
    # The gap's mean is linear in the series: average over periods first.
    after = donors[:, :, n_pre:].mean(axis=2)
    return np.asarray(
        treated[:, n_pre:].mean(axis=1) - np.einsum("bj,bj->b", weights, after)
    )
