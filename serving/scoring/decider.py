"""Decide on one row or on many, keep the records, return the answer's bytes."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TypeAlias

from assay.errors import LedgerError
from assay.ledger import Receipt
from serving.boundary.metrics import Metrics
from serving.champion import Champion
from serving.problems import Problem
from serving.scoring.deciding import decide, decide_all
from serving.scoring.decision import Decision
from serving.scoring.records import DecisionStream, stream_name
from serving.scoring.refused import refusal_entry
from serving.scoring.shadow import ShadowDesk
from serving.scoring.trial import all_decided_by, decided_by, tally

Header: TypeAlias = tuple[bytes, bytes]


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
        shadows = stream_name("shadow") if stream.is_kept else ""
        self.shadow = ShadowDesk(stream.folder, shadows, decide, self.metrics.gauge)

    async def close(self) -> None:
        """Write down what shadows still score, then seal the streams."""
        await asyncio.to_thread(self.shadow.close)
        self.stream.close()

    async def one(self, champion: Champion, body: bytes, request_id: str) -> Answer:
        """Return the answer to one row, its record kept.

        Raises
        ------
        Problem
            400 or 422 where the body breaks the contract, its refusal recorded; 503
            where the ledger takes no record.
        """
        try:
            since, made = time.perf_counter_ns(), None
            if champion.takes_long:
                made = await asyncio.to_thread(_decided, champion, body)
            content, waiting = self.begin(champion, body, request_id, made, since)
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
        self,
        champion: Champion,
        body: bytes,
        request_id: str,
        made: tuple[Champion, Decision] | None = None,
        since: int | None = None,
    ) -> tuple[bytes, asyncio.Future[Receipt] | None]:
        """Return the answer's body, and what it has to wait for.

        Parameters
        ----------
        champion, body, request_id
            As `one`.
        made : tuple of (Champion, Decision), optional
            Who decided and what, where that was done elsewhere.
        since : int, optional
            When work on the request began, of `time.perf_counter_ns`; by default now.

        Raises
        ------
        Problem
            As `one`, the refusal not recorded.
        """
        begin = time.perf_counter_ns() if since is None else since
        by, decision = made or _decided(champion, body, with_features=self.stream.is_kept)
        if champion.beside is not None:
            self.shadow.offer(champion, request_id, by, decision)
        self.metrics.decided(by, decision.is_adverse)
        content = by.forms.answer(decision, request_id)
        if not self.stream.is_kept:
            return content, None
        latency = (time.perf_counter_ns() - begin) // 1000
        record = by.forms.record(decision, request_id, latency)
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
            made = await asyncio.to_thread(_decided_rows, champion, body)
        except Problem as problem:
            await self.refused(champion, problem, body, request_id)
            raise
        tally(self.metrics, made)
        self.shadow.offer_all(champion, request_id, enumerate(made))
        forms = [by.forms for by, _ in made]
        content = champion.forms.batch_answer([d for _, d in made], request_id, forms)
        if not self.stream.is_kept:
            return Answer(content, self.stream.headers)
        latency = (time.perf_counter_ns() - begin) // 1000
        records = [
            by.forms.record(each, f"{request_id}/{position}", latency)
            for position, (by, each) in enumerate(made)
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


def _decided(
    champion: Champion, body: bytes, *, with_features: bool = True
) -> tuple[Champion, Decision]:
    decision = decide(champion, body, with_features=with_features)
    if champion.beside is None:
        return champion, decision
    return decided_by(champion, decision, decide)


def _decided_rows(champion: Champion, body: bytes) -> list[tuple[Champion, Decision]]:
    return all_decided_by(champion, decide_all(champion, body), decide)


def _record_header(receipt: Receipt) -> Header:
    return b"x-assay-record", receipt.address.encode()
