"""Group commit: many callers, one sync, and nobody is answered before it."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass

from assay.errors import LedgerError
from assay.ledger.record import Receipt
from assay.ledger.stream import StreamWriter


class LoopCommitter:
    """Group commit on an event loop, without a thread.

    Everything appended in one turn of the loop is one group. A sync holds the loop up,
    which costs less processor time than a thread to hand it to.

    Parameters
    ----------
    writer : StreamWriter
        Stream to write to; the committer closes it.
    is_relaxed : bool
        Answer before the sync, which then follows within `sync_seconds`. Receipts say
        so: what was answered since the last sync is lost with the machine's power,
        though not with the process.
    sync_seconds : float
        Longest time between two syncs in relaxed mode.
    """

    def __init__(
        self, writer: StreamWriter, *, is_relaxed: bool = False, sync_seconds: float = 1.0
    ) -> None:
        self.writer = writer
        self._is_relaxed, self._sync_seconds = is_relaxed, sync_seconds
        self._waiting: list[tuple[int, asyncio.Future[Receipt]]] = []
        self._later: asyncio.TimerHandle | None = None

    @property
    def n_waiting(self) -> int:
        """Records that wait for their commit."""
        return len(self._waiting)

    def append(self, entry: bytes) -> asyncio.Future[Receipt]:
        """Return what resolves when the record is safe, or raises `LedgerError`."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Receipt] = loop.create_future()
        sequence = self.writer.stage(entry)
        self._waiting.append((sequence, future))
        if len(self._waiting) == 1:
            # A turn later, when the requests that arrived with this one are in as well.
            loop.call_soon(loop.call_soon, self.flush)
        return future

    def flush(self) -> None:
        """Commit what waits and resolve its futures."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        try:
            self.writer.commit(sync=not self._is_relaxed)
        except LedgerError as error:
            for _, future in waiting:
                if not future.done():
                    future.set_exception(error)
            return
        stream, is_durable = self.writer.stream, not self._is_relaxed
        for sequence, future in waiting:
            if not future.done():
                future.set_result(Receipt(stream, sequence, is_durable))
        if self._is_relaxed and self._later is None:
            loop = asyncio.get_running_loop()
            self._later = loop.call_later(self._sync_seconds, self._sync)

    def close(self) -> None:
        """Commit what waits and close the stream."""
        if self._later is not None:
            self._later.cancel()
        self.flush()
        self.writer.close()

    def _sync(self) -> None:
        self._later = None
        try:
            self.writer.commit()
        except LedgerError:
            # The writer is now failed: the next append raises this to its caller.
            return


@dataclass(slots=True, eq=False)
class _Ticket:
    entry: bytes
    sequence: int = 0
    error: LedgerError | None = None
    is_answered: bool = False


class ThreadCommitter:
    """Group commit for threads: one of those that wait commits for all.

    Parameters
    ----------
    writer : StreamWriter
        Stream to write to; the committer closes it.
    """

    def __init__(self, writer: StreamWriter) -> None:
        self.writer = writer
        self._changed = threading.Condition()
        self._queue: list[_Ticket] = []
        self._is_committing = False

    def append(self, entry: bytes) -> Receipt:
        """Return once the record is safe.

        Raises
        ------
        LedgerError
            If the disk refused it.
        """
        ticket = _Ticket(entry)
        group: list[_Ticket] = []
        with self._changed:
            self._queue.append(ticket)
            while self._is_committing and not ticket.is_answered:
                self._changed.wait()
            if not ticket.is_answered:
                group, self._queue = self._queue, []
                self._is_committing = True
        if group:
            self._lead(group)
        if ticket.error is not None:
            raise ticket.error
        return Receipt(self.writer.stream, ticket.sequence, is_durable=True)

    def close(self) -> None:
        """Close the stream once nobody commits."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_committing)
            self.writer.close()

    def _lead(self, group: list[_Ticket]) -> None:
        staged = []
        for ticket in group:
            try:
                ticket.sequence = self.writer.stage(ticket.entry)
                staged.append(ticket)
            except LedgerError as error:
                ticket.error = error
        try:
            self.writer.commit()
        except LedgerError as error:
            for ticket in staged:
                ticket.error = error
        finally:
            with self._changed:
                for ticket in group:
                    ticket.is_answered = True
                self._is_committing = False
                self._changed.notify_all()
