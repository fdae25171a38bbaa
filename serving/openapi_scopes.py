"""Which API key each operation needs, in the OpenAPI description."""

from __future__ import annotations

from typing import Any, Final

from serving.boundary.places import Places
from serving.problems import MEDIA_TYPE, TITLES

Document = dict[str, Any]

SECURITY_SCHEMES: Final[Document] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key of `assay api-key new`, where the service asks for "
        "one; `x-scope` of an operation is the scope that the key needs.",
    },
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
"""The two ways to send a key."""

_ANY: Final[list[Document]] = [{"bearer": []}, {"header": []}, {}]
_AT_THE_DOOR: Final = (401, 403, 429, 503)


def with_scopes(paths: Document, default_model: str) -> Document:
    """Return paths whose operations name their scope and what the door may answer.

    Parameters
    ----------
    paths : mapping
        Operations by path and method.
    default_model : str
        Model of the paths that name none.

    Notes
    -----
    The scope is that of `serving.boundary.places`, which the door itself asks. Whether
    keys are needed at all is a setting, so that every operation may also go without.
    """
    places = Places(default_model)
    return {
        path: {
            method: _guarded(operation, places.find(method.upper(), path).scope)
            for method, operation in operations.items()
        }
        for path, operations in paths.items()
    }


def _guarded(operation: Document, scope: str) -> Document:
    if not scope:
        return operation
    reference = {"$ref": "#/components/schemas/Problem"}
    away = {
        str(status): {
            "description": TITLES[status],
            "content": {MEDIA_TYPE: {"schema": reference}},
        }
        for status in _AT_THE_DOOR
    }
    responses = {**away, **operation["responses"]}
    return {**operation, "x-scope": scope, "security": _ANY, "responses": responses}
