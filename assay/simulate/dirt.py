"""Dirty values as real feeds have them, one kind a row."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Rows = NDArray[np.int64]

DIRTY_KINDS: dict[str, str] = {
    "missing_required": "loan_amount:missing",
    "below_minimum": "loan_amount:below_minimum",
    "above_maximum": "debt_to_income:above_maximum",
    "unknown_category": "housing:unknown_category",
    "unreadable_number": "income:not_a_number",
    "infinite": "interest_rate:not_finite",
    "duplicate_identifier": "application_id:duplicate_identifier",
    "unreadable_time": "applied_at:not_a_time",
    "future_time": "applied_at:in_the_future",
    "fractional_count": "n_inquiries:not_an_integer",
}
"""Every kind of dirt, and the reason that a check of the contract must find."""


def soil(
    clean: pd.DataFrame, share: float, rng: np.random.Generator
) -> tuple[pd.DataFrame, NDArray[np.object_]]:
    """Return a frame with one broken value in `share` of its rows, and each row's kind.

    The kinds come in equal numbers; a clean row's kind is the empty text. Two columns
    become text as a whole (``income``, ``applied_at``), as a feed with unreadable
    values would deliver them.
    """
    n_rows, kinds = len(clean), list(DIRTY_KINDS)
    n_dirty = round(share * n_rows)
    kind_of_row = np.full(n_rows, "", dtype=object)
    # The first row stays clean: a duplicate needs an earlier row to repeat.
    chosen = 1 + rng.permutation(max(n_rows - 1, 0))[:n_dirty]
    kind_of_row[chosen] = [kinds[i % len(kinds)] for i in range(len(chosen))]
    if not n_dirty:
        return clean, kind_of_row
    frame = clean.copy()
    frame["income"] = pd.Series([repr(v) for v in clean["income"].tolist()], dtype=object)
    seconds = clean["applied_at"].dt.tz_localize(None).to_numpy("datetime64[s]")
    instants = np.char.add(np.datetime_as_string(seconds), "+00:00")
    frame["applied_at"] = instants.astype(object)
    for kind, spoil in _SPOIL.items():
        spoil(frame, np.flatnonzero(kind_of_row == kind), kind_of_row)
    return frame, kind_of_row


def _constant(column: str, value: float | str) -> Callable[..., None]:
    def spoil(frame: pd.DataFrame, rows: Rows, kinds: NDArray[np.object_]) -> None:
        del kinds
        frame.loc[rows, column] = value

    return spoil


def _repeat_identifiers(
    frame: pd.DataFrame, rows: Rows, kinds: NDArray[np.object_]
) -> None:
    """Give each row the identifier of the nearest clean row before it."""
    clean = np.flatnonzero(kinds == "")
    earlier = clean[np.searchsorted(clean, rows) - 1]
    frame.loc[rows, "application_id"] = frame["application_id"].to_numpy()[earlier]


_SPOIL: dict[str, Callable[..., None]] = {
    "missing_required": _constant("loan_amount", np.nan),
    "below_minimum": _constant("loan_amount", -500.0),
    "above_maximum": _constant("debt_to_income", 99.0),
    "unknown_category": _constant("housing", "castle"),
    "unreadable_number": _constant("income", "about 40k"),
    "infinite": _constant("interest_rate", np.inf),
    "duplicate_identifier": _repeat_identifiers,
    "unreadable_time": _constant("applied_at", "31/02/2026 at noon"),
    "future_time": _constant("applied_at", "2199-01-01T00:00:00+00:00"),
    "fractional_count": _constant("n_inquiries", 1.5),
}
