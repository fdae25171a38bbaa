"""The table of a tree ensemble, arranged for speed: one row's score in microseconds."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.reasons.exits import TreeExits
from assay.reasons.trees import WIDTH, TreeTable

Bytes: TypeAlias = NDArray[np.uint8]
Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

_CHUNK = 64  # rows at a time: their patterns stay in a processor's cache
_PART = 4096  # patterns at a time


@dataclass(frozen=True, slots=True)
class TreeLookup:
    """A `TreeTable` by the value of each feature instead of by comparison.

    Between two neighbouring thresholds of a feature all its comparisons come out the
    same, so each such interval has the outcomes ready, for all blocks; a row's outcomes
    are the union over its features.

    Attributes
    ----------
    cuts : tuple of tuple of float
        Distinct thresholds of each feature, rising.
    bases, gaps : tuple of int
        Row of `outcomes` of each feature's lowest interval, and of its missing value.
    outcomes : ndarray of shape (n_intervals, n_blocks)
        The comparisons that come out true, a bit each.
    starts : ndarray of shape (n_blocks,)
        Row of `totals` and `values` at which a block begins.
    totals : ndarray of shape (n_patterns,)
        Log-odds of each pattern.
    values : ndarray of shape (n_patterns, n_features)
        The same by feature.
    expected : float
        Log-odds that are added to the sum.
    ones : ndarray of shape (n_blocks,)
        What a sum over blocks is multiplied with.
    exits : TreeExits
        The same ensemble, arranged for many rows at a time.

    Notes
    -----
    After QuickScorer, which keeps a bit a leaf where this keeps a bit a comparison:
    C. Lucchese et al., "QuickScorer: a fast algorithm to rank documents with additive
    ensembles of regression trees", SIGIR 2015.
    """

    cuts: tuple[tuple[float, ...], ...]
    bases: tuple[int, ...]
    gaps: tuple[int, ...]
    outcomes: Bytes
    starts: Ints
    totals: Floats
    values: Floats
    expected: float
    ones: Floats
    exits: TreeExits

    @property
    def n_features(self) -> int:
        """Columns of the design matrix."""
        return len(self.cuts)

    @classmethod
    def of(cls, table: TreeTable) -> Self:
        """Return the arrangement of a table."""
        n_blocks, n_features = len(table.starts), table.n_features
        columns = table.columns.reshape(n_blocks, WIDTH)
        thresholds = table.thresholds.reshape(n_blocks, WIDTH)
        cuts, bases, gaps = [], [], []
        outcomes: list[Bytes] = []
        for feature in range(n_features):
            own = (columns % n_features == feature) & ~np.isnan(thresholds)
            of_feature = np.array(sorted(set(thresholds[own].tolist())))
            places = np.searchsorted(of_feature, thresholds)
            bases.append(len(outcomes))
            outcomes.extend(
                _packed(own & (places >= np.arange(len(of_feature) + 1)[:, None, None]))
            )
            gaps.append(len(outcomes))
            outcomes.extend(_packed((own & (columns >= n_features))[None]))
            cuts.append(tuple(of_feature.tolist()))
        return cls(
            cuts=tuple(cuts),
            bases=tuple(bases),
            gaps=tuple(gaps),
            outcomes=np.array(outcomes),
            starts=table.starts,
            totals=table.values.sum(axis=1),
            values=_by_feature(table),
            expected=table.expected,
            ones=np.ones(n_blocks),
            exits=TreeExits.of(table),
        )

    def patterns(self, row: Sequence[float]) -> Ints:
        """Return the rows of `totals` that a row adds up, shape (n_blocks,).

        Parameters
        ----------
        row : sequence of float, length n_features
            A row of the design matrix, NaN for missing.
        """
        chosen = [  # NaN differs from itself
            base + bisect_left(cuts, value) if value == value else gap
            for cuts, base, gap, value in zip(
                self.cuts, self.bases, self.gaps, row, strict=True
            )
        ]
        found: Bytes = np.bitwise_or.reduce(self.outcomes.take(chosen, axis=0))
        return self.starts + found

    def patterns_of(self, matrix: Floats) -> Ints:
        """Return what `patterns` does of each row, shape (n_rows, n_blocks)."""
        found: Ints = self.starts + self._outcomes_of(matrix)
        return found

    def log_odds(self, patterns: Ints) -> float:
        """Return the calibrated log-odds of one row."""
        return self.expected + float(self.totals.take(patterns).sum())

    def weights(self, patterns: Ints) -> Floats:
        """Return the Shapley value of each feature of one row, shape (n_features,)."""
        found: Floats = self.ones @ self.values.take(patterns, axis=0)
        return found

    def contributions(self, matrix: Floats) -> Floats:
        """Return the Shapley value of each feature, shape (n_rows, n_features).

        Parameters
        ----------
        matrix : ndarray of shape (n_rows, n_features)
            Rows of the design matrix, NaN for missing.
        """
        found = np.empty((len(matrix), self.n_features))
        for number, row in enumerate(matrix.tolist()):
            found[number] = self.weights(self.patterns(row))
        return found

    def log_odds_of(self, matrix: Floats) -> Floats:
        """Return the calibrated log-odds of rows, shape (n_rows,).

        Parameters
        ----------
        matrix : ndarray of shape (n_rows, n_features)
            Rows of the design matrix, NaN for missing.
        """
        found = np.empty(len(matrix))
        for start in range(0, len(matrix), _CHUNK):
            chunk = matrix[start : start + _CHUNK]
            patterns = self.patterns_of(chunk)
            found[start : start + _CHUNK] = self.totals.take(patterns).sum(axis=1)
        return found + self.expected

    def _outcomes_of(self, matrix: Floats) -> Bytes:
        found = np.zeros((len(matrix), self.outcomes.shape[1]), dtype=np.uint8)
        for feature, cuts in enumerate(self.cuts):
            if cuts:
                values = matrix[:, feature]
                chosen = self.bases[feature] + np.searchsorted(cuts, values)
                chosen[np.isnan(values)] = self.gaps[feature]
                found |= self.outcomes.take(chosen, axis=0)
        return found


def _packed(outcomes: NDArray[np.bool_]) -> Bytes:
    """Return (n, n_blocks, WIDTH) outcomes as (n, n_blocks) bytes."""
    return np.packbits(outcomes, axis=2, bitorder="little")[:, :, 0]


def _by_feature(table: TreeTable) -> Floats:
    """Return the table with a column a feature in place of a column a slot."""
    n_blocks, n_patterns = len(table.starts), len(table.values)
    blocks = np.repeat(np.arange(n_blocks), np.diff(np.append(table.starts, n_patterns)))
    features = table.features.reshape(n_blocks, -1)
    found = np.empty((n_patterns, table.n_features))
    for start in range(0, n_patterns, _PART):  # what is made on the way stays small
        part = slice(start, start + _PART)
        rows = np.arange(len(blocks[part]))[:, None] * table.n_features
        # A slot that is not used holds 0 and names feature 0: adding it changes nothing.
        found[part] = np.bincount(
            (rows + features[blocks[part]]).ravel(),
            table.values[part].ravel(),
            rows.size * table.n_features,
        ).reshape(-1, table.n_features)
    return found
