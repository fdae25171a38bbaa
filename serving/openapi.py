"""The OpenAPI description, made from the contracts of the versions that answer now."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from assay.reasons.ranking import MOST
from serving.catalogue import Catalogue
from serving.champion import Champion
from serving.openapi_answers import answers_paths, answers_schemas
from serving.openapi_operations import (
    default_model_paths,
    model_paths,
    operations_paths,
)
from serving.openapi_scopes import SECURITY_SCHEMES, with_scopes
from serving.problems import MEDIA_TYPE, TITLES
from serving.routers.records import record_paths
from serving.scoring.lines import MEDIA_TYPE as LINES

Document = dict[str, Any]

_REFERENCE = "#/components/schemas/{model}"
_TEXT: Document = {"type": "string"}
_NUMBER: Document = {"type": "number"}
_OBJECT: Document = {"type": "object"}
_IDENTIFIER: Document = {"type": ["string", "number", "integer", "boolean", "null"]}
_VERDICT: Document = {
    "probability": {
        **_NUMBER,
        "minimum": 0,
        "maximum": 1,
        "description": "Calibrated probability of label 1.",
    },
    "identifier": {**_IDENTIFIER, "description": "As given."},
    "event_time": {"type": ["string", "null"], "description": "As given."},
}


def describe(catalogue: Catalogue, default_model: str) -> Document:
    """Return the OpenAPI 3.1 document of the service.

    Each model that answers has its own paths with its own fields; a model that is
    loaded later appears the next time the document is asked for.
    """
    paths = _supervision() | operations_paths()
    schemas: Document = {"Problem": _problem_schema(), **answers_schemas()}
    standings = catalogue.standings
    for name in sorted(standings):
        champion = standings[name].champion
        if champion is not None:
            paths |= _model_paths(champion, is_default=name == default_model)
            row = _REFERENCE.format(model=f"{_schema_prefix(champion)}Row")
            paths |= record_paths(champion, {"$ref": row})
            schemas |= _model_schemas(champion)
    paths |= answers_paths()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Assay scoring",
            "version": "1",
            "description": "Decisions of the champions in the registry. Every rule "
            "about a field comes from the model's contract.",
        },
        "paths": with_scopes(paths, default_model),
        "components": {"schemas": schemas, "securitySchemes": SECURITY_SCHEMES},
    }


def _model_paths(champion: Champion, *, is_default: bool) -> Document:
    name = champion.model_name
    prefix = _schema_prefix(champion)
    contract = champion.contract
    score = _post(
        f"Decide: {contract.decision.name}",
        contract.purpose,
        (f"{prefix}Row", dict(champion.example)),
        f"{prefix}Decision",
    )
    batch = _post(
        f"Decide on 1 to {contract.limits.batch_rows} rows: {contract.decision.name}",
        "Answers come in the order of the rows; one wrong row refuses the whole batch.",
        (f"{prefix}Batch", {"rows": [dict(champion.example)]}),
        f"{prefix}Decisions",
    )
    _add_lines(batch, prefix)
    base = f"/v1/models/{name}"
    paths: Document = {
        f"{base}/score": {"post": {**score, "tags": [name]}},
        f"{base}/score/batch": {"post": {**batch, "tags": [name]}},
        base: {"get": _get("Contract, version, provenance and metrics", [name])},
        f"{base}/example": {"get": _get("A row that the contract accepts", [name])},
    }
    paths |= model_paths(name, champion.version)
    if is_default:
        paths |= default_model_paths()
        paths["/predict"] = {"post": {**score, "tags": ["default model"]}}
        paths["/health"] = {
            "get": _get("Whether the default model answers", ["default model"])
        }
    return paths


def _post(
    summary: str, description: str, request: tuple[str, Document], answer: str
) -> Document:
    schema, example = request
    return {
        "summary": summary,
        "description": description,
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": _REFERENCE.format(model=schema)},
                    "example": example,
                }
            },
        },
        "responses": {
            "200": _answer("The decision", {"$ref": _REFERENCE.format(model=answer)}),
            **_problems(400, 408, 413, 415, 422, 500, 503),
        },
    }


def _add_lines(batch: Document, prefix: str) -> None:
    """Describe that the same path takes and gives rows as lines, any number of them."""
    row = {"$ref": _REFERENCE.format(model=f"{prefix}Row")}
    line = {"$ref": _REFERENCE.format(model=f"{prefix}Line")}
    batch["requestBody"]["content"][LINES] = {"schema": {}, "x-item-schema": row}
    batch["responses"]["200"]["content"][LINES] = {"schema": {}, "x-item-schema": line}
    batch["description"] += (
        f" As {LINES} one row a line, any number of them: each is answered by a line "
        "with its number, a decision or a problem, while the rest is still being sent."
    )


def _get(summary: str, tags: list[str]) -> Document:
    return {
        "summary": summary,
        "tags": tags,
        "responses": {"200": _answer(summary, _OBJECT), **_problems(503)},
    }


def _supervision() -> Document:
    tags = ["supervision"]
    ready = {"200": _answer("A model answers", _OBJECT)}
    ready["503"] = _answer("No model answers yet", _OBJECT)
    return {
        "/live": {"get": _get("Whether the process runs", tags)},
        "/ready": {
            "get": {
                "summary": "Whether a model answers, and where each model stands",
                "tags": tags,
                "responses": ready,
            }
        },
        "/v1/models": {"get": _get("The models and where each stands", tags)},
    }


def _model_schemas(champion: Champion) -> Document:
    prefix = _schema_prefix(champion)
    rule = champion.contract.decision
    actions = [rule.positive_action, rule.negative_action]
    verdict = {**_VERDICT, "decision": {"type": "string", "enum": actions}}
    head: Document = {
        "model": {"const": champion.model_name},
        "version": _TEXT,
        "bundle_digest": {**_TEXT, "pattern": "^[0-9a-f]{64}$"},
        "role": {"enum": ["champion", "canary"]},
        "request_id": _TEXT,
        "threshold": _NUMBER,
    }
    of_another = {key: head[key] for key in ("version", "bundle_digest", "role")}
    of_another["threshold"] = _NUMBER
    may = {"reasons": _reasons_schema(champion)} if champion.gives_reasons else {}
    scores = {"type": "array", "items": _closed(verdict, may | of_another)}
    schemas: Document = {
        f"{prefix}Decision": _closed(head | verdict, may),
        f"{prefix}Decisions": _closed({**head, "scores": scores}),
        f"{prefix}Line": _line_schema(head | verdict, may),
    }
    for model in (champion.row_model, champion.batch_model):
        schemas |= _schemas_of(model)
    return schemas


def _line_schema(decision: Document, may: Document) -> Document:
    number = {"line": {"type": "integer", "minimum": 1, "description": "From 1."}}
    refused: Document = {
        "type": "object",
        "properties": {**number, "status": {"type": "integer"}, "detail": _TEXT},
        "required": ["line", "status", "title", "detail"],
    }
    return {"oneOf": [_closed(number | decision, may), refused]}


def _schemas_of(model: type[BaseModel]) -> Document:
    schema = model.model_json_schema(ref_template=_REFERENCE)
    return {**schema.pop("$defs", {}), model.__name__: schema}


def _schema_prefix(champion: Champion) -> str:
    return champion.row_model.__name__.removesuffix("Row")


def _reasons_schema(champion: Champion) -> Document:
    fields = [field for field in champion.contract.features if field.reason.strip()]
    reason = {
        "field": {**_TEXT, "enum": [field.name for field in fields]},
        "text": {**_TEXT, "enum": list(dict.fromkeys(each.reason for each in fields))},
    }
    if champion.text_explainer is not None:
        place = {"type": "integer", "minimum": 0, "description": "Characters from 0."}
        reason |= {"quote": _TEXT, "start": place, "end": place}
    return {
        "type": "array",
        "maxItems": MOST,
        "items": _closed(reason) if fields else False,
        "description": "What weighed most towards "
        f"{champion.contract.decision.positive_action!r}, the weightiest first; absent "
        "from any other decision.",
    }


def _closed(properties: Document, may: Document | None = None) -> Document:
    return {
        "type": "object",
        "properties": properties | (may or {}),
        "required": list(properties),
        "additionalProperties": False,
    }


def _answer(description: str, schema: Document) -> Document:
    return {
        "description": description,
        "content": {"application/json": {"schema": schema}},
    }


def _problems(*statuses: int) -> Document:
    schema = {"$ref": _REFERENCE.format(model="Problem")}
    return {
        str(status): {
            "description": TITLES[status],
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status in statuses
    }


def _problem_schema() -> Document:
    entry = {
        "type": "object",
        "properties": {
            "row": {"type": "integer", "description": "Position in a batch, from 0."},
            "field": _TEXT,
            "rule": {**_TEXT, "description": "The rule that was broken."},
            "given": {"description": "What was sent; absent for a missing field."},
            "bound": {"type": "number", "description": "The bound that was passed."},
            "allowed": {**_TEXT, "description": "What the contract allows."},
        },
        "required": ["field", "rule", "allowed"],
    }
    return {
        "type": "object",
        "description": "A problem document, RFC 9457.",
        "properties": {
            "type": _TEXT,
            "title": _TEXT,
            "status": {"type": "integer"},
            "detail": _TEXT,
            "request_id": _TEXT,
            "n_errors": {"type": "integer"},
            "errors": {"type": "array", "items": entry},
            "models": {"type": "array", "items": _TEXT},
            "model": _TEXT,
            "error": {**_TEXT, "description": "As `detail`; under /v2 alone."},
        },
        "required": ["type", "title", "status", "detail", "request_id"],
    }
