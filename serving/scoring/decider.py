"""Decide on one row or on many, keep the records, return the answer's bytes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import orjson
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from assay.errors import LedgerError
from assay.ledger import Receipt
from serving.boundary.metrics import Metrics
from serving.champion import Champion
from serving.problems import Problem
from serving.refusals import refusal
from serving.scoring.decision import Decision, scored_features
from serving.scoring.records import DecisionStream
from serving.scoring.refused import refusal_entry

Header: TypeAlias = tuple[bytes, bytes]
Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Answer:
    """A 200's body and the headers that speak of its record."""

    content: bytes
    headers: list[Header]


class Decider:
    """What the routes that decide have in common.

    Parameters
    ----------
    stream : DecisionStream
        Where records go.
    metrics : Metrics, optional
        Where decisions, refusals and commits are counted.
    """

    def __init__(self, stream: DecisionStream, metrics: Metrics | None = None) -> None:
        self.stream, self.metrics = stream, metrics or Metrics()

    async def one(self, champion: Champion, body: bytes, request_id: str) -> Answer:
        """Return the answer to one row, its record kept.

        Raises
        ------
        Problem
            400 or 422 where the body breaks the contract, its refusal recorded; 503
            where the ledger takes no record.
        """
        try:
            content, waiting = self.begin(champion, body, request_id)
        except Problem as problem:
            if problem.status < 500:
                await self.refused(champion, problem, body, request_id)
            raise
        if waiting is None:
            return Answer(content, self.stream.headers)
        begin_wait = time.perf_counter()
        try:
            receipt = await waiting
            self.metrics.committed(time.perf_counter() - begin_wait)
        except LedgerError as error:
            raise self.stream.refusal(error) from error
        return Answer(content, [*self.stream.headers, _record_header(receipt)])

    def begin(
        self, champion: Champion, body: bytes, request_id: str
    ) -> tuple[bytes, asyncio.Future[Receipt] | None]:
        """Return the answer's body, and what it has to wait for.

        Raises
        ------
        Problem
            As `one`, the refusal not recorded.
        """
        begin = time.perf_counter_ns()
        decision = decide(champion, body)
        self.metrics.decided(champion, decision.is_adverse)
        content = champion.forms.answer(decision, request_id)
        if not self.stream.is_kept:
            return content, None
        latency = (time.perf_counter_ns() - begin) // 1000
        record = champion.forms.record(decision, request_id, latency)
        return content, self.stream.append(record)

    async def many(self, champion: Champion, body: bytes, request_id: str) -> Answer:
        """Return the answer to many rows, in their order; one bad row refuses them all.

        Each row has a record of its own, ``<request id>/<position from 0>``.

        Raises
        ------
        Problem
            As `one`.
        """
        begin = time.perf_counter_ns()
        try:
            decisions = await asyncio.to_thread(decide_all, champion, body)
        except Problem as problem:
            await self.refused(champion, problem, body, request_id)
            raise
        self.metrics.decided_all(champion, [each.is_adverse for each in decisions])
        forms = champion.forms
        content = forms.batch_answer(decisions, request_id)
        if not self.stream.is_kept:
            return Answer(content, self.stream.headers)
        latency = (time.perf_counter_ns() - begin) // 1000
        records = [
            forms.record(each, f"{request_id}/{position}", latency)
            for position, each in enumerate(decisions)
        ]
        receipt = await self.stream.keep(records)
        assert receipt is not None  # noqa: S101 # it is kept, and a batch has a row
        return Answer(content, [*self.stream.headers, _record_header(receipt)])

    async def refused(
        self, champion: Champion, problem: Problem, body: bytes, request_id: str
    ) -> None:
        """Record that a body was refused and why, without what it held.

        Raises
        ------
        Problem
            503 where the ledger takes no record.
        """
        self.metrics.refused(champion.model_name, problem.members.get("errors", ()))
        if self.stream.is_kept:
            entry = refusal_entry(champion, problem, body, request_id)
            await self.stream.keep([entry])


def decide(champion: Champion, body: bytes) -> Decision:
    """Return the decision on one row.

    Raises
    ------
    Problem
        If the body breaks the contract.
    """
    reader, engine = champion.reader, champion.engine
    if reader is not None and engine is not None:
        parsed = reader.parsed(body)
        if parsed is not None:
            return _by_table(champion, *parsed)
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
    reader, engine = champion.reader, champion.engine
    limit = champion.contract.limits.batch_rows
    if reader and engine and isinstance(rows, list) and 0 < len(rows) <= limit:
        read = [reader.row(values) for values in rows]
        matrix = [row for row in read if row is not None]
        if len(matrix) == len(rows):
            return decide_rows(champion, rows, matrix)
    try:
        batch = champion.batch_model.model_validate_json(body)
    except ValidationError as error:
        raise refusal(error, champion.contract, in_batch=True) from None
    validated = batch.rows  # type: ignore[attr-defined] # made at run time
    return _validated(champion, validated, rows or [None] * len(validated))


def _by_table(
    champion: Champion, values: Mapping[str, Any], row: list[float]
) -> Decision:
    assert champion.engine is not None  # noqa: S101 # callers asked
    probability, contributions = champion.engine.decide(row)
    features = scored_features(row, values, champion.names)
    if contributions is None:
        return Decision(values, features, probability, False, None)
    reasons = _reasons(champion, contributions)
    return Decision(values, features, probability, True, reasons)


def decide_rows(
    champion: Champion, sent: Sequence[Mapping[str, Any]], rows: list[list[float]]
) -> list[Decision]:
    """Return the decisions on rows of the design matrix, by the version's engine.

    Parameters
    ----------
    champion : Champion
        Has an engine.
    sent : sequence of mapping
        The rows as they were sent.
    rows : list of list of float
        The same as rows of the design matrix.
    """
    assert champion.engine is not None  # noqa: S101 # callers asked
    engine, names, threshold = champion.engine, champion.names, champion.threshold
    found = []
    for values, row, probability in zip(
        sent, rows, engine.probabilities(np.array(rows)).tolist(), strict=True
    ):
        features = scored_features(row, values, names)
        is_adverse = probability >= threshold
        why = _reasons(champion, engine.weights(row)) if is_adverse else None
        found.append(Decision(values, features, probability, is_adverse, why))
    return found


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
        return decide_rows(champion, given, champion.explainer.matrix(values).tolist())
    probabilities = champion.probabilities(values).tolist()
    reasons = champion.reasons(values, probabilities)
    return [
        Decision(
            inputs,
            {name: _as_fed(of_row[name]) for name, _ in champion.names},
            probability,
            probability >= champion.threshold,
            None if why is None else tuple((each.field, each.text) for each in why),
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


def _record_header(receipt: Receipt) -> Header:
    return b"x-assay-record", receipt.address.encode()
