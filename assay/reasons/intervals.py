"""Between which thresholds a value lies, for many values at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Finder: TypeAlias = Callable[[Floats], Ints]

CELLS = 2048
"""Cells of equal width that a feature's thresholds are spread over."""
MOST_A_CELL = 3
FEWEST = 12
"""Below so many thresholds, halving is as quick."""


def interval_finder(cuts: Floats) -> Finder:
    """Return what counts the thresholds below each value, as `np.searchsorted` does.

    Parameters
    ----------
    cuts : ndarray of shape (n_cuts,)
        Thresholds, rising.

    Notes
    -----
    A value's cell follows from one multiplication. It never falls as the value rises,
    rounding included, so thresholds in lower cells are below the value and those in
    higher cells are not; the few in the value's own cell are compared, in float64. What
    is returned for NaN has no meaning.

    Examples
    --------
    >>> interval_finder(np.arange(20.0))(np.array([-1.0, 0.0, 0.5, 19.0, 99.0]))
    array([ 0,  0,  1, 19, 20])
    """
    if len(cuts) < FEWEST or not np.isfinite(cuts).all():
        return _by_halving(cuts)
    with np.errstate(over="ignore"):
        low, scale = cuts[0], (CELLS - 1) / (cuts[-1] - cuts[0])
    if not (np.isfinite(scale) and scale > 0):
        return _by_halving(cuts)

    def cells(values: Floats) -> Ints:
        found = values - low
        found *= scale
        np.clip(found, 0, CELLS - 1, out=found)
        whole: Ints = found.astype(np.int64)
        return whole

    n_cuts = np.bincount(cells(cuts), minlength=CELLS)
    below = np.append(0, np.cumsum(n_cuts)[:-1])
    if n_cuts.max() > MOST_A_CELL:
        return _by_halving(cuts)
    own = []
    for place in range(int(n_cuts.max())):
        of_cell = np.full(CELLS, np.inf)
        of_cell[n_cuts > place] = cuts[below[n_cuts > place] + place]
        own.append(of_cell)

    def find(values: Floats) -> Ints:
        with np.errstate(invalid="ignore", over="ignore"):
            cell = cells(values)
        found: Ints = below.take(cell, mode="clip")
        for of_cell in own:
            found += values > of_cell.take(cell, mode="clip")
        return found

    return find


def _by_halving(cuts: Floats) -> Finder:
    def find(values: Floats) -> Ints:
        return np.searchsorted(cuts, values)

    return find
