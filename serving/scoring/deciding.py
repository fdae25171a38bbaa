"""From a body to a decision by one version; nothing is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import orjson
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from assay.reasons.quoting import TextReason
from serving.champion import Champion
from serving.refusals import refusal
from serving.scoring.columns import scored_columns
from serving.scoring.decision import Decision, scored_features

Floats: TypeAlias = NDArray[np.float64]


def decide(champion: Champion, body: bytes, *, with_features: bool = True) -> Decision:
    """Return the decision on one row, where asked with the features of its record.

    Raises
    ------
    Problem
        If the body breaks the contract.
    """
    reader, engine = champion.reader, champion.engine
    if reader is not None and engine is not None:
        parsed = reader.parsed(body)
        if parsed is not None:
            return _by_table(champion, *parsed, with_features=with_features)
    try:
        row = champion.row_model.model_validate_json(body)
    except ValidationError as error:
        raise refusal(error, champion.contract) from None
    (decision,) = _validated(champion, [row], [_as_sent(body)])
    return decision


def decide_all(champion: Champion, body: bytes) -> list[Decision]:
    """Return the decisions on a batch.

    Raises
    ------
    Problem
        If the body breaks the contract.
    """
    sent = _as_sent(body)
    rows = sent.get("rows") if isinstance(sent, dict) and len(sent) == 1 else None
    reader, engine = champion.columns, champion.engine
    limit = champion.contract.limits.batch_rows
    if reader and engine and isinstance(rows, list) and 0 < len(rows) <= limit:
        matrix = reader.matrix(rows)
        if matrix is not None:
            return decide_rows(champion, rows, matrix)
    try:
        batch = champion.batch_model.model_validate_json(body)
    except ValidationError as error:
        raise refusal(error, champion.contract, in_batch=True) from None
    validated = batch.rows  # type: ignore[attr-defined] # made at run time
    return _validated(champion, validated, rows or [None] * len(validated))


def _by_table(
    champion: Champion,
    values: Mapping[str, Any],
    row: list[float],
    *,
    with_features: bool,
) -> Decision:
    assert champion.engine is not None  # noqa: S101 # callers asked
    probability, contributions = champion.engine.decide(row)
    features = scored_features(row, values, champion.names) if with_features else {}
    if contributions is None:
        return Decision(values, features, probability, False, None)
    reasons = _reasons(champion, contributions)
    return Decision(values, features, probability, True, reasons)


def decide_rows(
    champion: Champion, sent: Sequence[Mapping[str, Any]], matrix: Floats
) -> list[Decision]:
    """Return the decisions on rows of the design matrix, by the version's engine.

    Parameters
    ----------
    champion : Champion
        Has an engine.
    sent : sequence of mapping
        The rows as they were sent.
    matrix : ndarray of shape (n_rows, n_features)
        The same as rows of the design matrix.
    """
    assert champion.engine is not None  # noqa: S101 # callers asked
    engine, threshold = champion.engine, champion.threshold
    features = scored_columns(matrix, sent, champion.names)
    probabilities = engine.probabilities(matrix)
    adverse = np.flatnonzero(probabilities >= threshold)
    weights = engine.weights_of(matrix[adverse])
    why = {
        number: _reasons(champion, of_row)
        for number, of_row in zip(adverse.tolist(), weights, strict=True)
    }
    return [
        Decision(values, scored, probability, number in why, why.get(number))
        for number, (values, scored, probability) in enumerate(
            zip(sent, features, probabilities.tolist(), strict=True)
        )
    ]


def _reasons(champion: Champion, contributions: Floats) -> tuple[tuple[str, str], ...]:
    assert champion.explainer is not None  # noqa: S101 # an engine is made of one
    texts = champion.explainer.texts
    return tuple(
        (texts.names[column], texts.texts[place])
        for place, column, _ in texts.heaviest(contributions)
    )


def _validated(
    champion: Champion, rows: list[BaseModel], sent: list[Any]
) -> list[Decision]:
    """Return the decisions on rows that the contract's own model took."""
    values = [champion.values(row) for row in rows]
    given = [
        one if isinstance(one, dict) else of_row
        for one, of_row in zip(sent, values, strict=True)
    ]
    if champion.engine is not None and champion.explainer is not None:
        return decide_rows(champion, given, champion.explainer.matrix(values))
    probabilities = champion.probabilities(values).tolist()
    reasons = champion.reasons(values, probabilities)
    return [
        Decision(
            inputs,
            {name: _as_fed(of_row[name]) for name, _ in champion.names},
            probability,
            probability >= champion.threshold,
            None if why is None else tuple((each.field, each.text) for each in why),
            tuple(
                (each.start, each.end)
                for each in why or ()
                if isinstance(each, TextReason)
            ),
        )
        for inputs, of_row, probability, why in zip(
            given, values, probabilities, reasons, strict=True
        )
    ]


def _as_fed(value: Any) -> Any:  # noqa: ANN401 # any kind of value
    """Return a validated value as the graph takes it; a gap as None."""
    if isinstance(value, bool):
        return float(value)
    return None if value == "" else value


def _as_sent(body: bytes) -> Any:  # noqa: ANN401 # whatever JSON holds
    """Return a body as its sender wrote it, or None where this reader cannot."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
