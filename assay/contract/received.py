"""Received cells as values of a contract's types.

Data arrive as text (CSV), as typed columns (Parquet) or as Python objects (SQL). The
functions here read one column and say of each cell whether it is missing, a value or
something that cannot be one. They judge no bounds: that is `assay.quality`.

What counts as missing: ``None``, NaN, NaT, NA, text of nothing but white space, and the
texts in `MISSING_TEXTS` as written there. White space around a text is not part of it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assay.contract.field import LARGEST_EXACT_INTEGER, MISSING_TEXTS

Mask: TypeAlias = NDArray[np.bool_]

BOOLEAN_TEXTS = {
    **dict.fromkeys(("true", "t", "yes", "y", "1", "1.0"), 1.0),
    **dict.fromkeys(("false", "f", "no", "n", "0", "0.0"), 0.0),
}
"""Texts that are truth values, in lower case."""

_NOT_UNICODE = "\ufffd"
"""Stands for a text that no file can hold: the replacement character, alone."""

_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_INFINITY = r"^(?i:[+-]?inf(inity)?)$"
_INSTANT = (
    r"^\d{4}-\d{2}-\d{2}"
    r"([T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?( ?(Z|[+-]\d{2}(:?\d{2})?))?)?$"
)


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """One column, read as one type.

    Attributes
    ----------
    typed : Series of shape (n_rows,)
        float64 for numbers and truth values, ``datetime64[ns, UTC]`` for instants,
        objects for texts; empty (NaN, NaT, None) where missing or unreadable.
    missing : ndarray of bool of shape (n_rows,)
        Cells that hold nothing.
    unreadable : ndarray of bool of shape (n_rows,)
        Cells that hold something of another type.
    inexact : ndarray of bool of shape (n_rows,)
        Numbers beyond the integers that a float64 holds exactly.
    """

    typed: pd.Series
    missing: Mask
    unreadable: Mask
    inexact: Mask


def numbers(column: pd.Series) -> Cells:
    """Return a column as float64 numbers; infinities stay, truth values are none.

    Examples
    --------
    >>> read = numbers(pd.Series([" 12", "1e3", "NA", "about 5"]))
    >>> read.typed.tolist(), read.missing.tolist(), read.unreadable.tolist()
    ([12.0, 1000.0, nan, nan], [False, False, True, False], [False, False, False, True])
    """
    plain = _plain(column)
    if plain.dtype.kind in "iuf":
        values = plain.astype(np.float64)
        beyond = (plain > LARGEST_EXACT_INTEGER) | (plain < -LARGEST_EXACT_INTEGER)
        return _cells(values, np.isnan(values), _none(values), beyond)
    if plain.dtype.kind != "O":
        return _nothing_readable(plain)
    values = np.full(len(plain), np.nan)
    missing, is_text = _missing_and_text(plain)
    beyond = _none(values)
    texts = _arrow(plain[is_text])
    values[is_text], beyond[is_text] = _numbers_of_texts(texts)
    missing[is_text] = _is_missing(texts, ())
    for row in np.flatnonzero(~missing & ~is_text):
        values[row], beyond[row] = _number_of(plain[row])
    return _cells(values, missing, np.isnan(values) & ~missing, beyond)


def truths(column: pd.Series) -> Cells:
    """Return a column as 0.0 and 1.0; see `BOOLEAN_TEXTS` for the texts allowed."""
    plain = _plain(column)
    if plain.dtype.kind == "b":
        values = plain.astype(np.float64)
        return _cells(values, _none(values), _none(values))
    if plain.dtype.kind in "iuf":
        number = plain.astype(np.float64)
        missing = np.isnan(number)
        values = np.where((number == 0) | (number == 1), number, np.nan)
        return _cells(values, missing, np.isnan(values) & ~missing)
    if plain.dtype.kind != "O":
        return _nothing_readable(plain)
    values = np.full(len(plain), np.nan)
    missing, is_text = _missing_and_text(plain)
    texts = _arrow(plain[is_text])
    values[is_text] = (
        pd.Series(_objects(pc.utf8_lower(texts))).map(BOOLEAN_TEXTS).to_numpy(np.float64)
    )
    missing[is_text] = _is_missing(texts, ())
    for row in np.flatnonzero(~missing & ~is_text):
        if isinstance(plain[row], bool | np.bool_ | int | float | np.number):
            values[row] = plain[row] if plain[row] in (0, 1) else np.nan
    return _cells(values, missing, np.isnan(values) & ~missing)


def instants(column: pd.Series) -> Cells:
    """Return a column as instants in UTC; a time without an offset is read as UTC.

    Texts are read in ISO 8601 from the whole date on (``2026-01-31``,
    ``2026-01-31T08:30:00+02:00``). Numbers are not instants: their unit is unknown.
    Years that nanoseconds since 1970 cannot hold (before 1678, after 2261) neither.
    """
    if isinstance(column.dtype, pd.DatetimeTZDtype) or column.dtype.kind == "M":
        return _instants(_nanoseconds(column), column.isna().to_numpy())
    plain = _plain(column)
    nanoseconds = np.full(len(plain), "NaT", dtype="datetime64[ns]")
    missing, is_text = _missing_and_text(plain)
    if plain.dtype.kind != "O":
        return _instants(nanoseconds, missing)
    texts = _arrow(plain[is_text])
    readable = _matches(texts, _INSTANT)
    missing[is_text] = _is_missing(texts, ())
    parsed = pd.to_datetime(
        pd.Series(_objects(texts)[readable]), utc=True, format="ISO8601", errors="coerce"
    )
    nanoseconds[np.flatnonzero(is_text)[readable]] = _nanoseconds(parsed)
    nanoseconds[~missing & ~is_text] = _instants_of(plain[~missing & ~is_text])
    return _instants(nanoseconds, missing)


def words(column: pd.Series, listed: Collection[str] = ()) -> Cells:
    """Return a column as texts without the white space around them.

    A whole number is its digits (an identifier that a file holds as 17 or, beside
    missing ones, as 17.0). `listed` are texts that are never missing.
    """
    plain = _plain(column)
    if plain.dtype.kind not in "iufO":
        nothing = np.full(len(plain), None, dtype=object)
        return _nothing_readable(plain, nothing)
    if plain.dtype.kind != "O":
        plain = plain.astype(object)
    values: NDArray[np.object_] = np.full(len(plain), None, dtype=object)
    missing, is_text = _missing_and_text(plain)
    texts = _arrow(plain[is_text])
    values[is_text] = _objects(texts)
    missing[is_text] = _is_missing(texts, listed)
    for row in np.flatnonzero(~missing & ~is_text):
        values[row] = _digits_of(plain[row])
    values[missing | (values == _NOT_UNICODE)] = None
    return _cells(values, missing, np.asarray(pd.isna(values)) & ~missing)


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return _NOT_UNICODE
    return text


def _plain(column: pd.Series) -> NDArray[Any]:
    """Return a numpy array; whatever numpy has no type for becomes objects."""
    if isinstance(column.dtype, np.dtype):
        return column.to_numpy()
    return column.astype(object).to_numpy(dtype=object)


def _missing_and_text(plain: NDArray[Any]) -> tuple[Mask, Mask]:
    is_missing = np.asarray(pd.isna(plain), dtype=bool)
    if pd.api.types.infer_dtype(plain, skipna=True) == "string":
        return is_missing, ~is_missing
    is_text = np.fromiter((isinstance(cell, str) for cell in plain), bool, len(plain))
    return is_missing, is_text


def _arrow(texts: NDArray[Any]) -> Any:  # noqa: ANN401 # pyarrow has no types
    try:
        array = pa.array(texts, pa.string())
    except UnicodeEncodeError:  # half a surrogate pair: no file can hold it
        array = pa.array([_encodable(text) for text in texts], pa.string())
    return pc.utf8_trim_whitespace(array)


def _objects(texts: Any) -> NDArray[np.object_]:  # noqa: ANN401 # pyarrow has no types
    return np.asarray(texts.to_numpy(zero_copy_only=False), dtype=object)


def _matches(texts: Any, pattern: str) -> Mask:  # noqa: ANN401 # pyarrow has no types
    found = pc.match_substring_regex(texts, pattern)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=bool)


def _is_missing(texts: Any, listed: Collection[str]) -> Mask:  # noqa: ANN401 # as above
    absent = pa.array(sorted(MISSING_TEXTS - set(listed)), pa.string())
    found = pc.is_in(texts, value_set=absent)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=bool)


def _numbers_of_texts(texts: Any) -> tuple[NDArray[np.float64], Mask]:  # noqa: ANN401 # as above
    values = np.full(len(texts), np.nan)
    readable = _matches(texts, _NUMBER)
    digits = pc.replace_substring_regex(texts.filter(pa.array(readable)), r"^\+", "")
    values[readable] = digits.cast(pa.float64()).to_numpy(zero_copy_only=False)
    endless = _matches(texts, _INFINITY)
    values[endless] = np.where(_matches(texts, "^-")[endless], -np.inf, np.inf)
    beyond = np.abs(values) > LARGEST_EXACT_INTEGER
    for row in np.flatnonzero(np.abs(values) == LARGEST_EXACT_INTEGER):
        beyond[row] = float(texts[row].as_py()) != _whole(texts[row].as_py())
    return values, beyond


def _whole(text: str) -> int | float:
    """Return digits as an exact integer, anything else as the float it is."""
    return int(text) if text.lstrip("+-").isdigit() else float(text)


def _number_of(cell: object) -> tuple[float, bool]:
    if isinstance(cell, bool | np.bool_ | bytes | complex | np.complexfloating):
        return np.nan, False
    try:
        value = float(cell)  # type: ignore[arg-type] # whatever is no number raises
        return value, bool(abs(cell) > LARGEST_EXACT_INTEGER)  # type: ignore[arg-type] # idem
    except OverflowError:
        return np.inf, True
    except (TypeError, ValueError):
        return np.nan, False


def _instants(nanoseconds: NDArray[np.datetime64], missing: Mask) -> Cells:
    values = pd.Series(nanoseconds).dt.tz_localize("UTC")
    return Cells(values, missing, np.isnat(nanoseconds) & ~missing, _none(missing))


def _instants_of(cells: NDArray[np.object_]) -> NDArray[np.datetime64]:
    """Return objects that are times as nanoseconds in UTC, anything else as NaT."""
    times = [cell if isinstance(cell, date | np.datetime64) else pd.NaT for cell in cells]
    column = pd.Series(times, dtype=object)
    return _nanoseconds(pd.to_datetime(column, utc=True, errors="coerce"))


def _digits_of(cell: object) -> str | None:
    if isinstance(cell, bool | np.bool_):
        return None
    if isinstance(cell, int | np.integer):
        return str(int(cell))
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        return str(int(cell))
    return None


def _nanoseconds(column: pd.Series) -> NDArray[np.datetime64]:
    """Return datetimes as nanoseconds in UTC, NaT where nanoseconds do not reach."""
    aware = isinstance(column.dtype, pd.DatetimeTZDtype)
    utc = column.dt.tz_convert("UTC").dt.tz_localize(None) if aware else column
    array = utc.to_numpy()
    seconds = array.astype("datetime64[s]")
    first, last = np.datetime64("1677-09-22", "s"), np.datetime64("2262-04-11", "s")
    reached = (seconds > first) & (seconds < last)
    unit = array.dtype
    return (
        np.where(reached, array, np.datetime64("NaT"))
        .astype(unit)
        .astype("datetime64[ns]")
    )


def _none(like: NDArray[Any]) -> Mask:
    return np.zeros(len(like), dtype=bool)


def _cells(
    values: NDArray[Any], missing: Mask, unreadable: Mask, inexact: Mask | None = None
) -> Cells:
    beyond = _none(missing) if inexact is None else inexact
    return Cells(pd.Series(values), missing, unreadable, beyond)


def _nothing_readable(plain: NDArray[Any], values: NDArray[Any] | None = None) -> Cells:
    """Return a column of another type altogether: only its gaps are understood."""
    missing = np.asarray(pd.isna(plain), dtype=bool)
    empty = np.full(len(plain), np.nan) if values is None else values
    return _cells(empty, missing, ~missing)
