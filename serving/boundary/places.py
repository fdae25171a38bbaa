"""What a path is: a label for metrics, a model, and the scope that a key needs for it."""

from __future__ import annotations

from dataclasses import dataclass

OPEN, SCORE, EXPLAIN, READ, ADMIN = "", "score", "explain", "read", "admin"
SCOPES = (SCORE, EXPLAIN, READ, ADMIN)
MOST_KEPT = 1_024

_OPEN = {
    "/live": "live",
    "/ready": "ready",
    "/health": "health",
    "/ping": "ping",
    "/docs": "docs",
    "/docs/docs.js": "docs",
    "/docs/docs.css": "docs",
    "/v2": "oip_server",
    "/v2/health/live": "live",
    "/v2/health/ready": "ready",
}
_ACTIONS = {
    "score": ("score", SCORE),
    "score/batch": ("score_batch", SCORE),
    "score/stream": ("score_stream", SCORE),
    "outcomes": ("outcomes", SCORE),
    "explain": ("explain", EXPLAIN),
    "what-if": ("what_if", EXPLAIN),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request goes.

    Attributes
    ----------
    route : str
        Label of few values, such as ``score``; ``other`` for what is not known.
    model : str
        The model in the path, as it was sent; empty where there is none.
    scope : str
        Scope that a key needs; empty for what supervisors ask.
    """

    route: str
    model: str
    scope: str


class Places:
    """Places by method and path, the usual ones remembered.

    Parameters
    ----------
    default_model : str
        Model of the paths that name none.
    """

    def __init__(self, default_model: str) -> None:
        self._default_model = default_model
        self._known: dict[tuple[str, str], Place] = {}

    def find(self, method: str, path: str) -> Place:
        """Return the place of a request."""
        key = (method, path)
        place = self._known.get(key)
        if place is None:
            if len(self._known) >= MOST_KEPT:  # paths are the caller's to choose
                self._known.clear()
            place = self._known[key] = self._classified(method, path)
        return place

    def _classified(self, method: str, path: str) -> Place:
        if path in _OPEN:
            return Place(_OPEN[path], "", OPEN)
        if path == "/predict":
            return Place("score", self._default_model, SCORE)
        if path == "/invocations":
            return Place("invocations", self._default_model, SCORE)
        parts = path.split("/", 4)
        if path.startswith("/v1/models/") and len(parts) == 5:
            route, scope = _ACTIONS.get(parts[4], ("models", ""))
            return Place(route, parts[3], scope or _of_method(method))
        if path.startswith("/v2/models/") and len(parts) == 5:
            if parts[4] == "infer" or parts[4].endswith("/infer"):
                return Place("infer", parts[3], SCORE)
            return Place("oip_model", parts[3], _of_method(method))
        if path.startswith(_ANSWERS):
            return Place("answers", "", READ)
        for start, route in _PREFIXES:
            if path == start or path.startswith(f"{start}/"):
                return Place(route, "", _of_method(method))
        return Place("other", "", _of_method(method))


_ANSWERS = ("/v1/answers", "/v1/passages")
_PREFIXES = (
    ("/v1/models", "models"),
    ("/v2/models", "oip_model"),
    ("/v1/decisions", "decision"),
    ("/metrics", "metrics"),
    ("/openapi.json", "openapi"),
)


def _of_method(method: str) -> str:
    """Return the scope of a path with no rule of its own: what changes is admin's."""
    return READ if method in ("GET", "HEAD") else ADMIN
