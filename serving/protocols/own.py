"""The service's own batch, as the translators see it."""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import orjson
from fastapi import Request
from starlette.concurrency import run_in_threadpool

from serving.champion import Champion
from serving.problems import Problem
from serving.routers.scoring import scored_batch

_CONSTANTS: Mapping[str, None] = {"NaN": None}  # infinity is in no contract
Row: TypeAlias = Mapping[str, Any]


class Answered(Protocol):
    """A batch's answer in bytes and the headers that speak of its record."""

    @property
    def content(self) -> bytes:
        """The body, as ``/score/batch`` gives it."""

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """Headers beside those that every answer has."""


DecideMany: TypeAlias = Callable[[Champion, bytes, str], Awaitable[Answered]]
"""From a champion, the body of ``/score/batch`` and a request id to its answer."""


@dataclass(frozen=True, slots=True)
class PlainAnswer:
    """An answer of which no record is kept."""

    content: bytes
    headers: list[tuple[bytes, bytes]]


async def without_record(champion: Champion, body: bytes, request_id: str) -> Answered:
    """Decide on a batch off the event loop, and keep no record."""
    content = await run_in_threadpool(scored_batch, champion, body, request_id)
    return PlainAnswer(content, [])


@dataclass(frozen=True, slots=True)
class Decisions:
    """The decisions on a batch.

    Attributes
    ----------
    head : mapping
        ``model``, ``version``, ``bundle_digest``, ``request_id``, ``threshold``.
    scores : list of mapping
        One a row: ``probability``, ``decision`` and what else the service gives.
    headers : list of (bytes, bytes)
        Headers beside those that every answer has.
    """

    head: Mapping[str, Any]
    scores: list[dict[str, Any]]
    headers: list[tuple[bytes, bytes]]


async def decisions(
    decide_many: DecideMany, champion: Champion, rows: Sequence[Row], request: Request
) -> Decisions:
    """Return the decisions on rows.

    Raises
    ------
    Problem
        422 where they break the contract, each wrong value with its row.
    """
    n_infinite = sum(
        isinstance(value, float) and not math.isfinite(value)
        for row in rows
        for value in row.values()
    )
    if n_infinite:  # orjson would write them as null, which is a missing value
        raise Problem(422, f"{n_infinite} values are not finite; a missing one is null")
    try:
        body = orjson.dumps({"rows": rows})
    except (TypeError, orjson.JSONEncodeError) as error:
        raise Problem(422, f"the rows hold a value that JSON has not: {error}") from error
    answer = await decide_many(champion, body, request.state.request_id)
    head = orjson.loads(answer.content)
    return Decisions(head, head.pop("scores"), answer.headers)


def parsed_json(body: bytes) -> dict[str, Any]:
    """Return the JSON object in a body; ``NaN``, which is no JSON, is a missing value.

    MLflow's and other clients of Python write it for a missing number.

    Raises
    ------
    Problem
        400 where it is none.
    """
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if b"NaN" not in body:
            raise Problem(400, f"the body is not JSON: {error}") from error
        content = _with_nan(body)
    if not isinstance(content, dict):
        raise Problem(400, "the body is JSON and no object; send one JSON object")
    return content


def _with_nan(body: bytes) -> object:
    try:
        return json.loads(body, parse_constant=_CONSTANTS.__getitem__)
    except (ValueError, KeyError, RecursionError) as error:
        raise Problem(400, f"the body is not JSON: {str(error)[:200]}") from error
