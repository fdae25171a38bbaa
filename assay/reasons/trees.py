"""Shapley values of a tree ensemble, looked up in a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

WIDTH = 8
"""Comparisons a block: one byte."""

_CHUNK = 32  # rows at a time: what they look up stays in a processor's cache


@dataclass(frozen=True, slots=True)
class TreeTable:
    """An ensemble cut into blocks, each with its values for every pattern of comparisons.

    A block is a subtree together with the comparisons above it, at most `WIDTH` in all.
    The outcome of its comparisons is a byte, and the byte names a row of the table.

    Attributes
    ----------
    columns : ndarray of shape (n_blocks * WIDTH,)
        What is compared: feature j at j where missing goes right, at j + n_features
        where missing goes left.
    thresholds : ndarray of shape (n_blocks * WIDTH,)
        The outcome is 1 where the value is at most the threshold; NaN fills up, and
        its outcome is 0.
    features : ndarray of shape (n_blocks * n_slots,)
        Feature that each slot of a block's rows adds to.
    starts : ndarray of shape (n_blocks,)
        Row of the table at which a block begins.
    values : ndarray of shape (n_patterns, n_slots)
        Log-odds; 0 in slots that are not used.
    expected : float
        Mean log-odds under the baseline policy: a row's values add up to its log-odds
        minus this.
    n_features : int
        Columns of the design matrix.
    """

    columns: Ints
    thresholds: Floats
    features: Ints
    starts: Ints
    values: Floats
    expected: float
    n_features: int

    def contributions(self, matrix: Floats) -> Floats:
        """Return the Shapley value of each feature, shape (n_rows, n_features).

        Parameters
        ----------
        matrix : ndarray of shape (n_rows, n_features)
            Rows of the design matrix, NaN for missing.
        """
        if len(matrix) == 1:
            return self._of_chunk(matrix)
        found = np.empty((len(matrix), self.n_features))
        for start in range(0, len(matrix), _CHUNK):
            chunk = slice(start, start + _CHUNK)
            found[chunk] = self._of_chunk(matrix[chunk])
        return found

    def _of_chunk(self, matrix: Floats) -> Floats:
        n_rows = len(matrix)
        both = np.concatenate(
            (matrix, np.where(np.isnan(matrix), -np.inf, matrix)), axis=1
        )
        outcomes = both.take(self.columns, axis=1) <= self.thresholds
        patterns = np.packbits(outcomes, bitorder="little").reshape(n_rows, -1)
        parts = self.values.take((self.starts + patterns).ravel(), axis=0)
        slots = self.features
        if n_rows > 1:
            offsets = np.arange(n_rows)[:, None] * self.n_features
            slots = (offsets + slots).ravel()
        sums = np.asarray(
            np.bincount(slots, parts.ravel(), n_rows * self.n_features), dtype=np.float64
        )
        return sums.reshape(n_rows, self.n_features)
