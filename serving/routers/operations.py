"""``/metrics`` and ``/v1/models/{model}/workers``: for those who run the service."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from serving.boundary.exposition import MEDIA_TYPE, exposition
from serving.boundary.guard import Boundary
from serving.catalogue import Catalogue
from serving.problems import unknown_model
from serving.routers.admin import add_reload
from serving.workers import WorkerBoard, note_standings


def operations_router(
    catalogue: Catalogue, boundary: Boundary, board: WorkerBoard
) -> APIRouter:
    """Return the routes that operators ask."""
    router = APIRouter(include_in_schema=False)  # serving.openapi describes them

    @router.get("/metrics")
    def metrics() -> Response:  # a thread's: it reads files
        own = boundary.metrics
        note_standings(catalogue, own, board.started)
        own.gauge("assay_requests_in_flight", boundary.in_flight)
        written = {name: each["metrics"] for name, each in board.read().items()}
        text = exposition({**written, board.name: own.snapshot()})
        return Response(text, media_type=MEDIA_TYPE)

    @router.get("/v1/models/{model}/workers")
    def workers(model: str) -> dict[str, Any]:
        if model not in catalogue.standings:
            raise unknown_model(model, catalogue.standings)
        return board.agreement(model)

    add_reload(router, catalogue, board)
    return router
