"""Rows and answers as streams of lines (NDJSON), in memory that does not grow.

Each line is answered by a line with its number, from 1: a decision, or a problem where
it was refused, which stops nothing. All lines of a stream are answered by one champion
and, where one is tried, its canary.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from typing import Final, TypeAlias

import numpy as np
import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from serving.champion import Champion
from serving.problems import TITLES, Problem
from serving.scoring.decider import Decider
from serving.scoring.deciding import decide, decide_rows
from serving.scoring.decision import Decision
from serving.scoring.refused import refusal_entry
from serving.scoring.trial import decided_by, tally

MEDIA_TYPE: Final = "application/x-ndjson"
MOST_LINE_BYTES: Final = 64 * 2**10
MOST_LINES: Final = 256
"""Lines that are decided, recorded and answered together."""

Line: TypeAlias = tuple[int, bytes]
By: TypeAlias = tuple[Champion, Decision | Problem]
"""Who decided on a line, and what."""


class LinesResponse(Response):
    """An answer that is written while its request is still being read.

    The framework's own streaming answer watches for a disconnect by receiving, and would
    take pieces of the body for it.
    """

    def __init__(self, content: AsyncIterator[bytes]) -> None:
        super().__init__(media_type=MEDIA_TYPE)
        del self.headers["content-length"]
        self._content = content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the lines as they come."""
        del scope, receive
        start = {"type": "http.response.start", "status": 200}
        await send({**start, "headers": self.raw_headers})
        async for piece in self._content:
            message = {"type": "http.response.body", "body": piece, "more_body": True}
            await send(message)
        await send({"type": "http.response.body", "body": b""})


async def answered_lines(
    decider: Decider, champion: Champion, request: Request
) -> AsyncIterator[bytes]:
    """Return the answers to the lines of a request's body, some at a time.

    Where the ledger takes no record the stream ends with a line of status 503: what
    follows was not answered.
    """
    request_id: str = request.state.request_id
    async for lines in _numbered(request.stream()):
        begin = time.perf_counter_ns()
        decided = await asyncio.to_thread(_decided, champion, lines)
        _tally(decider, decided)
        numbers = (number for number, _ in lines)
        decider.shadow.offer_all(champion, request_id, zip(numbers, decided, strict=True))
        if decider.stream.is_kept:
            latency = (time.perf_counter_ns() - begin) // 1000
            records = _records(lines, decided, request_id, latency)
            try:
                await decider.stream.keep(list(records))
            except Problem as problem:
                yield _refused(lines[0][0], problem)
                return
        yield b"".join(
            _refused(number, found)
            if isinstance(found, Problem)
            else b'{"line":%d,%b\n'
            % (number, by.forms.answer(found, f"{request_id}/{number}")[1:])
            for (number, _), (by, found) in zip(lines, decided, strict=True)
        )


def _tally(decider: Decider, decided: list[By]) -> None:
    made = [(by, each) for by, each in decided if not isinstance(each, Problem)]
    tally(decider.metrics, made)
    for by, each in decided:
        if isinstance(each, Problem):
            errors = each.members.get("errors", ())
            decider.metrics.refused(by.model_name, errors)


def _decided(champion: Champion, lines: list[Line]) -> list[By]:
    reader = champion.reader if champion.engine is not None else None
    read = [reader.parsed(line) if reader else None for _, line in lines]
    usual = [one for one in read if one is not None]
    quick = iter(
        decide_rows(
            champion, [one[0] for one in usual], np.array([one[1] for one in usual])
        )
        if usual
        else ()
    )
    found = [
        next(quick) if one is not None else _slowly(champion, line)
        for one, (_, line) in zip(read, lines, strict=True)
    ]
    return [
        (champion, one) if isinstance(one, Problem) else decided_by(champion, one, decide)
        for one in found
    ]


def _slowly(champion: Champion, line: bytes) -> Decision | Problem:
    if len(line) > MOST_LINE_BYTES:
        return Problem(
            413, f"the line is longer than {MOST_LINE_BYTES} bytes; send one row a line"
        )
    try:
        return decide(champion, line)
    except Problem as problem:
        return problem


def _records(
    lines: list[Line], decided: list[By], request_id: str, latency: int
) -> Iterable[bytes]:
    for (number, line), (by, found) in zip(lines, decided, strict=True):
        name = f"{request_id}/{number}"
        if isinstance(found, Problem):
            yield refusal_entry(by, found, line, name)
        else:
            yield by.forms.record(found, name, latency)


def _refused(number: int, problem: Problem) -> bytes:
    document = {
        "line": number,
        "status": problem.status,
        "title": TITLES.get(problem.status, "The line was refused"),
        "detail": problem.detail,
        **problem.members,
    }
    return orjson.dumps(document) + b"\n"


async def _numbered(pieces: AsyncIterator[bytes]) -> AsyncIterator[list[Line]]:
    """Return the lines of a body with their numbers; blank ones are only counted.

    Of a line that is too long no more is kept than shows it.
    """
    number, rest = 0, b""
    async for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        lines: list[Line] = []
        for line in whole:
            number += 1
            if line.strip():
                lines.append((number, line[: MOST_LINE_BYTES + 1]))
            if len(lines) == MOST_LINES:
                yield lines
                lines = []
        if lines:
            yield lines
        if len(rest) > MOST_LINE_BYTES:
            rest = rest[: MOST_LINE_BYTES + 1]
    if rest.strip():
        yield [(number + 1, rest)]
