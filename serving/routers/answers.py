"""``/v1/answers`` and ``/v1/passages``: questions to the documents."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from assay.settings import Settings
from serving.answers.desk import AnswerDesk
from serving.answers.requests import Feedback, checked_question, parsed
from serving.middleware import read_json_body
from serving.problems import Problem

if TYPE_CHECKING:
    from assay.retrieval.search import Found

JSON = "application/json"
EVENTS = "text/event-stream"
MOST_AT_ONCE = 4


def answers_router(settings: Settings) -> APIRouter:
    """Return the routes that answer from documents.

    Answers are made in threads of their own, so that decisions never wait for them.
    """
    desk = AnswerDesk(settings)
    most_bytes = settings.api_body_bytes

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.answers = desk
        desk.start()
        yield
        await to_thread.run_sync(desk.close)

    router = APIRouter(include_in_schema=False, lifespan=lifespan)
    limiter = CapacityLimiter(MOST_AT_ONCE)

    @router.post("/v1/answers")
    async def answer(request: Request) -> Response:
        asked = checked_question(await read_json_body(request, most_bytes))
        made = partial(desk.answer, asked, request.state.request_id)
        return _json(await to_thread.run_sync(made, limiter=limiter))

    @router.post("/v1/answers/stream")
    async def stream(request: Request) -> Response:
        asked = checked_question(await read_json_body(request, most_bytes))
        desk.keeper.index()  # a 503 problem rather than a stream that ends at once
        made = partial(desk.answer, asked, request.state.request_id)
        return StreamingResponse(_events(made, limiter), media_type=EVENTS)

    @router.get("/v1/passages/{name:path}")
    async def passage(name: str, context: str = "500") -> Response:
        if not (context.isascii() and context.isdigit() and len(context) < 6):
            raise Problem(422, f"context is a number of characters below {10**5}")
        return _json(desk.passage(name, int(context)))

    @router.post("/v1/answers/{address}/feedback")
    async def feedback(address: str, request: Request) -> Response:
        said = parsed(Feedback, await read_json_body(request, most_bytes))
        kept = partial(desk.feedback, address, said, request.state.request_id)
        return _json(await to_thread.run_sync(kept, limiter=limiter), 201)

    return router


def _json(content: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(content), status_code=status, media_type=JSON)


async def _events(
    made: partial[dict[str, Any]], limiter: CapacityLimiter
) -> AsyncIterator[bytes]:
    """Return evidence as soon as it is found, then each quote, then the whole answer."""
    loop, queue = asyncio.get_running_loop(), asyncio.Queue[bytes | None]()

    def tell(found: Found) -> None:
        evidence = {
            "passages": [
                {"passage_id": hit.passage.passage_id, "score": hit.score}
                for hit in found.hits
            ],
            "probability": found.gate.probability,
        }
        loop.call_soon_threadsafe(queue.put_nowait, _event("evidence", evidence))

    async def work() -> None:
        try:
            given = await to_thread.run_sync(partial(made, tell=tell), limiter=limiter)
            for quote in given["quotes"]:
                queue.put_nowait(_event("quote", quote))
            queue.put_nowait(_event("answer", given))
        except Problem as problem:
            said = {"status": problem.status, "detail": problem.detail}
            queue.put_nowait(_event("problem", said))
        finally:
            queue.put_nowait(None)

    working = asyncio.create_task(work())
    while (event := await queue.get()) is not None:
        yield event
    await working


def _event(name: str, content: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), orjson.dumps(content))
