"""``POST .../score`` and ``.../score/batch``: a decision on one row or on many.

FastAPI does not parse these bodies: the bytes go straight into the version's own reader,
and the answer's bytes straight out. `serving.scoring.front` answers the usual requests
for one row before they come here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response

from serving.catalogue import Catalogue
from serving.champion import Champion
from serving.middleware import read_json_body
from serving.scoring.decider import Answer, Decider
from serving.scoring.deciding import decide, decide_all
from serving.scoring.lines import MEDIA_TYPE, LinesResponse, answered_lines
from serving.scoring.repeats import HEADER, Repeats

JSON = "application/json"


def scoring_router(
    catalogue: Catalogue, decider: Decider, default_model: str, most_bytes: int
) -> APIRouter:
    """Return the routes that decide."""
    router = APIRouter(include_in_schema=False)  # serving.openapi describes them
    repeats = Repeats()

    @router.post("/v1/models/{model}/score")
    async def score(model: str, request: Request) -> Response:
        champion = catalogue.champion(model)
        body = await read_json_body(request, most_bytes)
        return await _answered(repeats, request, decider.one, champion, body)

    @router.post("/v1/models/{model}/score/batch")
    async def score_batch(model: str, request: Request) -> Response:
        champion = catalogue.champion(model)
        if request.headers.get("content-type", "").startswith(MEDIA_TYPE):
            return LinesResponse(answered_lines(decider, champion, request))
        body = await read_json_body(request, most_bytes)
        return await _answered(repeats, request, decider.many, champion, body)

    @router.post("/predict")
    async def predict(request: Request) -> Response:
        return await score(default_model, request)

    return router


def scored(champion: Champion, body: bytes, request_id: str) -> bytes:
    """Return the answer to one row, without a record of it.

    Raises
    ------
    Problem
        If the body breaks the contract.
    """
    return champion.forms.answer(decide(champion, body), request_id)


def scored_batch(champion: Champion, body: bytes, request_id: str) -> bytes:
    """Return the answer to many rows, in their order, without a record of them.

    Raises
    ------
    Problem
        If the body breaks the contract.
    """
    return champion.forms.batch_answer(decide_all(champion, body), request_id)


async def _answered(
    repeats: Repeats,
    request: Request,
    decide_on: Callable[[Champion, bytes, str], Awaitable[Answer]],
    champion: Champion,
    body: bytes,
) -> Response:
    def make() -> Awaitable[Answer]:
        return decide_on(champion, body, request.state.request_id)

    key = request.headers.get(HEADER)
    if key is None:
        answer = await make()
    else:
        callers = (
            request.headers.get(name, "") for name in ("authorization", "x-api-key")
        )
        place = (*callers, request.url.path)
        answer = await repeats.answer(place, key, body, make)
    response = Response(answer.content, media_type=JSON)
    response.raw_headers += answer.headers
    return response
