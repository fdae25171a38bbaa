"""Guesses at the fields of a table: type, role, bounds and categories."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from assay.contract.field import DType, Role
from assay.contract.received import Cells, instants, numbers, truths, words

MOST_CATEGORIES = 60
"""A text with more values is no category."""

FEW_CATEGORIES = 12
"""Up to so many values, a new one is refused; above, it is expected."""

PROTECTED_WORDS = frozenset(
    {"age", "sex", "gender", "race", "ethnic", "ethnicity", "marital", "marriage"}
    | {"married", "religion", "nationality", "disability", "pregnant", "pregnancy"}
    | {"birth", "birthdate", "dob", "colour", "color"}
)
_IDENTIFIER = re.compile(r"(^|_)(id|uuid|guid|key|number|no|nr)$")


@dataclass(frozen=True, slots=True)
class DraftField:
    """One drafted field; the names are those of `assay.contract.field.Field`."""

    name: str
    dtype: DType
    role: Role = "feature"
    minimum: float | None = None
    maximum: float | None = None
    categories: tuple[str, ...] = ()
    nulls: Literal["refuse", "allow"] = "refuse"
    unseen: Literal["refuse", "allow"] = "refuse"
    comments: tuple[str, ...] = ()


def draft_fields(frame: pd.DataFrame) -> tuple[list[DraftField], list[str]]:
    """Return a guess at each column's field, and the columns that no type reads.

    At most one field identifies a row and at most one dates it: the first that can.
    """
    fields: list[DraftField] = []
    unreadable: list[str] = []
    for name in map(str, frame.columns):
        column = frame[name].reset_index(drop=True)
        field = _typed(name, column)
        if field is None:
            unreadable.append(name)
        else:
            taken = {known.role for known in fields}
            fields.append(_with_role(field, column, taken))
    return fields, unreadable


def _typed(name: str, column: pd.Series) -> DraftField | None:
    """Return the field with the first type that reads every cell, if there is one."""
    for read, guess in _GUESSES:
        cells = read(column)
        if cells.missing.all():
            note = ("Nothing in it.",)
            return DraftField(name, "text", "ignored", nulls="allow", comments=note)
        field = None if cells.unreadable.any() else guess(name, cells)
        if field is None:
            continue
        if field.dtype == "integer" and _written_with_fraction(column):
            field = replace(field, dtype="number")
        return replace(field, nulls="allow") if cells.missing.any() else field
    return None


def _written_with_fraction(column: pd.Series) -> bool:
    """Whether whole numbers came as 7.0: one with a fraction may come as well."""
    if column.dtype.kind == "f":
        return True
    return bool(column.astype(str).str.contains(".", regex=False).any())


def _truth(name: str, cells: Cells) -> DraftField | None:
    del cells
    return DraftField(name, "boolean")


def _number(name: str, cells: Cells) -> DraftField | None:
    values = cells.typed.to_numpy(np.float64)[~cells.missing]
    if not np.isfinite(values).all():
        return None
    low, high = float(values.min()), float(values.max())
    whole = bool((values == np.floor(values)).all()) and not cells.inexact.any()
    minimum, maximum = _with_headroom(low, high)
    seen = f"Seen: {low:g} to {high:g}."
    return DraftField(
        name,
        "integer" if whole else "number",
        minimum=minimum,
        maximum=maximum,
        comments=(f"CHECK: bounds and unit. {seen}",),
    )


def _with_headroom(low: float, high: float) -> tuple[float, float]:
    """Return round bounds, a range away from what was seen; zero stays a bound."""
    span = (high - low) or abs(high) or 1.0
    minimum = 0.0 if low >= 0 else -_rounded_up(span - low)
    return minimum, max(_rounded_up(high + span), minimum)


def _rounded_up(value: float) -> float:
    """Return the next number with two significant digits, away from zero for > 0."""
    if value <= 0 or not np.isfinite(value):
        return 0.0 if value <= 0 else float(np.finfo(np.float64).max)
    value = max(value, 1e-300)
    unit = 10.0 ** (np.floor(np.log10(value)) - 1)
    with np.errstate(over="ignore"):  # beside the largest number there is none rounder
        rounded = float(f"{np.ceil(value / unit) * unit:.12g}")
    return max(rounded, value) if np.isfinite(rounded) else value


def _instant(name: str, cells: Cells) -> DraftField | None:
    del cells
    return DraftField(name, "timestamp", "ignored")


def _word(name: str, cells: Cells) -> DraftField | None:
    kinds = sorted(set(cells.typed[~cells.missing]))
    if len(kinds) > min(MOST_CATEGORIES, max(2, (~cells.missing).sum() // 2)):
        comment = f"{len(kinds)} different texts; left out of the model."
        return DraftField(name, "text", "ignored", comments=(comment,))
    unseen: Literal["refuse", "allow"] = "refuse"
    comments: tuple[str, ...] = ()
    if len(kinds) > FEW_CATEGORIES:
        unseen = "allow"
        comments = ("CHECK: with so many categories a new one is likely; it is allowed.",)
    return DraftField(
        name, "category", categories=tuple(kinds), unseen=unseen, comments=comments
    )


def _real_truths(column: pd.Series) -> Cells:
    """Read only what is written as true and false; 0 and 1, yes and no stay as told."""
    cells = truths(column)
    texts = column.astype(str).str.strip().str.lower()
    told = texts.isin(["true", "false"]).to_numpy() | cells.missing
    return replace(cells, unreadable=cells.unreadable | ~told)


_GUESSES: tuple[
    tuple[Callable[[pd.Series], Cells], Callable[[str, Cells], DraftField | None]], ...
] = (
    (_real_truths, _truth),
    (numbers, _number),
    (instants, _instant),
    (words, _word),
)


def _with_role(field: DraftField, column: pd.Series, taken: set[Role]) -> DraftField:
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", field.name).lower()
    tokens = set(re.split(r"[^a-z]+", name))
    full = field.nulls == "refuse"
    if field.dtype == "timestamp" and full and "event_time" not in taken:
        told = ("CHECK: is this when the decision was made? Rows are ordered by it.",)
        return replace(field, role="event_time", comments=told)
    if full and _IDENTIFIER.search(name) and _is_unique(column):
        if field.dtype in ("integer", "text", "category") and "identifier" not in taken:
            return _identifier(field)
        return replace(field, role="ignored")
    if tokens & PROTECTED_WORDS and field.dtype not in ("text", "timestamp"):
        why = "CHECK: protected by its name, kept out of the model."
        return replace(field, role="protected", comments=(why, *field.comments))
    if field.role == "feature" and _is_constant(column):
        return replace(field, role="ignored", comments=("One value in every row.",))
    return field


def _identifier(field: DraftField) -> DraftField:
    dtype: DType = "integer" if field.dtype == "integer" else "text"
    told = ("CHECK: names the row, one row each.",)
    return DraftField(field.name, dtype, "identifier", comments=told)


def _is_unique(column: pd.Series) -> bool:
    return not column.astype(str).str.strip().duplicated().any()


def _is_constant(column: pd.Series) -> bool:
    return bool((column.astype(str) == str(column.iloc[0])).all())
