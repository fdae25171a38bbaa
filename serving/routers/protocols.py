"""``/invocations`` and ``/ping`` of MLflow, ``/v2`` of the Open Inference Protocol."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from serving.catalogue import Catalogue
from serving.champion import Champion
from serving.problems import Problem
from serving.protocols.inference import LENGTH_HEADER, answer, metadata, read_request
from serving.protocols.mlflow import rows_of_csv, rows_of_json
from serving.protocols.own import DecideMany, decisions

JSON = "application/json"
RAW = "application/octet-stream"


def mlflow_router(
    catalogue: Catalogue, default_model: str, decide_many: DecideMany
) -> APIRouter:
    """Return the routes of MLflow's scoring server, for the default model."""
    router = APIRouter(include_in_schema=False)  # serving.openapi describes them

    @router.get("/ping")
    async def ping() -> PlainTextResponse:
        catalogue.champion(default_model)  # a 503 problem where there is none
        return PlainTextResponse("\n")

    @router.post("/invocations")
    async def invocations(request: Request) -> Response:
        champion = catalogue.champion(default_model)
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in (JSON, "text/csv"):
            raise Problem(
                415,
                f"the body is declared as {kind[:80]!r}; send application/json or "
                "text/csv",
            )
        body = await request.body()
        is_csv = kind == "text/csv"
        rows = rows_of_csv(body, champion.contract) if is_csv else rows_of_json(body)
        made = await decisions(decide_many, champion, rows, request)
        content = orjson.dumps({"predictions": made.scores, **made.head})
        return _response(content, JSON, made.headers)

    return router


def inference_router(catalogue: Catalogue, decide_many: DecideMany) -> APIRouter:
    """Return the routes of the Open Inference Protocol, version 2."""
    router = _inference_supervision(catalogue)

    @router.get("/v2/models/{model}")
    @router.get("/v2/models/{model}/versions/{version}")
    async def describe(model: str, version: str = "") -> dict[str, Any]:
        return metadata(_served(catalogue, model, version))

    @router.get("/v2/models/{model}/ready")
    @router.get("/v2/models/{model}/versions/{version}/ready")
    async def model_ready(model: str, version: str = "") -> dict[str, Any]:
        return {"name": _served(catalogue, model, version).model_name, "ready": True}

    @router.post("/v2/models/{model}/infer")
    @router.post("/v2/models/{model}/versions/{version}/infer")
    async def infer(request: Request, model: str, version: str = "") -> Response:
        champion = _served(catalogue, model, version)
        body = await request.body()
        try:
            asked = read_request(champion, body, request.headers.get(LENGTH_HEADER))
            made = await decisions(decide_many, champion, asked.rows, request)
        except Problem as problem:
            raise _with_error(problem) from None
        content, n_json = answer(champion, asked, made)
        if n_json is None:
            return _response(content, JSON, made.headers)
        length = (LENGTH_HEADER.encode(), str(n_json).encode())
        return _response(content, RAW, [*made.headers, length])

    return router


def _inference_supervision(catalogue: Catalogue) -> APIRouter:
    router = APIRouter(include_in_schema=False)  # serving.openapi describes them

    @router.get("/v2")
    async def server() -> dict[str, Any]:
        return {"name": "assay", "version": "1", "extensions": ["binary_tensor_data"]}

    @router.get("/v2/health/live")
    async def live() -> dict[str, bool]:
        return {"live": True}

    @router.get("/v2/health/ready")
    async def ready() -> JSONResponse:
        is_ready = catalogue.is_ready
        return JSONResponse({"ready": is_ready}, status_code=200 if is_ready else 503)

    return router


def _served(catalogue: Catalogue, model: str, version: str) -> Champion:
    try:
        champion = catalogue.champion(model)
    except Problem as problem:
        raise _with_error(problem) from None
    if version in ("", champion.version):
        return champion
    detail = f"version {version[:20]!r} of {model!r} does not answer; version "
    raise _with_error(Problem(404, f"{detail}{champion.version} does"))


def _with_error(problem: Problem) -> Problem:
    """Return a problem with the member that clients of the protocol read."""
    members = {**problem.members, "error": problem.detail}
    return Problem(problem.status, problem.detail, members, problem.headers)


def _response(
    content: bytes, media_type: str, headers: list[tuple[bytes, bytes]]
) -> Response:
    response = Response(content, media_type=media_type)
    response.raw_headers += headers
    return response
