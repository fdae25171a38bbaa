"""The scores of many rows: which leaf each tree ends in, for all trees at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.reasons.intervals import Finder, interval_finder
from assay.reasons.leaves import Leaf, leaf_groups
from assay.reasons.trees import TreeTable

Bits: TypeAlias = NDArray[np.uint16]
Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

_NAMES = 0x09AF
"""A de Bruijn sequence: times each power of two, its upper four bits differ."""
_WORD = 0xFFFF
_SAID = np.dtype(
    [("column", "i8"), ("threshold", "f8"), ("out", "?"), ("word", "i8"), ("bit", "u2")]
)
"""One condition of one leaf."""
_MOST_ROWS = 512  # of the tables of several features together
_ROWS = 256  # scored at a time: what they look up stays in a processor's cache
_PART = 4096  # rows whose intervals are found at a time


class _Own(NamedTuple):
    """One feature: its thresholds, and which leaves each interval leaves possible."""

    feature: int
    find: Finder
    table: Bits  # (n_intervals + 1, n_words), the last row for a missing value


@dataclass(frozen=True, slots=True)
class TreeExits:
    """A `TreeTable` as the leaves that rows end in.

    A word of 16 bits a group of leaves, a bit a leaf. Each interval of a feature leaves
    some leaves possible; what all features of a row leave is the leaf it is in. Two words
    give a byte, and the byte the sum of two values.

    Attributes
    ----------
    parts : tuple of tuple
        Features, those with few intervals together, and their tables.
    values : ndarray of shape (n_words / 2 * 256,)
        Log-odds of each pair of leaves.
    base : float
        Log-odds of a row that is in none of the leaves.
    n_features : int
        Columns of the design matrix.

    Notes
    -----
    After QuickScorer (C. Lucchese et al., SIGIR 2015), with rows in place of documents
    and tables of intervals in place of its lists of thresholds. Sums are of float64 in
    another order than the trainer's: they agree to its last digits.
    """

    parts: tuple[tuple[tuple[_Own, ...], Bits], ...]
    values: Floats
    base: float
    n_features: int

    @classmethod
    def of(cls, table: TreeTable) -> Self:
        """Return the leaves of a table."""
        groups, base = leaf_groups(table)
        n_words = max(2, len(groups) + len(groups) % 2)
        # Words 0, 2, 4, ... stand first, so that a byte's halves come from two runs.
        order = np.r_[np.arange(0, n_words, 2), np.arange(1, n_words, 2)]
        used = np.zeros(n_words, dtype=np.uint16)
        values = np.zeros((n_words, 16))
        for word, group in enumerate(groups):
            for place, leaf in enumerate(group, start=1):
                used[word] |= 1 << place
                values[word, ((1 << place) * _NAMES & _WORD) >> 12] = leaf.value
        pairs = values[0::2, None, :] + values[1::2, :, None]
        owns = _features(table, groups, n_words)
        parts = [_joined(part, used) for part in _together(owns)]
        return cls(
            parts=tuple(
                (part, np.ascontiguousarray(bits[:, order])) for part, bits in parts
            ),
            values=pairs.reshape(-1),
            base=base,
            n_features=table.n_features,
        )

    def log_odds_of(self, matrix: Floats) -> Floats:
        """Return the calibrated log-odds of rows, shape (n_rows,).

        Parameters
        ----------
        matrix : ndarray of shape (n_rows, n_features)
            Rows of the design matrix, NaN for missing.
        """
        found = np.zeros(len(matrix))
        if self.parts:
            for start in range(0, len(matrix), _PART):
                self._add_up(matrix[start : start + _PART], found[start : start + _PART])
        return found + self.base

    def _add_up(self, matrix: Floats, found: Floats) -> None:
        columns = np.ascontiguousarray(matrix.T, dtype=np.float64)
        rows = [_row_of(part, columns) for part, _ in self.parts]
        tables = [bits for _, bits in self.parts]
        half = len(self.values) // 256
        offsets = np.arange(half) * 256
        shape = (min(_ROWS, len(matrix)), 2 * half)
        leaves, one = np.empty(shape, dtype=np.uint16), np.empty(shape, dtype=np.uint16)
        places = np.empty((len(leaves), half), dtype=np.int64)
        for start in range(0, len(matrix), _ROWS):
            n = min(_ROWS, len(matrix) - start)
            left, of_one, place = leaves[:n], one[:n], places[:n]
            tables[0].take(rows[0][start : start + n], axis=0, out=left, mode="clip")
            for bits, row in zip(tables[1:], rows[1:], strict=True):
                bits.take(row[start : start + n], axis=0, out=of_one, mode="clip")
                left &= of_one
            left *= np.uint16(_NAMES)
            left[:, :half] >>= 12
            left[:, half:] >>= 8
            left[:, half:] &= 0xF0
            left[:, :half] |= left[:, half:]
            np.add(left[:, :half], offsets, out=place)
            found[start : start + n] = self.values.take(place, mode="clip").sum(axis=1)


def _features(table: TreeTable, groups: list[list[Leaf]], n_words: int) -> list[_Own]:
    """Return what is known of each feature that any leaf asks for."""
    said = np.fromiter(  # in the order of words, as `reduceat` asks
        (
            (column, threshold, out, word, 1 << place)
            for word, group in enumerate(groups)
            for place, leaf in enumerate(group, start=1)
            for (column, threshold), out in leaf.conditions.items()
        ),
        dtype=_SAID,
    )
    features = said["column"] % table.n_features
    found = []
    for feature in sorted(set(features.tolist())):
        columns, thresholds, outs, words, bits = (
            said[features == feature][name] for name in _SAID.names or ()
        )
        cuts = np.array(sorted(set(thresholds.tolist())))
        at_most = np.searchsorted(cuts, thresholds) >= np.arange(len(cuts) + 1)[:, None]
        comes_out = np.concatenate([at_most, (columns >= table.n_features)[None]])
        excluded = np.where(comes_out == outs, 0, bits).astype(np.uint16)
        first = np.flatnonzero(np.diff(words, prepend=-1))
        possible = np.full((len(cuts) + 2, n_words), _WORD, dtype=np.uint16)
        possible[:, words[first]] = ~np.bitwise_or.reduceat(excluded, first, axis=1)
        found.append(_Own(feature, interval_finder(cuts), possible))
    return found


def _together(owns: list[_Own]) -> list[tuple[_Own, ...]]:
    """Return features with few intervals together, as far as their tables stay small."""
    found: list[tuple[_Own, ...]] = []
    n_rows = _MOST_ROWS
    for own in sorted(owns, key=lambda each: len(each.table)):
        if n_rows * len(own.table) <= _MOST_ROWS:
            found[-1] += (own,)
            n_rows *= len(own.table)
        else:
            found.append((own,))
            n_rows = len(own.table)
    return found


def _joined(part: tuple[_Own, ...], used: Bits) -> tuple[tuple[_Own, ...], Bits]:
    bits = used[None, :]
    for own in part:
        bits = (bits[:, None, :] & own.table).reshape(-1, len(used))
    return part, bits


def _row_of(part: tuple[_Own, ...], columns: Floats) -> Ints:
    """Return the row of a part's table that each row of the design matrix takes."""
    found = np.zeros(columns.shape[1], dtype=np.int64)
    for own in part:
        values = columns[own.feature]
        row = own.find(values)
        is_missing = np.isnan(values)
        if is_missing.any():
            row[is_missing] = len(own.table) - 1
        found *= len(own.table)
        found += row
    return found
