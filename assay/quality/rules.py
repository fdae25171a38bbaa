"""The rules of one field, applied to one received column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from assay.contract.field import Field
from assay.contract.received import Cells, Mask, instants, numbers, truths, words

KINDS = {
    "missing": "a required value is missing",
    "not_a_number": "the value is no number",
    "not_finite": "the value is infinite",
    "not_an_integer": "the value has a fraction",
    "too_large_integer": "the integer is beyond 2**53, which a float64 cannot hold",
    "below_minimum": "the value is below the contract's minimum",
    "above_maximum": "the value, or a text's length, is above the contract's maximum",
    "unknown_category": "the value is not among the contract's categories",
    "not_a_boolean": "the value is no truth value",
    "not_text": "the value is neither text nor a whole number",
    "not_a_time": "the value is no ISO 8601 time between 1678 and 2261",
    "in_the_future": "the event is later than the moment of the check",
    "duplicate_identifier": "an earlier row has the same identifier",
    "label_overdue": "the outcome is missing although its time has come",
    "label_not_binary": "the outcome is neither 0 nor 1",
}
"""Every way to break a contract, with its meaning. A reason is ``field:kind``."""


@dataclass(frozen=True, slots=True, eq=False)
class TypedColumn:
    """One column as the contract types it, and the rows that break its field's rules.

    Attributes
    ----------
    typed : Series of shape (n_rows,)
        float64, ``datetime64[ns, UTC]`` or objects; see `assay.contract.received`.
    missing : ndarray of bool of shape (n_rows,)
        Cells that hold nothing, allowed or not.
    faults : dict of str to ndarray of bool of shape (n_rows,)
        Rows that break the field's rules, by kind, in the order of `KINDS`.
    """

    typed: pd.Series
    missing: Mask
    faults: dict[str, Mask]


def typed_column(received: pd.Series, field: Field) -> TypedColumn:
    """Return `received` in the type of `field`, with the rows that break its rules.

    The rules of the label's missing values and of what compares rows or clocks are not
    a field's own: `assay.quality.rows` has them.
    """
    cells, faults = _READ[field.dtype](received, field)
    if field.nulls == "refuse":
        faults = {"missing": cells.missing, **faults}
    return TypedColumn(cells.typed, cells.missing, faults)


def _number(received: pd.Series, field: Field) -> tuple[Cells, dict[str, Mask]]:
    cells = numbers(received)
    faults = _number_faults(cells) | _bound_faults(cells.typed, field)
    return cells, faults


def _integer(received: pd.Series, field: Field) -> tuple[Cells, dict[str, Mask]]:
    cells = numbers(received)
    values = cells.typed.to_numpy()
    finite = np.isfinite(values)
    whole = {
        "not_an_integer": finite & (np.floor(values) != values),
        "too_large_integer": finite & cells.inexact,
    }
    return cells, _number_faults(cells) | whole | _bound_faults(cells.typed, field)


def _code(received: pd.Series, field: Field) -> tuple[Cells, dict[str, Mask]]:
    cells = numbers(received)
    values = cells.typed.to_numpy()
    known = np.isin(values, np.array(field.categories, dtype=np.float64))
    faults = _number_faults(cells)
    return cells, faults | {"unknown_category": np.isfinite(values) & ~known}


def _word(received: pd.Series, field: Field) -> tuple[Cells, dict[str, Mask]]:
    cells = words(received, [str(value) for value in field.categories])
    faults = {"not_text": cells.unreadable}
    if field.unseen == "refuse":
        known = cells.typed.isin(field.categories).to_numpy()
        faults["unknown_category"] = ~known & ~cells.missing & ~cells.unreadable
    return cells, faults


def _category(received: pd.Series, field: Field) -> tuple[Cells, dict[str, Mask]]:
    read = _word if field.has_text_categories else _code
    return read(received, field)


def _text(received: pd.Series, field: Field) -> tuple[Cells, dict[str, Mask]]:
    cells = words(received)
    if not field.is_free_text:
        return cells, {"not_text": cells.unreadable}
    texts = ["" if value is None else str(value) for value in cells.typed]
    # A request with one is refused, so a model must not learn from it either.
    has_nul = np.fromiter(("\x00" in text for text in texts), bool, len(texts))
    lengths = np.fromiter(map(len, texts), np.float64, len(texts))
    return cells, {
        "not_text": cells.unreadable | has_nul,
        "above_maximum": lengths > (field.maximum or 0.0),
    }


def _truth(received: pd.Series, field: Field) -> tuple[Cells, dict[str, Mask]]:
    del field
    cells = truths(received)
    return cells, {"not_a_boolean": cells.unreadable}


def _instant(received: pd.Series, field: Field) -> tuple[Cells, dict[str, Mask]]:
    del field
    cells = instants(received)
    return cells, {"not_a_time": cells.unreadable}


_READ = {
    "number": _number,
    "integer": _integer,
    "category": _category,
    "text": _text,
    "boolean": _truth,
    "timestamp": _instant,
}


def _number_faults(cells: Cells) -> dict[str, Mask]:
    endless = np.isinf(cells.typed.to_numpy())
    return {"not_a_number": cells.unreadable, "not_finite": endless}


def _bound_faults(values: pd.Series, field: Field) -> dict[str, Mask]:
    """Return the finite values outside the bounds; a NaN is neither below nor above."""
    array = values.to_numpy()
    finite = np.isfinite(array)
    faults: dict[str, Mask] = {}
    if field.minimum is not None:
        faults["below_minimum"] = finite & (array < field.minimum)
    if field.maximum is not None:
        faults["above_maximum"] = finite & (array > field.maximum)
    return faults
