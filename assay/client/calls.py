"""What is said to the service: requests as plain values."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, TypeAlias
from urllib.parse import quote

import orjson

Row: TypeAlias = Mapping[str, float | int | str | bool | None]


@dataclass(frozen=True, slots=True)
class Call:
    """One request; the same again at every attempt."""

    method: str
    path: str
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a decision.

    Attributes
    ----------
    request_id : str
        The decision's.
    label : int
        0 or 1, 1 being what the contract calls bad.
    observed_at : datetime, optional
        When it was known, with a time zone.
    """

    request_id: str
    label: int
    observed_at: datetime | None = None


def score_call(
    model: str,
    row: Row,
    request_id: str | None = None,
    idempotency_key: str | None = None,
) -> Call:
    """Return the request for a decision on one row."""
    return _post(f"{_model(model)}/score", row, request_id, idempotency_key)


def batch_call(
    model: str,
    rows: Sequence[Row],
    request_id: str | None = None,
    idempotency_key: str | None = None,
) -> Call:
    """Return the request for decisions on many rows."""
    path = f"{_model(model)}/score/batch"
    return _post(path, {"rows": list(rows)}, request_id, idempotency_key)


def outcomes_call(model: str, outcomes: Iterable[Outcome]) -> Call:
    """Return the report of outcomes."""
    entries = [
        {"request_id": each.request_id, "label": each.label}
        | ({"observed_at": each.observed_at.isoformat()} if each.observed_at else {})
        for each in outcomes
    ]
    return _post(f"{_model(model)}/outcomes", {"outcomes": entries}, None, None)


def model_call(model: str) -> Call:
    """Return the question about a model."""
    return Call("GET", _model(model))


def decision_call(decision_id: str) -> Call:
    """Return the question about a decision that was made."""
    return Call("GET", f"/v1/decisions/{quote(decision_id, safe='')}")


def chunks(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    """Return rows in lists of at most `size`, reading no further than is asked for.

    Raises
    ------
    ValueError
        If `size` is not at least 1.
    """
    if size < 1:
        raise ValueError(f"rows go in batches of at least 1, not {size}")
    source = iter(rows)
    while chunk := list(islice(source, size)):
        yield chunk


def _post(
    path: str,
    content: Mapping[str, Any],
    request_id: str | None,
    idempotency_key: str | None,
) -> Call:
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": idempotency_key or uuid.uuid4().hex,
    }
    if request_id is not None:
        headers["X-Request-Id"] = request_id
    return Call("POST", path, orjson.dumps(dict(content)), headers)


def _model(model: str) -> str:
    return f"/v1/models/{quote(model, safe='')}"
