"""What the service tells about its records: decisions, labels, what-if questions."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from fastapi import APIRouter

from assay.ledger.lookup import RequestIndex
from assay.settings import Settings
from serving.catalogue import Catalogue
from serving.routers.decisions import decisions_router
from serving.routers.outcomes import Append, OutcomeDesk, outcomes_router
from serving.routers.what_if import what_if_router

LATE_AFTER_MATURITY = timedelta(days=30)
"""How long after its maturity a label may come until it counts as late."""

COUNTS: Counter[tuple[str, str]] = Counter()
"""Labels of this process by (model, status) and (model, "late"), for metrics."""


def record_routers(
    catalogue: Catalogue, settings: Settings, append: Append | None
) -> list[APIRouter]:
    """Return the routers of `GET /v1/decisions`, `.../outcomes` and `.../what-if`.

    Parameters
    ----------
    catalogue : Catalogue
        The champions; labels are taken for models that are served.
    settings : Settings
        Name the ledger's folder and the largest body.
    append : callable or None
        Writes an entry to this worker's stream; without one no labels are taken.
    """
    ledger, most_bytes = settings.ledger_folder, settings.api_body_bytes
    index = RequestIndex(ledger)
    routers = [decisions_router(ledger, index), what_if_router(catalogue, most_bytes)]
    if append is not None:

        def late_after(model: str) -> timedelta:
            days = catalogue.champion(model).contract.label.maturity_days
            return timedelta(days=days) + LATE_AFTER_MATURITY

        desk = OutcomeDesk(index, append, late_after, COUNTS)
        routers.append(outcomes_router(desk, most_bytes))
    return routers


def record_paths(model_names: list[str]) -> dict[str, Any]:
    """Return the OpenAPI paths of these routes."""
    paths: dict[str, Any] = {
        "/v1/decisions/{decision_id}": {
            "get": {
                "summary": "A decision with reasons, labels and proof",
                "tags": ["records"],
                "parameters": [
                    {
                        "name": "decision_id",
                        "in": "path",
                        "required": True,
                        "description": "Request id, or stream:sequence.",
                        "schema": {"type": "string", "minLength": 1},
                    }
                ],
                "responses": _responses("The decision", 404),
            }
        }
    }
    for name in model_names:
        paths[f"/v1/models/{name}/what-if"] = {
            "post": _post("The nearest change that flips a decision", name, _ASKED)
        }
        paths[f"/v1/models/{name}/outcomes"] = {
            "post": _post("Report what became of decisions", name, _REPORT)
        }
    return paths


_REPORT: dict[str, Any] = {
    "type": "object",
    "required": ["outcomes"],
    "properties": {
        "outcomes": {
            "type": "array",
            "minItems": 1,
            "maxItems": 1000,
            "items": {
                "type": "object",
                "required": ["request_id", "label"],
                "properties": {
                    "request_id": {"type": "string"},
                    "label": {"type": "integer", "minimum": 0, "maximum": 1},
                    "observed_at": {"type": ["string", "null"], "format": "date-time"},
                },
            },
        }
    },
}
_ASKED: dict[str, Any] = {
    "type": "object",
    "required": ["row"],
    "properties": {
        "row": {"type": "object", "description": "As for /score."},
        "may_change": {"type": ["array", "null"], "items": {"type": "string"}},
        "most_changes": {"type": "integer", "minimum": 1, "maximum": 10},
    },
}


def _post(summary: str, model: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "summary": summary,
        "tags": [model],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        },
        "responses": _responses(summary, 400, 409, 413, 415, 422, 503),
    }


def _responses(summary: str, *problems: int) -> dict[str, Any]:
    reference = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {
        "200": {
            "description": summary,
            "content": {"application/json": {"schema": {"type": "object"}}},
        },
        **{
            str(status): {
                "description": "A problem document",
                "content": {"application/problem+json": reference},
            }
            for status in (*problems, 500)
        },
    }
