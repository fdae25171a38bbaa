"""Heads of requests that take too long or are too large.

The server below has no limit of its own: a caller that opens connections and sends a
byte now and then, or headers without an end, would hold descriptors and memory for ever.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, Final, Protocol

import orjson

from serving.boundary.bodies import LOOKS
from serving.problems import MEDIA_TYPE
from serving.scoring.wire import ScoringProtocol

MOST_BYTES: Final = 64 * 2**10
"""Largest head, the request line and all headers together."""

_TITLES: Final = {
    408: b"Request Timeout",
    431: b"Request Header Fields Too Large",
}


class Waiting(Protocol):
    """A connection whose head is not whole."""

    def is_late(self) -> bool:
        """End it and return True; False where it has to be asked again later."""


class SlowHeads:
    """Which connections wait for a head, and since when.

    One timer looks at all of them while there are any.

    Parameters
    ----------
    seconds : float
        Longest time for a head, from the connection or the head's first byte on.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._deadlines: dict[Waiting, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def wait(self, connection: Waiting, loop: asyncio.AbstractEventLoop) -> None:
        """Note that a connection waits for a head, unless that is known already."""
        self._deadlines.setdefault(connection, loop.time() + self.seconds)
        if self._timer is None:
            self._timer = loop.call_later(self.seconds / LOOKS, self._look, loop)

    def arrived(self, connection: Waiting) -> None:
        """Note that it waits no more."""
        self._deadlines.pop(connection, None)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        for connection, deadline in list(self._deadlines.items()):
            if now >= deadline and connection.is_late():
                self.arrived(connection)
        if self._deadlines:
            self._timer = loop.call_later(self.seconds / LOOKS, self._look, loop)


class TimedProtocol(ScoringProtocol):
    """A connection whose heads have to come in time."""

    heads: ClassVar[SlowHeads]
    _n_bytes = 0

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 # uvicorn's own
        """Begin to wait for the first head; uvicorn calls it."""
        super().connection_made(transport)
        self.heads.wait(self, self.loop)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more; uvicorn calls it."""
        self.heads.arrived(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, and note whether a head is whole."""
        super().data_received(data)
        # A request has a scope from its first byte, a cycle once its head is whole.
        if self.cycle is not None and self.cycle.scope is self.scope:
            self.heads.arrived(self)
            self._n_bytes = 0
            return
        self._n_bytes += len(data)
        if self._n_bytes > MOST_BYTES:
            self.heads.arrived(self)
            self._end(431, f"the head is larger than {MOST_BYTES} bytes")
        elif not self.transport.is_closing():
            self.heads.wait(self, self.loop)

    def is_late(self) -> bool:
        """End the connection, unless an answer is still under way on it."""
        if self.cycle is not None and not self.cycle.response_complete:
            return False
        if self._n_bytes:
            self._end(408, f"the head did not come within {self.heads.seconds:g} s")
        else:
            self.transport.close()  # nothing was asked: nothing is answered
        return True

    def _end(self, status: int, detail: str) -> None:
        if self.transport.is_closing():
            return
        title = _TITLES[status]
        document = {
            "type": "about:blank",
            "title": title.decode(),
            "status": status,
            "detail": f"{detail}; send it whole",
        }
        content = orjson.dumps(document)
        self.transport.write(
            b"HTTP/1.1 %d %b\r\ncontent-type: %b\r\ncontent-length: %d\r\n"
            b"connection: close\r\n\r\n%b"
            % (status, title, MEDIA_TYPE.encode(), len(content), content)
        )
        self.transport.close()


def timed_protocol(seconds: float) -> type[TimedProtocol]:
    """Return the service's protocol with a limit on heads, one for a server.

    Parameters
    ----------
    seconds : float
        Longest time for a head.
    """
    return type("TimedProtocol", (TimedProtocol,), {"heads": SlowHeads(seconds)})
