"""``POST /v1/models/{model}/outcomes``: what became of decisions, once it is known."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool

from assay.errors import LedgerError
from assay.ledger import Receipt
from assay.ledger.lookup import Judged, Outcome, RequestIndex, judge_outcomes
from serving.middleware import read_json_body
from serving.numbers import WHOLE
from serving.problems import Problem

MOST_OUTCOMES = 1_000
"""Labels in one request."""

Append = Callable[[bytes], Awaitable[Receipt] | None]


class _Reported(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    request_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:\-]{1,128}(/\d{1,7})?$")]
    label: Annotated[int, Field(ge=0, le=1), WHOLE]
    observed_at: AwareDatetime | None = None


class _Report(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    outcomes: Annotated[list[_Reported], Field(min_length=1, max_length=MOST_OUTCOMES)]


@dataclass(frozen=True, slots=True)
class OutcomeDesk:
    """Where labels are held against decisions and written down.

    Attributes
    ----------
    index : RequestIndex
        Of the ledger.
    append : callable
        From an entry to its receipt once it is safe, such as `LoopCommitter.append`;
        None where no ledger is kept.
    late_after : callable
        From a model's name to the age of a decision from which a label is late; raises
        `Problem` 404 where there is no such model.
    counts : Counter
        By (model, status), and by (model, "late"), since the process began.
    """

    index: RequestIndex
    append: Append
    late_after: Callable[[str], timedelta]
    counts: Counter[tuple[str, str]]


def outcomes_router(desk: OutcomeDesk, most_bytes: int) -> APIRouter:
    """Return the route that takes labels.

    A label counts once it is in the ledger, and the answer leaves after that. The same
    label twice changes nothing; another label corrects. Two workers that get the same
    label at the same moment may both write it, which changes nothing either.

    Parameters
    ----------
    desk : OutcomeDesk
        Where labels go.
    most_bytes : int
        Largest body.
    """
    router = APIRouter(include_in_schema=False)  # serving.openapi describes them
    one_at_a_time = asyncio.Lock()

    @router.post("/v1/models/{model}/outcomes")
    async def report_outcomes(model: str, request: Request) -> dict[str, Any]:
        late_after = desk.late_after(model)
        outcomes = _parsed(await read_json_body(request, most_bytes))
        async with one_at_a_time:
            judged = await run_in_threadpool(
                judge_outcomes,
                desk.index,
                model,
                outcomes,
                now=datetime.now(UTC),
                late_after=late_after,
            )
            receipts = await _written(desk.append, judged)
        for each in judged:
            desk.counts[model, each.status] += 1
            desk.counts[model, "late"] += each.is_late
        return _answer(judged, receipts)

    return router


def _parsed(body: bytes) -> list[Outcome]:
    try:
        report = _Report.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)
        errors = [
            {
                "field": ".".join(map(str, each["loc"])),
                "rule": each["type"],
                "allowed": each["msg"],
            }
            for each in first
        ]
        status = 400 if any(each["type"] == "json_invalid" for each in first) else 422
        raise Problem(
            status,
            'send {"outcomes": [{"request_id": text, "label": 0 or 1, "observed_at": '
            f"time with zone, optional}}]}}, at most {MOST_OUTCOMES} of them",
            {"errors": errors[:20], "n_errors": len(errors)},
        ) from None
    return [
        Outcome(each.request_id, each.label, each.observed_at) for each in report.outcomes
    ]


async def _written(append: Append, judged: list[Judged]) -> list[Receipt | None]:
    try:
        waiting = [append(each.entry) for each in judged if each.entry is not None]
        taken = [each for each in waiting if each is not None]
        if len(taken) < len(waiting):
            raise Problem(503, "no ledger is kept here: set ASSAY_LEDGER_MODE=durable")
        receipts = iter(await asyncio.gather(*taken))
    except LedgerError as error:
        raise Problem(
            503,
            f"the labels could not be written: {error}; send them again",
            headers={"Retry-After": "5"},
        ) from error
    return [next(receipts) if each.entry is not None else None for each in judged]


def _answer(judged: list[Judged], receipts: list[Receipt | None]) -> dict[str, Any]:
    counts = Counter[str](each.status for each in judged)
    statuses = ("accepted", "corrected", "duplicate", "unknown")
    return {
        **{f"n_{status}": counts[status] for status in statuses},
        "n_late": sum(each.is_late for each in judged),
        "outcomes": [
            {
                "request_id": each.request_id,
                "status": each.status,
                "is_late": each.is_late,
                "decision_id": each.decision or None,
                "record": receipt.address if receipt else None,
                "is_durable": receipt.is_durable if receipt else None,
            }
            for each, receipt in zip(judged, receipts, strict=True)
        ],
    }
