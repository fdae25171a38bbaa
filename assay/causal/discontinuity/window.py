"""Plain regression inside a window, and its bootstrap at the price of a count.

The estimator of the textbooks: ordinary least squares on each side, every row inside the
window weighing the same. A resample changes only how often each pair of running value
and outcome occurs, so counting pairs replaces building and fitting a table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.causal.discontinuity.cells import column, fold
from assay.causal.discontinuity.contrast import Noise, functional_variance
from assay.causal.discontinuity.local import Variance, local_fit
from assay.causal.estimate import critical_value, two_sided_p
from assay.errors import DataError

Floats: TypeAlias = NDArray[np.float64]
Draw: TypeAlias = NDArray[np.integer]

# Counts of one block of resamples stay in the second-level cache.
_BLOCK_VALUES = 1 << 17


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowJump:
    """Jump of an unweighted polynomial regression inside a window, right minus left.

    Attributes
    ----------
    jump, standard_error : float
        Estimate and its heteroskedasticity-robust error.
    interval, p_value
        Normal interval and two-sided p value.
    n : int
        Rows strictly inside the window.
    """

    jump: float
    standard_error: float
    interval: tuple[float, float]
    p_value: float
    n: int


def window_jump(
    running: ArrayLike,
    outcome: ArrayLike,
    *,
    cutoff: float,
    bandwidth: float,
    order: int = 1,
    variance: Variance = "hc3",
    level: float = 0.95,
) -> WindowJump:
    """Return the jump of least squares fitted on each side within the window.

    Parameters
    ----------
    running, outcome : array-like of shape (n_rows,)
        Running variable and outcome.
    cutoff, bandwidth : float
        Rows strictly between ``cutoff - bandwidth`` and ``cutoff + bandwidth`` count.
    order : int, default=1
        1 for straight lines, 2 for parabolas.
    variance : str, default="hc3"
        Kind of robust variance.
    level : float, default=0.95
        Of the interval.

    Raises
    ------
    DataError
        If a side of the window has too few distinct running values.
    """
    x, y = _inside(running, outcome, cutoff, bandwidth)
    sample = fold(x, [y], cutoff=cutoff)
    fits = [
        local_fit(s, bandwidth, order, "uniform") for s in (sample.left, sample.right)
    ]
    error = np.sqrt(
        sum(
            functional_variance(s, f.functional(0), np.ones(1), f, Noise(variance))
            for s, f in zip((sample.left, sample.right), fits, strict=True)
        )
    )
    jump = float(fits[1].derivative(0)[0] - fits[0].derivative(0)[0])
    half = critical_value(level) * float(error)
    return WindowJump(
        jump=jump,
        standard_error=float(error),
        interval=(jump - half, jump + half),
        p_value=two_sided_p(jump, float(error)),
        n=x.size,
    )


def resampled_jumps(
    running: ArrayLike,
    outcome: ArrayLike,
    draws: Iterable[Draw],
    *,
    cutoff: float,
    bandwidth: float,
    order: int = 1,
) -> Floats:
    """Return the window's jump in each resample.

    Parameters
    ----------
    running, outcome : array-like of shape (n_rows,)
        Running variable and outcome.
    draws : iterable of integer arrays
        Each names the rows of one resample by their position among the rows inside the
        window, in the order given. :func:`row_draws` makes them.
    cutoff, bandwidth, order
        As in :func:`window_jump`.

    Returns
    -------
    ndarray of shape (n_resamples,)

    Raises
    ------
    DataError
        If a side of a resample has too few distinct running values.
    """
    x, y = _inside(running, outcome, cutoff, bandwidth)
    pairs, code = _pairs(x, y)
    moments = _pair_moments(pairs, cutoff, bandwidth, order)
    n_pairs = pairs.shape[0]
    size = max(_BLOCK_VALUES // n_pairs, 1)
    counts = np.empty((size, n_pairs))
    jumps, filled = [], 0
    rows, drawn = np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    for draw in draws:
        if draw.size != rows.size:
            rows, drawn = np.empty((2, draw.size), dtype=np.intp)
        _refuse_stray_rows(draw, code.size)
        # Into buffers kept from draw to draw: fresh memory costs as much as the count.
        rows[:] = draw
        np.take(code, rows, out=drawn, mode="clip")
        counts[filled] = np.bincount(drawn, minlength=n_pairs)
        filled += 1
        if filled == size:
            jumps.append(_solved_jumps(counts @ moments, order))
            filled = 0
    if filled:
        jumps.append(_solved_jumps(counts[:filled] @ moments, order))
    return np.concatenate(jumps)


def row_draws(n_rows: int, n_resamples: int, seed: int) -> Iterator[Draw]:
    """Yield resamples of rows, each from its own stream, whoever computes it."""
    # The same numbers in either type; the short one is made in two thirds of the time.
    kind = np.int32 if n_rows < 2**31 else np.int64
    for stream in np.random.SeedSequence(seed).spawn(n_resamples):
        yield np.random.default_rng(stream).integers(0, n_rows, size=n_rows, dtype=kind)


def bootstrap_interval(
    running: ArrayLike,
    outcome: ArrayLike,
    *,
    cutoff: float,
    bandwidth: float,
    order: int = 1,
    n_resamples: int = 500,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[float, float]:
    """Return the percentile interval of the window's jump.

    The rows are sorted before they are drawn, so their order does not matter.

    Parameters
    ----------
    running, outcome, cutoff, bandwidth, order
        As in :func:`window_jump`.
    n_resamples : int, default=500
        Resamples of the rows inside the window.
    seed : int, default=0
        Resample i draws from stream i of this seed.
    level : float, default=0.95
        Of the interval.
    """
    x, y = _inside(running, outcome, cutoff, bandwidth)
    order_ = np.lexsort((y, x))
    jumps = resampled_jumps(
        x[order_], y[order_], row_draws(x.size, n_resamples, seed),
        cutoff=cutoff, bandwidth=bandwidth, order=order,
    )  # fmt: skip
    tail = (1 - level) / 2
    low, high = np.quantile(jumps, [tail, 1 - tail])
    return float(low), float(high)


def _inside(
    running: ArrayLike, outcome: ArrayLike, cutoff: float, bandwidth: float
) -> tuple[Floats, Floats]:
    x, y = column(running, "the running variable"), column(outcome, "the outcome")
    if x.size != y.size:
        raise DataError(
            f"running variable and outcome have {x.size} and {y.size} rows; pass columns "
            "of one table"
        )
    if not bandwidth > 0:
        raise ValueError(f"bandwidth must be positive, got {bandwidth}")
    inside = (x > cutoff - bandwidth) & (x < cutoff + bandwidth)
    if not inside.any():
        raise DataError(
            f"no rows within {bandwidth:g} of the cutoff {cutoff:g}; the running "
            f"variable spans [{x.min():g}, {x.max():g}]"
        )
    return x[inside], y[inside]


def _refuse_stray_rows(draw: Draw, n_rows: int) -> None:
    if draw.size == 0 or draw.min() < 0 or draw.max() >= n_rows:
        raise DataError(
            f"a draw names rows outside 0 to {n_rows - 1}, the rows inside the window; "
            "draw positions within the window, not within the whole table"
        )


def _pairs(x: Floats, y: Floats) -> tuple[Floats, NDArray[np.intp]]:
    """Return the distinct pairs of values in order, and the pair of each row."""
    order = np.lexsort((y, x))
    table = np.stack([x[order], y[order]], axis=1)
    is_new = np.concatenate(([False], (np.diff(table, axis=0) != 0).any(axis=1)))
    code = np.empty(x.size, dtype=np.intp)
    code[order] = np.cumsum(is_new)
    return table[np.concatenate(([True], is_new[1:]))], code


def _pair_moments(pairs: Floats, cutoff: float, bandwidth: float, order: int) -> Floats:
    """Powers and outcome products of each pair, left side's columns then right's."""
    scaled = (pairs[:, 0] - cutoff) / bandwidth
    powers = scaled[:, None] ** np.arange(2 * order + 1)
    columns = np.hstack([powers, powers[:, : order + 1] * pairs[:, 1:]])
    is_left = (pairs[:, 0] < cutoff)[:, None]
    return np.hstack([columns * is_left, columns * ~is_left])


def _solved_jumps(sums: Floats, order: int) -> Floats:
    width = 3 * order + 2
    place = np.add.outer(np.arange(order + 1), np.arange(order + 1))
    limits = []
    for side in (sums[:, :width], sums[:, width:]):
        gram, products = side[:, : 2 * order + 1][:, place], side[:, 2 * order + 1 :]
        try:
            limits.append(np.linalg.solve(gram, products[:, :, None])[:, 0, 0])
        except np.linalg.LinAlgError as error:
            raise DataError(
                f"a resample left one side of the window with fewer than {order + 1} "
                "distinct running values; widen the window or lower the order"
            ) from error
    return np.asarray(limits[1] - limits[0])
