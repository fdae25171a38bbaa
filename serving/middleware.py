"""What every answer carries: a request id and security headers. Plain ASGI."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Final

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.problems import Problem

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:\-]{1,128}")

SECURITY_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)
CLOSED_POLICY = (
    b"content-security-policy",
    b"default-src 'none'; frame-ancestors 'none'",
)
FIXED_HEADERS = (*SECURITY_HEADERS, CLOSED_POLICY)
_OURS = frozenset(name for name, _ in FIXED_HEADERS)


class AnswerHeaders:
    """Give each request an id and each answer its headers.

    The caller's ``X-Request-Id`` is kept where it is 1 to 128 letters, digits and
    ``._:-``; anything else is replaced, so that a log line cannot be forged.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = request_id_of(scope["headers"])
        scope.setdefault("state", {})["request_id"] = request_id.decode()

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message["headers"], (b"x-request-id", request_id)]
                present = {name for name, _ in headers}
                if _OURS.isdisjoint(present):
                    headers += FIXED_HEADERS
                else:
                    headers += [pair for pair in FIXED_HEADERS if pair[0] not in present]
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, send_with_headers)


def request_id_of(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the id that a caller gave, or a new one."""
    for name, value in headers:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return value
    return os.urandom(16).hex().encode()


async def read_json_body(request: Request, most_bytes: int) -> bytes:
    """Return the body of a request that declares JSON and is not too large.

    Raises
    ------
    Problem
        415 where the body is declared as something else, 413 where it is larger than
        `most_bytes`; reading stops there.
    """
    declared = request.headers.get("content-type", "application/json")
    kind = declared.partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise Problem(
            415,
            f"the body is declared as {kind[:80]!r}; send the header "
            "'Content-Type: application/json'",
        )
    pieces: list[bytes] = []
    n_bytes = 0
    async for piece in request.stream():
        n_bytes += len(piece)
        if n_bytes > most_bytes:
            raise Problem(
                413,
                f"the body is larger than {most_bytes} bytes; send fewer rows at a time "
                "or raise ASSAY_API_BODY_BYTES",
                headers={"Connection": "close"},
            )
        pieces.append(piece)
    return b"".join(pieces)
