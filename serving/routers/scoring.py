"""``POST .../score`` and ``.../score/batch``: a decision on one row or on many.

FastAPI does not parse these bodies: the bytes go straight into the version's own reader,
and the answer's bytes straight out. `serving.scoring.front` answers the usual requests
for one row before they come here.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from serving.catalogue import Catalogue
from serving.champion import Champion
from serving.middleware import read_json_body
from serving.scoring.decider import Answer, Decider, decide, decide_all

JSON = "application/json"


def scoring_router(
    catalogue: Catalogue, decider: Decider, default_model: str, most_bytes: int
) -> APIRouter:
    """Return the routes that decide."""
    router = APIRouter(include_in_schema=False)  # serving.openapi describes them

    @router.post("/v1/models/{model}/score")
    async def score(model: str, request: Request) -> Response:
        champion = catalogue.champion(model)
        body = await read_json_body(request, most_bytes)
        return _response(await decider.one(champion, body, request.state.request_id))

    @router.post("/v1/models/{model}/score/batch")
    async def score_batch(model: str, request: Request) -> Response:
        champion = catalogue.champion(model)
        body = await read_json_body(request, most_bytes)
        return _response(await decider.many(champion, body, request.state.request_id))

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


def _response(answer: Answer) -> Response:
    response = Response(answer.content, media_type=JSON)
    response.raw_headers += answer.headers
    return response
