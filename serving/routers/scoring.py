"""``POST .../score`` and ``.../score/batch``: a decision on one row or on many.

FastAPI does not parse these bodies: the bytes go straight into the model's own
validator, and the answer straight out of orjson.
"""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from assay.contract import Field
from assay.reasons import Reason
from assay.reasons.ranking import reasons_as_json
from serving.catalogue import Catalogue
from serving.champion import Champion
from serving.middleware import read_json_body
from serving.refusals import refusal

JSON = "application/json"


def scoring_router(
    catalogue: Catalogue, default_model: str, most_bytes: int
) -> APIRouter:
    """Return the routes that decide."""
    router = APIRouter(include_in_schema=False)  # serving.openapi describes them

    @router.post("/v1/models/{model}/score")
    async def score(model: str, request: Request) -> Response:
        champion = catalogue.champion(model)
        body = await read_json_body(request, most_bytes)
        content = scored(champion, body, request.state.request_id)
        return Response(content, media_type=JSON)

    @router.post("/v1/models/{model}/score/batch")
    async def score_batch(model: str, request: Request) -> Response:
        champion = catalogue.champion(model)
        body = await read_json_body(request, most_bytes)
        request_id = request.state.request_id
        content = await run_in_threadpool(scored_batch, champion, body, request_id)
        return Response(content, media_type=JSON)

    @router.post("/predict")
    async def predict(request: Request) -> Response:
        return await score(default_model, request)

    return router


def scored(champion: Champion, body: bytes, request_id: str) -> bytes:
    """Return the answer to one row.

    Raises
    ------
    Problem
        If the body breaks the contract.
    """
    try:
        row = champion.row_model.model_validate_json(body)
    except ValidationError as error:
        raise refusal(error, champion.contract) from None
    values = champion.values(row)
    probability = float(champion.probabilities([values])[0])
    (reasons,) = champion.reasons([values], [probability])
    return orjson.dumps(
        _head(champion, request_id) | _verdict(champion, values, probability, reasons)
    )


def scored_batch(champion: Champion, body: bytes, request_id: str) -> bytes:
    """Return the answer to many rows, in their order; one bad row refuses them all.

    Raises
    ------
    Problem
        If the body breaks the contract.
    """
    try:
        batch = champion.batch_model.model_validate_json(body)
    except ValidationError as error:
        raise refusal(error, champion.contract, in_batch=True) from None
    rows = [champion.values(row) for row in batch.rows]  # type: ignore[attr-defined] # made at run time
    probabilities = champion.probabilities(rows).tolist()
    scores = [
        _verdict(champion, values, probability, reasons)
        for values, probability, reasons in zip(
            rows, probabilities, champion.reasons(rows, probabilities), strict=True
        )
    ]
    return orjson.dumps(_head(champion, request_id) | {"scores": scores})


def _head(champion: Champion, request_id: str) -> dict[str, Any]:
    return {
        "model": champion.model_name,
        "version": champion.version,
        "bundle_digest": champion.bundle.digest,
        "request_id": request_id,
        "threshold": champion.threshold,
    }


def _verdict(
    champion: Champion,
    values: dict[str, Any],
    probability: float,
    reasons: tuple[Reason, ...] | None,
) -> dict[str, Any]:
    verdict: dict[str, Any] = {
        "probability": probability,
        "decision": champion.decision(probability),
    }
    for key, field in (
        ("identifier", champion.contract.identifier),
        ("event_time", champion.contract.event_time),
    ):
        verdict[key] = None if field is None else _as_given(values[field.name], field)
    if reasons is not None:
        verdict["reasons"] = reasons_as_json(reasons)
    return verdict


def _as_given(value: Any, field: Field) -> Any:  # noqa: ANN401 # any kind of value
    """Return an echoed value; a whole number was validated as a float."""
    return int(value) if field.dtype == "integer" and value is not None else value
