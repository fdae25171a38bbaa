"""The shortest way: a decision answered where its bytes arrive, without a task.

Half of what a request costs is the way through server and middleware. This protocol
answers what `serving.scoring.front` would answer, with the same bytes, as soon as the
body is whole. Keys and rates are judged here as the guard judges them, once. Whatever is
not usual goes the long way: a body that comes after its head, what is refused, a guard
that holds all that it may, and everything once the application has a middleware that is
not known here.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from assay.errors import LedgerError
from serving.boundary.guard import Boundary, Guard
from serving.boundary.logs import log_request
from serving.middleware import FIXED_HEADERS, AnswerHeaders, request_id_of
from serving.scoring.front import JSON_HEADER, ScoringFront, usual_model

if TYPE_CHECKING:
    import asyncio

    from fastapi import FastAPI
    from starlette.types import Scope

    from assay.ledger import Receipt
    from serving.catalogue import Catalogue
    from serving.champion import Champion
    from serving.scoring.decider import Decider

MOST_BYTES: Final = 32 * 2**10
"""Longer bodies go the long way, which reads on where the server stops at 64 KiB."""


class ShortWay(NamedTuple):
    """What answers: whose champions, who decides, what ``/predict`` asks, what counts."""

    catalogue: Catalogue
    decider: Decider
    default_model: str
    boundary: Boundary


def _line(name: bytes, value: bytes) -> bytes:
    return b"%b: %b\r\n" % (name, value)


_LAST: Final = b"".join(_line(*pair) for pair in FIXED_HEADERS)


def short_way(app: FastAPI) -> ShortWay | None:
    """Return what the protocol needs, or None where a middleware is not known here."""
    stack: list[object] = [each.cls for each in app.user_middleware]
    if stack != [AnswerHeaders, Guard, ScoringFront]:
        return None
    state = app.state
    return ShortWay(state.catalogue, state.decider, state.default_model, state.boundary)


class ScoringProtocol(HttpToolsProtocol):
    """uvicorn's protocol with the short way in front.

    The application's lifespan puts a `ShortWay` under ``short_way`` into its state.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 # uvicorn's own
        super().__init__(*arguments, **options)
        self._way: ShortWay | None = self.app_state.get("short_way")
        self._held: tuple[RequestResponseCycle, Any, Champion] | None = None
        self._since = 0.0
        self._dated: list[tuple[bytes, bytes]] | None = None
        self._head = b""

    def data_received(self, data: bytes) -> None:
        """Take what came; a body that is not whole by then goes the long way."""
        super().data_received(data)
        if self._held is not None and self._held[0].more_body:
            self._go_the_long_way()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:  # noqa: ANN401 # uvicorn's own
        champion = None
        # A body that is whole waited for another answer; another app refuses overload;
        # a caller that reads nothing has to wait, which only the long way does.
        is_usual = cycle.more_body and app is self.app and not self.flow.write_paused
        if self._way is not None and is_usual and self._way.boundary.has_room:
            model = usual_model(cast("Scope", cycle.scope), self._way.default_model)
            standing = self._way.catalogue.standings.get(model)
            champion = None if standing is None else standing.champion
            if champion is not None and champion.takes_long:
                champion = None  # others would wait
        if champion is None or self._way is None:
            super()._start_asgi_task(cycle, app)
            return
        self._since = perf_counter()
        if self._way.boundary.judge(cast("Scope", cycle.scope)) is not None:
            super()._start_asgi_task(cycle, app)  # the guard gives the refusal
            return
        self._held = cycle, app, champion
        self._way.boundary.in_flight += 1

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body; uvicorn calls it."""
        super().on_body(body)
        if self._held is not None and len(self._held[0].body) > MOST_BYTES:
            self._go_the_long_way()

    def on_message_complete(self) -> None:
        """Answer, now that the body is whole; uvicorn calls it."""
        super().on_message_complete()
        held = self._held
        if held is None or held[0] is not self.cycle or self._way is None:
            return
        cycle, _, champion = held
        request_id = request_id_of(cycle.scope["headers"])
        try:
            content, waiting = self._way.decider.begin(
                champion, bytes(cycle.body), request_id.decode()
            )
        except Exception:  # the long way finds it again, and words it
            self._go_the_long_way()
            return
        if waiting is None:
            self._answer(content, request_id, None)
        else:
            waiting.add_done_callback(
                lambda kept: self._recorded(kept, content, request_id)
            )

    def _recorded(
        self, kept: asyncio.Future[Receipt], content: bytes, request_id: bytes
    ) -> None:
        try:
            receipt = kept.result()
        except LedgerError as error:
            if self._way is not None:
                self._way.decider.stream.refusal(error)
            self._go_the_long_way()
            return
        self._answer(content, request_id, receipt)

    def _answer(self, content: bytes, request_id: bytes, receipt: Receipt | None) -> None:
        if self._held is None or self._way is None:
            return
        cycle, champion = self._held[0], self._held[2]
        self._let_go(self._way)
        seconds = perf_counter() - self._since
        boundary = self._way.boundary
        boundary.metrics.request("score", champion.model_name, 200, seconds)
        if boundary.logs_requests:
            scope = cast("Scope", cycle.scope)
            scope["state"]["request_id"] = request_id.decode()
            log_request(scope, "score", 200, seconds)
        if cycle.disconnected:
            return
        if self._dated is not self.server_state.default_headers:
            self._begin_heads(self._way)
        parts = [self._head]
        if receipt is not None:
            parts.append(_line(b"x-assay-record", receipt.address.encode()))
        if not cycle.keep_alive:
            parts.append(b"connection: close\r\n")
        parts.append(
            b"content-length: %d\r\nx-request-id: %b\r\n%b\r\n%b"
            % (len(content), request_id, _LAST, content)
        )
        self.transport.write(b"".join(parts))
        cycle.response_started = cycle.response_complete = True
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _begin_heads(self, way: ShortWay) -> None:
        """Note how answers begin; the server replaces its headers each second."""
        self._dated = self.server_state.default_headers
        lines = [*self._dated, JSON_HEADER, *way.decider.stream.headers]
        self._head = b"HTTP/1.1 200 OK\r\n" + b"".join(_line(*pair) for pair in lines)

    def _let_go(self, way: ShortWay) -> None:
        self._held = None
        way.boundary.in_flight -= 1

    def _go_the_long_way(self) -> None:
        if self._held is not None and self._way is not None:
            cycle, app, _ = self._held
            self._let_go(self._way)
            if not cycle.disconnected:
                super()._start_asgi_task(cycle, app)
