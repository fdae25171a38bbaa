"""The worker's stream of the ledger: no answer leaves before its record is kept."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, TypeAlias

from assay.errors import LedgerError
from assay.ledger import LoopCommitter, Receipt, StreamWriter
from serving.problems import Problem

Mode: TypeAlias = Literal["durable", "relaxed", "off"]

RETRY_SECONDS: Final = 1.0
MOST_STAGED: Final = 500
"""Records of one request that are handed over in one turn of the loop."""

_log = logging.getLogger("assay.serving")


class DecisionStream:
    """Where this process keeps its records.

    Parameters
    ----------
    folder : Path
        Folder of the ledger.
    mode : {"durable", "relaxed", "off"}
        ``durable`` answers after the record is on the disk; ``relaxed`` after it was
        handed to the operating system, which loses up to a second with the machine's
        power, though nothing with the process; ``off`` keeps nothing.

    Notes
    -----
    It opens with the first record or with `open`. After a failed write nobody knows what
    is on the disk: the stream is closed and opened again, which finds out, at most once
    a second; what comes meanwhile is refused.
    """

    def __init__(self, folder: Path, mode: Mode) -> None:
        self.folder, self.mode = folder, mode
        self._committer: LoopCommitter | None = None
        self._retry_at = 0.0
        self._failure = ""
        self._handled: LedgerError | None = None
        self._is_closed = False

    @property
    def is_kept(self) -> bool:
        """Whether records are kept at all."""
        return self.mode != "off"

    @property
    def n_waiting(self) -> int:
        """Records that were handed over and are not kept yet."""
        return 0 if self._committer is None else self._committer.n_waiting

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """What an answer says about its record, where it is not durable."""
        if self.mode == "durable":
            return []
        return [(b"x-assay-ledger", self.mode.encode())]

    def open(self) -> None:
        """Open the stream.

        Raises
        ------
        LedgerError
            If it cannot be written, or was altered.
        """
        if self.is_kept and self._committer is None:
            try:
                writer = StreamWriter(self.folder, stream_name())
            except OSError as error:
                raise LedgerError(
                    f"the ledger in {self.folder} cannot be written: "
                    f"{error.strerror or error}; check ASSAY_LEDGER"
                ) from error
            is_relaxed = self.mode == "relaxed"
            self._committer = LoopCommitter(writer, is_relaxed=is_relaxed)
            if writer.recovery is not None:
                _log.warning("ledger tail cut bytes=%s", writer.recovery.cut_bytes)

    def append(self, entry: bytes) -> asyncio.Future[Receipt] | None:
        """Return what resolves once a record is kept; None where none is.

        Raises
        ------
        Problem
            503 where the ledger does not take it.
        """
        if not self.is_kept:
            return None
        try:
            if self._committer is None:
                self._open_again()
            assert self._committer is not None  # noqa: S101 # opened just now
            return self._committer.append(entry)
        except LedgerError as error:
            raise self.refusal(error) from error

    async def keep(self, entries: Sequence[bytes]) -> Receipt | None:
        """Return the receipt of the last record once all are kept.

        Raises
        ------
        Problem
            503 where the ledger does not take them.
        """
        receipt: Receipt | None = None
        for start in range(0, len(entries), MOST_STAGED):
            futures = [self.append(each) for each in entries[start : start + MOST_STAGED]]
            try:
                kept = await asyncio.gather(*(each for each in futures if each))
            except LedgerError as error:
                raise self.refusal(error) from error
            receipt = kept[-1] if kept else None
        return receipt

    def close(self) -> None:
        """Commit what waits, seal the stream and take nothing more."""
        self._is_closed = True
        if self._committer is not None:
            committer, self._committer = self._committer, None
            try:
                committer.close()
            except LedgerError as error:
                _log.error("ledger not sealed: %s", error)

    def _open_again(self) -> None:
        if self._is_closed:
            raise LedgerError("the service is shutting down")
        if self._failure and time.monotonic() < self._retry_at:
            raise LedgerError(self._failure)
        self._retry_at = time.monotonic() + RETRY_SECONDS
        self.open()
        if self._failure:
            _log.info("ledger takes records again")
        self._failure = ""

    def refusal(self, error: LedgerError) -> Problem:
        """Return the answer to what the ledger did not take, and close the stream."""
        # One error fails a whole group; the stream may be open again by its last.
        is_new, self._handled = error is not self._handled, error
        if str(error) != self._failure:
            _log.error("ledger refuses records: %s", error)
        self._failure = str(error)
        if self._committer is not None and is_new:
            committer, self._committer = self._committer, None
            with contextlib.suppress(LedgerError):
                committer.close()
        return Problem(
            503,
            "the decision could not be recorded, so it is not given; ask again soon",
            headers={"Retry-After": "1"},
        )


def stream_name(of: str = "api") -> str:
    """Return the name of this process's stream, ``<of>-<host>-<process>``."""
    ending = f"-{os.getpid()}"
    host = re.sub(r"[^a-z0-9._-]", "-", socket.gethostname().lower())
    return f"{of}-{host}"[: 63 - len(ending)] + ending
