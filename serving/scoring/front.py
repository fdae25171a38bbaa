"""The routes that decide on one row, in front of the framework's routing.

What is usual is answered here, in plain ASGI; everything else goes on to the routers,
with what was read of the body: another method, a body that is not declared as JSON, a
model that does not answer. They give the same answers, later.
"""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.catalogue import Catalogue
from serving.champion import Champion
from serving.problems import Problem, problem_response
from serving.scoring.decider import Decider

JSON_HEADER: Final = (b"content-type", b"application/json")
_PREFIX, _SUFFIX = "/v1/models/", "/score"
_NEEDS_ROUTER: Final = frozenset((b"idempotency-key", b"content-encoding", b"expect"))


class ScoringFront:
    """Answer the usual requests for a decision; pass on all others.

    Parameters
    ----------
    app : ASGI application
        Where others go.
    catalogue : Catalogue
        Whose champions answer.
    decider : Decider
        Decides.
    default_model : str
        What ``/predict`` asks.
    most_bytes : int
        Largest body that is read here.
    """

    def __init__(
        self,
        app: ASGIApp,
        catalogue: Catalogue,
        decider: Decider,
        default_model: str,
        most_bytes: int,
    ) -> None:
        self._app, self._catalogue, self._decider = app, catalogue, decider
        self._default_model, self._most_bytes = default_model, most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        champion = self._champion(scope)
        if champion is None:
            await self._app(scope, receive, send)
            return
        message = await receive()
        body = message.get("body", b"")
        if message.get("more_body") or message["type"] != "http.request":
            body, rest = await self._read_on(message, receive)
            if rest is not None:
                await self._app(scope, rest, send)
                return
        elif len(body) > self._most_bytes:
            await self._app(scope, _replay([message], receive), send)
            return
        request_id = scope["state"]["request_id"]
        try:
            answer = await self._decider.one(champion, body, request_id)
        except Problem as problem:
            await problem_response(problem, request_id)(scope, receive, send)
            return
        length = b"%d" % len(answer.content)
        headers = [JSON_HEADER, (b"content-length", length), *answer.headers]
        start = {"type": "http.response.start", "status": 200, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": answer.content})

    def _champion(self, scope: Scope) -> Champion | None:
        """Return who answers, or None where this is no usual request."""
        if scope["type"] != "http":
            return None
        model = usual_model(scope, self._default_model)
        standing = self._catalogue.standings.get(model)
        return None if standing is None else standing.champion

    async def _read_on(
        self, message: Message, receive: Receive
    ) -> tuple[bytes, Receive | None]:
        """Return a body that comes in pieces, or what the routers are to receive."""
        messages = [message]
        n_bytes = len(message.get("body", b""))
        while message["type"] == "http.request" and message.get("more_body"):
            if n_bytes > self._most_bytes:
                return b"", _replay(messages, receive)
            message = await receive()
            messages.append(message)
            n_bytes += len(message.get("body", b""))
        if message["type"] != "http.request" or n_bytes > self._most_bytes:
            return b"", _replay(messages, receive)
        return b"".join(each.get("body", b"") for each in messages), None


def usual_model(scope: Scope, default_model: str) -> str:
    """Return the model that a usual request asks for one decision, else nothing."""
    if scope["method"] != "POST":
        return ""
    path: str = scope["path"]
    if path == "/predict":
        model = default_model
    elif path.startswith(_PREFIX) and path.endswith(_SUFFIX):
        model = path[len(_PREFIX) : -len(_SUFFIX)]
    else:
        return ""
    for name, value in scope["headers"]:
        if name == b"content-type" and value != b"application/json":
            return ""
        if name in _NEEDS_ROUTER:
            return ""
    return model


def _replay(messages: list[Message], receive: Receive) -> Receive:
    waiting = iter(messages)

    async def replayed() -> Message:
        for message in waiting:
            return message
        return await receive()

    return replayed
