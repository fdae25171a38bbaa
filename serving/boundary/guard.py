"""The door: in flight, size, key, scope, rate; then metrics and a log line."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.boundary.bodies import SlowBodies, bounded_body, too_large
from serving.boundary.keys import ApiKey, KeyRing
from serving.boundary.logs import log_request
from serving.boundary.metrics import Metrics
from serving.boundary.places import Place, Places
from serving.boundary.rates import Buckets
from serving.problems import Problem, problem_response

_BODILESS = frozenset(("GET", "HEAD", "OPTIONS", "DELETE"))
_VERDICT = "assay.verdict"
"""Where a request's state holds what `Boundary.judge` said, as a tuple of one."""


@dataclass(slots=True)
class Boundary:
    """The rules of the door and what it remembers, for one worker.

    Attributes
    ----------
    places : Places
        What paths are.
    metrics : Metrics
        Where answers are counted.
    keys : KeyRing or None
        The API keys; None lets everyone in.
    most_in_flight : int
        Requests that are held at a time.
    most_bytes : int
        Largest body.
    bodies : SlowBodies
        Ends the reading of bodies that take too long.
    rate_per_second : float
        Rate of a key that has none of its own; 0 means no limit.
    logs_requests : bool
        Whether successes are logged too.
    """

    places: Places
    metrics: Metrics
    keys: KeyRing | None = None
    most_in_flight: int = 256
    most_bytes: int = 8 * 2**20
    bodies: SlowBodies = field(default_factory=lambda: SlowBodies(10.0))
    rate_per_second: float = 0.0
    logs_requests: bool = False
    in_flight: int = 0
    buckets: Buckets = field(default_factory=Buckets)

    @property
    def has_room(self) -> bool:
        """Whether one more request may be held."""
        return self.in_flight < self.most_in_flight

    def judge(self, scope: Scope) -> Problem | None:
        """Return why a request may not go on, or None; the guard does not ask again.

        For what stands before the guard. The verdict goes with the request, so that it
        takes one token and is counted once, whichever way it goes on.
        """
        place = self.places.find(scope["method"], scope["path"])
        verdict = None
        try:
            if place.scope:
                self.admit(scope, place, self.in_flight)
        except Problem as problem:
            verdict = problem
        scope["state"][_VERDICT] = (verdict,)
        return verdict

    def admit(self, scope: Scope, place: Place, n_before: int) -> None:
        """Return if the request may go on, with `n_before` others in flight.

        Raises
        ------
        Problem
            503 where too many are in flight, 413 for a body that says it is too large,
            401 and 403 for a key that is not there or may not, 429 for one too many.
        """
        if n_before >= self.most_in_flight:
            raise self._away(
                "overloaded",
                Problem(
                    503,
                    f"{n_before} requests are being answered, which is the most "
                    "that a worker takes at a time; ask again after Retry-After",
                    headers={"Retry-After": "1"},
                ),
            )
        token = b""
        for name, value in scope["headers"]:
            if name == b"content-length":
                is_large = value.isdigit() and int(value[:20]) > self.most_bytes
                if is_large and not is_stream(scope):
                    raise self._away("too_large", too_large(self.most_bytes))
            elif name == b"authorization":
                if value[:7].lower() == b"bearer ":
                    token = value[7:].strip()
            elif name == b"x-api-key":
                token = value
        rate, payer = self.rate_per_second, "everyone"
        if self.keys is not None:
            key = self._key(token.decode("latin-1"), self.keys, place)
            payer = key.key_id
            if key.rate_per_second is not None:
                rate = key.rate_per_second
        if rate > 0:
            self._check_rate(payer, rate)

    def _key(self, token: str, keys: KeyRing, place: Place) -> ApiKey:
        key = keys.find(token) if token else None
        if key is None:
            raise self._away("no_key", _no_key(keys, was_sent=bool(token)))
        if not key.may(place.scope):
            raise self._away(
                "no_scope",
                Problem(
                    403,
                    f"this key holds the scopes {', '.join(key.scopes)}; "
                    f"{place.route!r} needs {place.scope!r}: ask for a key that has it",
                ),
            )
        return key

    def _check_rate(self, name: str, rate: float) -> None:
        wait = self.buckets.wait_seconds(name, rate)
        if wait:
            raise self._away(
                "rate",
                Problem(
                    429,
                    f"more than {rate:g} requests a second; ask again in {wait} s, or "
                    "send rows together to /score/batch",
                    headers={"Retry-After": str(wait)},
                ),
            )

    def _away(self, cause: str, problem: Problem) -> Problem:
        self.metrics.turned_away(cause)
        return problem


class Guard:
    """Let a request through the door, or answer it with a problem document."""

    def __init__(self, app: ASGIApp, boundary: Boundary) -> None:
        self._app = app
        self._boundary = boundary

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        boundary = self._boundary
        started = perf_counter()
        place = boundary.places.find(scope["method"], scope["path"])
        status = 0

        async def send_noted(message: Message) -> None:
            nonlocal status
            if not status:
                status = message["status"]
            await send(message)

        n_before = boundary.in_flight
        boundary.in_flight = n_before + 1
        try:
            if place.scope:
                _let_in(boundary, scope, place, n_before)
            if scope["method"] not in _BODILESS:
                most_bytes = None if is_stream(scope) else boundary.most_bytes
                receive = bounded_body(
                    receive, most_bytes, boundary.bodies, boundary.metrics
                )
            await self._app(scope, receive, send_noted)
        except Problem as problem:
            if status:
                raise
            await problem_response(problem, _request_id(scope))(
                scope, receive, send_noted
            )
        finally:
            boundary.in_flight -= 1
            seconds = perf_counter() - started
            boundary.metrics.request(place.route, place.model, status or 500, seconds)
            if boundary.logs_requests or status >= 500 or not status:
                log_request(scope, place.route, status or 500, seconds)


def _let_in(boundary: Boundary, scope: Scope, place: Place, n_before: int) -> None:
    judged = scope.get("state", {}).get(_VERDICT)
    if judged is None:
        boundary.admit(scope, place, n_before)
    elif judged[0] is not None:
        raise judged[0]


def is_stream(scope: Scope) -> bool:
    """Say whether a body is read line by line, and so may have any length."""
    if not scope["path"].endswith("/score/batch"):
        return False
    kinds = [value for name, value in scope["headers"] if name == b"content-type"]
    return bool(kinds) and kinds[0].startswith(b"application/x-ndjson")


def _no_key(keys: KeyRing, *, was_sent: bool) -> Problem:
    if keys.problem:
        return Problem(
            503,
            "the service cannot read its API keys and lets nobody in; give the "
            "request_id to the operator",
            headers={"Retry-After": "5"},
        )
    if keys.is_empty:
        detail = "no API key was made yet; 'assay api-key new NAME --scope score' does"
    elif was_sent:
        detail = "the API key is unknown, revoked or expired; ask for another"
    else:
        detail = "send your API key as the header 'Authorization: Bearer KEY'"
    return Problem(401, detail, headers={"WWW-Authenticate": "Bearer"})


def _request_id(scope: Scope) -> str:
    return str(scope.get("state", {}).get("request_id") or uuid.uuid4().hex)
