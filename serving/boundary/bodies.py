"""Bodies that are too large or take too long."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from starlette.types import Message, Receive

from serving.boundary.metrics import Metrics
from serving.problems import Problem

LOOKS = 8
"""A slow body is noticed within so many parts of the time that it may take."""


@dataclass(slots=True)
class SlowBodies:
    """Who waits for a body, and since when.

    One timer looks at all of them while there are any: a timer for each request would
    cost every request several microseconds for the sake of the few that are slow.

    Attributes
    ----------
    seconds : float
        Longest time for a body, from the first wait to the last.
    """

    seconds: float
    _deadlines: dict[asyncio.Task[object], float] = field(default_factory=dict)
    _late: set[asyncio.Task[object]] = field(default_factory=set)
    _timer: asyncio.TimerHandle | None = None

    def wait(self, task: asyncio.Task[object], deadline: float) -> None:
        """Note that a task waits for a piece of its body."""
        self._deadlines[task] = deadline
        if self._timer is None:
            self._start(task.get_loop())

    def arrived(self, task: asyncio.Task[object]) -> None:
        """Note that it waits no more; what it does then may take any time."""
        self._deadlines.pop(task, None)

    def was_late(self, task: asyncio.Task[object]) -> bool:
        """Say, once, whether a task was ended for its body, and take that back."""
        if task not in self._late:
            return False
        self._late.discard(task)
        task.uncancel()
        return True

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = loop.call_later(self.seconds / LOOKS, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        for task, deadline in list(self._deadlines.items()):
            if now >= deadline:
                del self._deadlines[task]
                self._late.add(task)
                task.cancel()
        if self._deadlines:
            self._start(loop)


def bounded_body(
    receive: Receive, most_bytes: int | None, bodies: SlowBodies, metrics: Metrics
) -> Receive:
    """Return `receive` with a limit on a body's bytes and on the time that it takes.

    Without `most_bytes` the body is a stream of any length, and each piece of it has the
    time that else the whole has. What is returned raises `Problem` 413 or 408.
    """
    n_bytes = 0
    deadline = 0.0
    is_whole = False

    async def receive_bounded() -> Message:
        nonlocal n_bytes, deadline, is_whole
        if is_whole:  # what comes now is the end of the connection
            return await receive()
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 # this is a coroutine of one
        if not deadline or most_bytes is None:
            deadline = task.get_loop().time() + bodies.seconds
        bodies.wait(task, deadline)
        try:
            message = await receive()
        except asyncio.CancelledError:
            if not bodies.was_late(task):
                raise
            metrics.turned_away("slow_body")
            raise too_slow(bodies.seconds) from None
        finally:
            bodies.arrived(task)
        is_whole = not message.get("more_body", False)
        n_bytes += len(message.get("body", b""))
        if most_bytes is not None and n_bytes > most_bytes:
            metrics.turned_away("too_large")
            raise too_large(most_bytes)
        return message

    return receive_bounded


def too_large(most_bytes: int) -> Problem:
    """Return the problem of a body that is too large."""
    return Problem(
        413,
        f"the body is larger than {most_bytes} bytes; send fewer rows at a time or raise "
        "ASSAY_API_BODY_BYTES",
        headers={"Connection": "close"},
    )


def too_slow(seconds: float) -> Problem:
    """Return the problem of a body that takes too long."""
    return Problem(
        408,
        f"the body did not arrive within {seconds:g} s; send it at once",
        headers={"Connection": "close"},
    )
