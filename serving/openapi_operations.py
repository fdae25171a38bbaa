"""The OpenAPI description of what supervisors, operators and other protocols ask."""

from __future__ import annotations

from typing import Any

from serving.problems import MEDIA_TYPE, TITLES

Document = dict[str, Any]

_OBJECT: Document = {"type": "object"}
_PROBLEM: Document = {"$ref": "#/components/schemas/Problem"}
_STANDING = "Whether all workers answer with one version, and which does not"

_TEXT: Document = {"type": "string"}
_MAYBE_TEXT: Document = {"type": ["string", "null"]}
_WORKER: Document = {
    "type": "object",
    "properties": {
        **dict.fromkeys(("worker", "problem"), _TEXT),
        **dict.fromkeys(("version", "bundle_digest", "refused_version"), _MAYBE_TEXT),
        "seen_seconds_ago": {"type": "number"},
        "is_silent": {"type": "boolean"},
    },
}
_MODEL_AGREEMENT: Document = {
    "type": "object",
    "properties": {
        "model": _TEXT,
        "agree": {"type": "boolean"},
        "version": _MAYBE_TEXT,
        "disagreeing": {"type": "array", "items": _TEXT},
        "workers": {"type": "array", "items": _WORKER},
    },
    "required": ["model", "agree", "version", "disagreeing", "workers"],
}
_AGREEMENT: Document = {
    "type": "object",
    "properties": {
        "agree": {"type": "boolean"},
        "waited_seconds": {"type": "number"},
        "models": {"type": "object", "additionalProperties": _MODEL_AGREEMENT},
    },
    "required": ["agree", "waited_seconds", "models"],
}


def operations_paths() -> Document:
    """Return the paths that are there whether or not a model answers."""
    return {
        "/metrics": {
            "get": {
                "summary": "Metrics of all workers for Prometheus",
                "tags": ["supervision"],
                "responses": {
                    "200": {
                        "description": "Prometheus' text format, version 0.0.4",
                        "content": {"text/plain": {"schema": {"type": "string"}}},
                    }
                },
            }
        },
        "/v1/admin/reload": {
            "post": {
                "summary": "Have every worker look at the registry; whether they agree",
                "tags": ["supervision"],
                "responses": {
                    "200": {
                        "description": "All have looked since the request came",
                        "content": {"application/json": {"schema": _AGREEMENT}},
                    },
                    **_problems(503),
                },
            }
        },
        "/v2": {"get": _get("The server, by the Open Inference Protocol", "supervision")},
        "/v2/health/live": {"get": _get("Whether the process runs", "supervision")},
        "/v2/health/ready": {
            "get": _get("Whether a model answers", "supervision", also={"503": _OBJECT})
        },
    }


def default_model_paths() -> Document:
    """Return the paths of MLflow's protocol, which ask the default model."""
    ping: Document = {
        "summary": "Whether the default model answers, for MLflow's clients",
        "tags": ["default model"],
        "responses": {
            "200": {
                "description": "It does",
                "content": {"text/plain": {"schema": {"type": "string"}}},
            },
            **_problems(503),
        },
    }
    invocations = _post(
        "Decide on rows in MLflow's shapes",
        "dataframe_split, dataframe_records, inputs or instances; or CSV.",
        "default model",
        {"application/json": _OBJECT, "text/csv": {"type": "string"}},
    )
    return {"/ping": {"get": ping}, "/invocations": {"post": invocations}}


def model_paths(name: str, version: str) -> Document:
    """Return the further paths of a model that answers."""
    paths: Document = {
        f"/v1/models/{name}/workers": {
            "get": _get(_STANDING, name, also={"200": _MODEL_AGREEMENT})
        },
    }
    for base in (f"/v2/models/{name}", f"/v2/models/{name}/versions/{version}"):
        infer = _post(
            "Decide on tensors, by the Open Inference Protocol",
            "One tensor a field, shape [n]; raw tensors behind the JSON where the header "
            "Inference-Header-Content-Length says where it ends.",
            name,
            {"application/json": _OBJECT, "application/octet-stream": {}},
        )
        paths |= {
            base: {"get": _get("The model's tensors", name)},
            f"{base}/ready": {"get": _get("Whether the version answers", name)},
            f"{base}/infer": {"post": infer},
        }
    return paths


def _get(summary: str, tag: str, also: Document | None = None) -> Document:
    answers = {"200": _OBJECT, **(also or {})}
    problems = _problems(404, 503) if also is None else {}
    return {
        "summary": summary,
        "tags": [tag],
        "responses": {
            **{
                status: {
                    "description": summary,
                    "content": {"application/json": {"schema": schema}},
                }
                for status, schema in answers.items()
            },
            **problems,
        },
    }


def _post(summary: str, description: str, tag: str, bodies: Document) -> Document:
    kinds = {kind: {"schema": schema} for kind, schema in bodies.items()}
    return {
        "summary": summary,
        "description": description,
        "tags": [tag],
        "requestBody": {"required": True, "content": kinds},
        "responses": {
            "200": {
                "description": "The decisions",
                "content": {
                    "application/json": {"schema": _OBJECT},
                    "application/octet-stream": {"schema": {}},
                },
            },
            **_problems(400, 404, 408, 413, 415, 422, 500, 503),
        },
    }


def _problems(*statuses: int) -> Document:
    return {
        str(status): {
            "description": TITLES[status],
            "content": {MEDIA_TYPE: {"schema": _PROBLEM}},
        }
        for status in statuses
    }
