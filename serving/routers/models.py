"""``GET /v1/models...``: what is served, under which contract and from where."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from serving.catalogue import Catalogue
from serving.standing import Standing


def models_router(catalogue: Catalogue, default_model: str) -> APIRouter:
    """Return the routes that describe models."""
    router = APIRouter(include_in_schema=False)  # serving.openapi describes them

    @router.get("/v1/models")
    async def list_models() -> dict[str, Any]:
        standings = catalogue.standings
        return {
            "default_model": default_model,
            "models": [
                standing_summary(name, standings[name]) for name in sorted(standings)
            ],
        }

    @router.get("/v1/models/{model}")
    async def describe_model(model: str) -> dict[str, Any]:
        champion = catalogue.champion(model)
        standing = catalogue.standings[model]
        manifest = champion.bundle.manifest.model_dump(mode="json")
        return {
            "model": model,
            "version": champion.version,
            "bundle_digest": champion.bundle.digest,
            "refused_version": standing.refused_version or None,
            "problem": standing.problem,
            **_beside(standing),
            "threshold": manifest.pop("threshold"),
            "metrics": manifest.pop("metrics"),
            "contract": champion.contract.model_dump(mode="json"),
            "provenance": manifest,
        }

    @router.get("/v1/models/{model}/example")
    async def example(model: str) -> dict[str, Any]:
        return dict(catalogue.champion(model).example)

    return router


def standing_summary(name: str, standing: Standing) -> dict[str, Any]:
    """Return one model's standing for a reader."""
    champion = standing.champion
    return {
        "model": name,
        "serves": champion is not None,
        "version": champion.version if champion else None,
        "bundle_digest": champion.bundle.digest if champion else None,
        "refused_version": standing.refused_version or None,
        "problem": standing.problem,
        "is_stopped": standing.is_stopped,
        **_beside(standing),
    }


def _beside(standing: Standing) -> dict[str, Any]:
    """Return who is tried and who is watched, as far as they are loaded."""
    beside = standing.champion.beside if standing.champion else None
    canary = beside.canary if beside else None
    shadow = beside.shadow if beside else None
    return {
        "canary_version": canary.version if canary else None,
        "canary_share": beside.canary_share if beside and canary else 0.0,
        "shadow_version": shadow.version if shadow else None,
    }
