"""Golden rows: what a version must answer on any machine before it may serve."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import pandas as pd

from assay.bundle import Golden, Scorer
from assay.contract import Field
from assay.errors import DataError
from assay.models.fitted import Fitted
from assay.models.parity import UNSEEN_WORD, extremes

Value: TypeAlias = float | int | str | bool | None


def golden_rows(fitted: Fitted, frame: pd.DataFrame, n: int = 50) -> Golden:
    """Return rows in order with the contract, and the graph's probabilities of them.

    Parameters
    ----------
    fitted : Fitted
        The model.
    frame : DataFrame
        Typed rows to draw from.
    n : int
        Number of rows. Half are drawn as they are; the rest has in turn a missing value
        or an unseen word in a field that allows it, or a value at a bound.

    Returns
    -------
    Golden
        Rows of plain JSON values that a request may hold, integers as integers.

    Raises
    ------
    DataError
        If `frame` has no rows.
    """
    if frame.empty:
        raise DataError("no rows to draw from; give the snapshot that was trained on")
    rng = np.random.default_rng([fitted.seed, 4])
    features = fitted.contract.features
    drawn = frame.iloc[rng.integers(len(frame), size=n)]
    rows = [
        {
            field.name: json_value(value, field)
            for field, value in zip(features, values, strict=True)
        }
        for values in drawn[[field.name for field in features]].itertuples(index=False)
    ]
    changes = _changes(features)
    for position in range(n // 2, n):
        if changes:
            field, value = changes[(position - n // 2) % len(changes)]
            rows[position][field.name] = json_value(value, field)
    columns = {field.name: [row[field.name] for row in rows] for field in features}
    scores = Scorer(fitted.graph(), fitted.contract).probabilities(columns)
    return Golden(rows=tuple(rows), probabilities=tuple(scores.tolist()))


def json_value(value: object, field: Field) -> Value:
    """Return one value of a typed frame as JSON writes it; None where missing."""
    if value is None or value == "" or pd.isna(value):  # type: ignore[call-overload] # a scalar
        return None
    if field.has_text_categories or field.is_free_text:
        return str(value)
    number = float(value)  # type: ignore[arg-type] # a number, as the frame is typed
    if field.dtype == "boolean":
        return bool(number)
    return int(number) if field.dtype in ("integer", "category") else number


def _changes(features: tuple[Field, ...]) -> list[tuple[Field, object]]:
    """Return (field, value) pairs, kinds in turn, so that few rows hold every kind."""
    missing = [(field, None) for field in features if field.nulls == "allow"]
    unseen = [(field, UNSEEN_WORD) for field in features if field.unseen == "allow"]
    bounds = [(field, value) for field in features for value in extremes(field)]
    kinds: list[list[tuple[Field, object]]] = [list(missing), list(unseen), list(bounds)]
    longest = max(len(kind) for kind in kinds)
    return [kind[i] for i in range(longest) for kind in kinds if i < len(kind)]
