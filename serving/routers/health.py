"""``/live``, ``/ready`` and ``/health``: is it running, and does it answer."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from serving.catalogue import Catalogue
from serving.routers.models import standing_summary


def health_router(catalogue: Catalogue, default_model: str) -> APIRouter:
    """Return the routes that supervisors ask."""
    router = APIRouter(include_in_schema=False)  # serving.openapi describes them

    @router.get("/live")
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @router.get("/ready")
    async def ready() -> JSONResponse:
        standings = catalogue.standings
        is_ready = catalogue.is_ready
        body: dict[str, Any] = {
            "status": "ready" if is_ready else "not ready",
            "registry": catalogue.registry_problem or "answers",
            "models": [
                standing_summary(name, standings[name]) for name in sorted(standings)
            ],
        }
        return JSONResponse(body, status_code=200 if is_ready else 503)

    @router.get("/health")
    async def health() -> dict[str, str]:
        champion = catalogue.champion(default_model)  # a 503 problem where there is none
        return {
            "status": "healthy",
            "model": default_model,
            "version": champion.version,
        }

    return router
