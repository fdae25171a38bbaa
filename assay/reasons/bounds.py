"""The least log-odds that a tree ensemble can reach within a box of rows.

A block of `TreeTable` knows its value for every outcome of its comparisons. Here each
comparison may also be open, and the table gives the least value over what is open: three
outcomes, so 3**8 entries a block. The bound of a box is a sum of look-ups; of a single
row it is the row's log-odds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.reasons.trees import WIDTH, TreeTable

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

_POWERS = 3 ** np.arange(WIDTH)
_OPEN = 2
_BOXES_AT_A_TIME = 64


@dataclass(frozen=True, slots=True)
class EnsembleBounds:
    """Bounds of an ensemble over boxes.

    Attributes
    ----------
    features : ndarray of shape (n_blocks * WIDTH,)
        Feature that each comparison is on.
    thresholds : ndarray of shape (n_blocks * WIDTH,)
        What it is compared with.
    missing_left, is_used : ndarray of bool, shape (n_blocks * WIDTH,)
        Whether missing counts as at most the threshold; whether there is a comparison.
    least : ndarray of shape (n_blocks * 3**WIDTH,)
        Least log-odds of each block by pattern of outcomes: 0, 1 or open.
    expected : float
        Log-odds that all are relative to.
    """

    features: Ints
    thresholds: Floats
    missing_left: Flags
    is_used: Flags
    least: Floats
    expected: float

    @classmethod
    def of(cls, table: TreeTable) -> Self:
        """Return the bounds of a table; 50 kB a block."""
        n_blocks = len(table.starts)
        ends = np.r_[table.starts[1:], len(table.values)]
        sizes = ends - table.starts
        totals = table.values.sum(axis=1)
        patterns = np.arange(2**WIDTH)
        # A block with fewer comparisons has fewer patterns: the rest repeats them.
        places = table.starts[:, None] + (patterns & (sizes[:, None] - 1))
        least = totals[places].reshape(n_blocks, *(2,) * WIDTH)
        for axis in range(1, WIDTH + 1):
            lowest = least.min(axis=axis, keepdims=True)
            least = np.concatenate((least, lowest), axis=axis)
        return cls(
            features=table.columns % table.n_features,
            thresholds=table.thresholds,
            missing_left=table.columns >= table.n_features,
            is_used=~np.isnan(table.thresholds),
            least=least.ravel(),
            expected=table.expected,
        )

    def lowest(self, low: Floats, high: Floats) -> Floats:
        """Return a lower bound of the log-odds in each box, shape (n_boxes,).

        Parameters
        ----------
        low, high : ndarray of shape (n_boxes, n_features)
            Corners, inclusive; NaN in both where the value is missing.

        Returns
        -------
        ndarray
            No row of the box has less. Where ``low == high`` it is the row's log-odds.
        """
        found = np.empty(len(low))
        for start in range(0, len(low), _BOXES_AT_A_TIME):
            some = slice(start, start + _BOXES_AT_A_TIME)
            found[some] = self._of_some(low[some], high[some])
        return found

    def split_points(self, feature: int) -> Floats:
        """Return the finite thresholds on a feature, rising, each as often as it is."""
        found = self.thresholds[(self.features == feature) & self.is_used]
        return np.sort(found[np.isfinite(found)])

    def _of_some(self, low: Floats, high: Floats) -> Floats:
        lowest = low.take(self.features, axis=1)
        highest = high.take(self.features, axis=1)
        is_missing = np.isnan(lowest)
        always = (highest <= self.thresholds) | (is_missing & self.missing_left)
        never = (lowest > self.thresholds) | (is_missing & ~self.missing_left)
        outcomes = np.where(always, 1, np.where(never, 0, _OPEN))
        outcomes *= self.is_used
        patterns = outcomes.reshape(len(low), -1, WIDTH) @ _POWERS
        offsets = np.arange(patterns.shape[1]) * 3**WIDTH
        sums: Floats = self.least.take(patterns + offsets).sum(axis=1)
        return sums + self.expected
