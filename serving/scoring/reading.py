"""Read a row quickly where nothing about it is in doubt.

The contract's request model (`assay.contract.request`) says what a caller may send. This
reader takes only rows that it would take as well, with the same values, and leaves every
other one to it: it words refusals, and it accepts what is rare.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple, Self, TypeAlias

import orjson

from assay.contract import Contract, Field
from assay.contract.field import LARGEST_EXACT_INTEGER, MISSING_TEXTS
from assay.reasons.explainer import UNSEEN

Reader: TypeAlias = Callable[[Any], float]
Row: TypeAlias = list[float]

_LARGEST: Final = sys.float_info.max


class Doubt(Exception):  # noqa: N818 # not an error: another reader decides
    """A value that the contract's own model has to look at."""


class RowReader(NamedTuple):
    """Readers of one contract's fields, in the order of the design matrix.

    Attributes
    ----------
    readers : tuple of (str, callable)
        By feature: from a value as JSON gives it to its cell of the design matrix.
    names : frozenset of str
        Every key that a row may have.
    identifier, event_time : str
        Those fields' names; empty where the contract has none.
    """

    readers: tuple[tuple[str, Reader], ...]
    names: frozenset[str]
    identifier: str
    event_time: str

    @classmethod
    def of(cls, contract: Contract) -> Self | None:
        """Return the reader of a contract, or None where its identifier is no text."""
        identifier, event_time = contract.identifier, contract.event_time
        if identifier is not None and identifier.dtype != "text":
            return None
        features = contract.features
        others = [field.name for field in (identifier, event_time) if field is not None]
        return cls(
            readers=tuple((field.name, _reader(field)) for field in features),
            names=frozenset([*(field.name for field in features), *others]),
            identifier=identifier.name if identifier else "",
            event_time=event_time.name if event_time else "",
        )

    def parsed(self, body: bytes) -> tuple[dict[str, Any], Row] | None:
        """Return a body's values and its row, or None where anything is in doubt."""
        try:
            values = orjson.loads(body)
        except orjson.JSONDecodeError:
            return None
        row = self.row(values)
        return None if row is None else (values, row)

    def row(self, values: Any) -> Row | None:  # noqa: ANN401 # whatever JSON holds
        """Return the row of values, or None where anything is in doubt."""
        if type(values) is not dict or not values.keys() <= self.names:
            return None
        get = values.get
        try:
            self.check_others(values)
            return [read(get(name)) for name, read in self.readers]
        except (Doubt, ValueError, IndexError):
            return None

    def check_others(self, values: Mapping[str, Any]) -> None:
        """Return where identifier and time are as a row may have them.

        Raises
        ------
        Doubt, ValueError, IndexError
            Where one has to be looked at.
        """
        if self.identifier:
            given = values.get(self.identifier)
            if given is not None and type(given) is not str:
                raise Doubt
        if self.event_time:
            given = values.get(self.event_time)
            if given is None:
                return
            if type(given) is not str:
                raise Doubt
            datetime.fromisoformat(given)
            if given[4] != "-" or not given[5:7].isdigit():
                raise Doubt


def _reader(field: Field) -> Reader:
    if field.is_numeric:
        return _number_reader(field)
    known, kinds = codes(field)
    if field.has_text_categories and field.unseen != "refuse":
        return _word_reader(known, field)
    return _table_reader(known, kinds, field)


def codes(field: Field) -> tuple[dict[Any, float], tuple[type, ...]]:
    """Return the cells of a field's known values, and the types that these have.

    Of words with white space around them only those that no strip changes are in.
    """
    if field.dtype == "boolean":
        return {True: 1.0, False: 0.0}, (bool,)
    if not field.has_text_categories:
        return {code: float(code) for code in field.categories}, (int, float)
    words = {str(word): float(code) for code, word in enumerate(field.categories)}
    if field.unseen == "refuse":
        missing = {"": math.nan} if field.nulls == "allow" else {}
        return words | missing, (str,)
    return {word: code for word, code in words.items() if word == word.strip()}, (str,)


def bounds(field: Field) -> tuple[float, float]:
    """Return the least and the greatest number that a field takes."""
    limit = float(LARGEST_EXACT_INTEGER) if field.dtype == "integer" else _LARGEST
    low = -limit if field.minimum is None else max(field.minimum, -limit)
    high = limit if field.maximum is None else min(field.maximum, limit)
    return low, high


def _number_reader(field: Field) -> Reader:
    low, high = bounds(field)
    is_whole, gap = field.dtype == "integer", _gap(field)

    def read(value: Any) -> float:  # noqa: ANN401 # whatever JSON holds
        if type(value) is float:
            if low <= value <= high and not (is_whole and not value.is_integer()):
                return value
        elif type(value) is int:
            if low <= value <= high:
                return float(value)
        elif value is None and gap is not None:
            return gap
        raise Doubt

    return read


def _table_reader(
    known: Mapping[Any, float], types: tuple[type, ...], field: Field
) -> Reader:
    gap = _gap(field)

    def read(value: Any) -> float:  # noqa: ANN401 # whatever JSON holds
        if type(value) in types:
            found = known.get(value)
            if found is not None:
                return found
        elif value is None and gap is not None:
            return gap
        raise Doubt

    return read


def _word_reader(words: Mapping[Any, float], field: Field) -> Reader:
    gap = _gap(field)
    missing = MISSING_TEXTS - {str(word) for word in field.categories}

    def read(value: Any) -> float:  # noqa: ANN401 # whatever JSON holds
        if type(value) is str:
            found = words.get(value)
            if found is not None:
                return found
            word = value.strip()
            if word not in missing and "\x00" not in word:
                return words.get(word, UNSEEN)
            is_missing = word in missing
        else:
            is_missing = value is None
        if gap is not None and is_missing:
            return gap
        raise Doubt

    return read


def _gap(field: Field) -> float | None:
    return math.nan if field.nulls == "allow" else None
