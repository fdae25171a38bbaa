"""What the service tells about its records: decisions, labels, what-if questions."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from fastapi import APIRouter

from assay.ledger.lookup import RequestIndex
from assay.settings import Settings
from serving.catalogue import Catalogue
from serving.champion import Champion
from serving.routers.decisions import decisions_router
from serving.routers.outcomes import Append, OutcomeDesk, outcomes_router
from serving.routers.what_if import what_if_router

LATE_AFTER_MATURITY = timedelta(days=30)
"""How long after its maturity a label may come until it counts as late."""

COUNTS: Counter[tuple[str, str]] = Counter()
"""Labels of this process by (model, status) and (model, "late"), for metrics."""


def record_routers(
    catalogue: Catalogue, settings: Settings, append: Append | None = None
) -> list[APIRouter]:
    """Return the routers of `GET /v1/decisions`, `.../outcomes` and `.../what-if`.

    Parameters
    ----------
    catalogue : Catalogue
        The champions; labels are taken for models that are served.
    settings : Settings
        Name the ledger's folder and the largest body.
    append : callable, optional
        Writes an entry to this worker's stream; without one labels are refused.
    """
    ledger, most_bytes = settings.ledger_folder, settings.api_body_bytes
    index = RequestIndex(ledger)

    def late_after(model: str) -> timedelta:
        days = catalogue.champion(model).contract.label.maturity_days
        return timedelta(days=days) + LATE_AFTER_MATURITY

    desk = OutcomeDesk(index, append or _no_ledger, late_after, COUNTS)
    return [
        decisions_router(ledger, index),
        outcomes_router(desk, most_bytes),
        what_if_router(catalogue, most_bytes),
    ]


def _no_ledger(_entry: bytes) -> None:
    return None


def record_paths(champion: Champion, row: dict[str, Any]) -> dict[str, Any]:
    """Return the OpenAPI paths of these routes for a model that is served.

    Parameters
    ----------
    champion : Champion
        What is served.
    row : mapping
        Schema of its rows.
    """
    name, asked = champion.model_name, _asked(champion, row)
    return {
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
        },
        f"/v1/models/{name}/what-if": {
            "post": _post("The nearest change that flips a decision", name, asked)
        },
        f"/v1/models/{name}/outcomes": {
            "post": _post("Report what became of decisions", name, _REPORT)
        },
    }


_REPORT: dict[str, Any] = {
    "type": "object",
    "required": ["outcomes"],
    "additionalProperties": False,
    "properties": {
        "outcomes": {
            "type": "array",
            "minItems": 1,
            "maxItems": 1000,
            "items": {
                "type": "object",
                "required": ["request_id", "label"],
                "additionalProperties": False,
                "properties": {
                    "request_id": {
                        "type": "string",
                        "pattern": r"^[A-Za-z0-9._:\-]{1,128}(/\d{1,7})?$",
                    },
                    "label": {"enum": [0, 1]},
                    "observed_at": {
                        "type": "string",
                        "description": "With a time zone.",
                        "pattern": r"^20\d\d-0[1-9]-[01][1-9]T[01]\d:[0-5]\d:[0-5]\dZ$",
                    },
                },
            },
        }
    },
}


def _asked(champion: Champion, row: dict[str, Any]) -> dict[str, Any]:
    names = [field.name for field in champion.contract.features]
    fields = {"type": "array", "minItems": 1, "maxItems": 200, "items": {"enum": names}}
    return {
        "type": "object",
        "required": ["row"],
        "additionalProperties": False,
        "properties": {
            "row": row,
            "may_change": fields,
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
