"""Read many rows a field at a time, with the values that `RowReader` gives."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.contract import Contract, Field
from assay.contract.field import LARGEST_EXACT_INTEGER
from assay.reasons.explainer import UNSEEN
from serving.scoring.decision import Names
from serving.scoring.reading import Doubt, Reader, RowReader, bounds, codes

Floats: TypeAlias = NDArray[np.float64]
Quick: TypeAlias = Callable[[Sequence[Any]], Floats | None]

_NUMBERS = frozenset((float, int, type(None)))


class ColumnReader(NamedTuple):
    """Readers of one contract's fields for many rows at a time.

    Attributes
    ----------
    one : RowReader
        The reader of single rows, which settles what is unusual.
    quick : tuple of callable
        By feature: from its values to a column of the design matrix, or None where one
        of them has to be looked at.
    """

    one: RowReader
    quick: tuple[Quick, ...]

    @classmethod
    def of(cls, one: RowReader, contract: Contract) -> Self:
        """Return the reader of a contract."""
        return cls(one, tuple(_quick(field) for field in contract.features))

    def matrix(self, rows: Sequence[Any]) -> Floats | None:
        """Return rows as a design matrix, or None where anything is in doubt."""
        if not all(type(row) is dict for row in rows):
            return None
        columns = _columns(rows)
        names = set(columns) if columns else {name for row in rows for name in row}
        if not names <= self.one.names:
            return None
        found = np.empty((len(rows), len(self.quick)))
        try:
            if self.one.identifier in names or self.one.event_time in names:
                for row in rows:
                    self.one.check_others(row)
            for column, (name, read) in enumerate(self.one.readers):
                values = columns.get(name) or [row.get(name) for row in rows]
                found[:, column] = self._column(values, column, read)
        except (Doubt, ValueError, IndexError):
            return None
        return found

    def _column(self, values: Sequence[Any], column: int, read: Reader) -> Any:  # noqa: ANN401 # a list or an array
        try:
            found = self.quick[column](values)
        except (TypeError, OverflowError):  # a list for a word; a number beyond float64
            found = None
        return [read(value) for value in values] if found is None else found


def scored_columns(
    matrix: Floats, sent: Sequence[Mapping[str, Any]], names: Names
) -> list[dict[str, Any]]:
    """Return what rows of the design matrix say, as `scored_features` does of each."""
    columns: list[list[Any]] = []
    for column, (name, words) in enumerate(names):
        values: list[Any] = matrix[:, column].tolist()
        if words is not None:
            values = [
                words[int(code)]
                if code >= 0
                else (sent[row][name].strip() if code == UNSEEN else None)
                for row, code in enumerate(values)
            ]
        elif np.isnan(matrix[:, column]).any():
            values = [None if math.isnan(value) else value for value in values]
        columns.append(values)
    keys = [name for name, _ in names]
    return [dict(zip(keys, row, strict=True)) for row in zip(*columns, strict=True)]


def _columns(rows: Sequence[dict[str, Any]]) -> dict[str, tuple[Any, ...]]:
    """Return rows by key where all have the same keys in the same order, else nothing."""
    keys = list(rows[0])
    if not all(list(row) == keys for row in rows):
        return {}
    return dict(zip(keys, zip(*map(dict.values, rows), strict=True), strict=True))


def _quick(field: Field) -> Quick:
    if field.is_numeric:
        return _quick_numbers(field)
    known, kinds = codes(field)
    may = {**known, None: math.nan} if field.nulls == "allow" else dict(known)
    allowed = frozenset((*kinds, type(None)))

    def read(values: Sequence[Any]) -> Floats | None:
        if not allowed.issuperset(map(type, values)):
            return None
        found = [may.get(value) for value in values]
        return None if None in found else np.array(found)

    return read


def _quick_numbers(field: Field) -> Quick:
    low, high = bounds(field)
    is_whole, may_lack = field.dtype == "integer", field.nulls == "allow"

    def read(values: Sequence[Any]) -> Floats | None:
        kinds = set(map(type, values))
        if not kinds <= _NUMBERS:
            return None
        found = np.array(values, dtype=np.float64)
        is_right = (found >= low) & (found <= high)
        if is_whole:
            is_right &= np.floor(found) == found
        if int in kinds:  # beyond this the comparison was of a rounded number
            is_right &= np.abs(found) < LARGEST_EXACT_INTEGER
        if type(None) in kinds and may_lack:
            is_right |= np.isnan(found)
        return found if is_right.all() else None

    return read
