"""One writer's stream: records chained, grouped, synced, rolled and sealed."""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from assay.errors import LedgerError
from assay.ledger.disk import Disk
from assay.ledger.recovery import recover
from assay.ledger.standalone import BEFORE_CHAIN, BEFORE_RECORD, END

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
LONGEST_ENTRY = 16 * 2**20


class StreamWriter:
    """The only writer of one stream.

    `stage` gives a record its number, `commit` puts everything staged on the disk as
    one group. A record counts once the `commit` that covers it has returned.

    Parameters
    ----------
    ledger : Path
        Folder of the ledger.
    stream : str
        Name of the stream, one a worker: lower-case letters, digits, ``._-``.
    segment_bytes : int
        Size at which a segment is sealed and the next one begins.
    disk : Disk
        Way to the disk.
    clock : callable
        Nanoseconds since 1970, UTC.

    Attributes
    ----------
    recovery : Recovery or None
        What was cut when the stream was opened; the stream holds a record of it.

    Raises
    ------
    LedgerError
        If the name is no name, another process writes the stream, or it was altered.
    """

    def __init__(
        self,
        ledger: Path,
        stream: str,
        *,
        segment_bytes: int = 64 * 2**20,
        disk: Disk | None = None,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        if not NAME.fullmatch(stream):
            raise LedgerError(
                f"{stream!r} is no name of a stream; use up to 63 of a-z, 0-9 and ._-"
            )
        self.stream = stream
        self._disk, self._clock = disk or Disk(), clock
        self._segment_bytes = segment_bytes
        self._folder = ledger / "streams" / stream
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock = stream_lock(self._folder)
        self._staged: list[tuple[bytes, int]] = []
        self._failure = ""
        self._descriptor = -1
        try:
            self._begin(ledger)
        except BaseException:
            if self._descriptor >= 0:
                self._disk.close(self._descriptor)
            os.close(self._lock)
            raise

    @property
    def next_sequence(self) -> int:
        """Number that the next staged record gets."""
        return self._sequence + len(self._staged)

    @property
    def n_staged(self) -> int:
        """Number of records that wait for a commit."""
        return len(self._staged)

    def stage(self, entry: bytes) -> int:
        """Take canonical JSON of one entry and return its sequence number.

        Raises
        ------
        LedgerError
            If a write has failed before, the stream is closed or the entry is too long.
        """
        if self._failure:
            raise LedgerError(self._failure)
        if len(entry) > LONGEST_ENTRY:
            raise LedgerError(
                f"an entry of {len(entry)} bytes is longer than {LONGEST_ENTRY}"
            )
        self._staged.append((entry, self._clock()))
        return self._sequence + len(self._staged) - 1

    def commit(self, *, sync: bool = True) -> None:
        """Write everything staged as one group; with `sync`, return once it is safe.

        Raises
        ------
        LedgerError
            If the disk refused. The stream then takes nothing more: after a failed sync
            nobody knows what is on the disk; opening it again finds out.
        """
        if self._failure:
            raise LedgerError(self._failure)
        try:
            self._write(sync)
            if self._n_bytes >= self._segment_bytes:
                self._seal()
                self._open_segment()
        except OSError as error:
            self._failure = (
                f"stream {self.stream} cannot be written: {error.strerror or error}; "
                "make room or repair the disk, then open it again"
            )
            raise LedgerError(self._failure) from error

    def close(self) -> None:
        """Commit what is staged, seal the segment and let another writer in."""
        if self._lock < 0:
            return
        try:
            if not self._failure:
                self.commit()
                self._seal()
        finally:
            if self._descriptor >= 0:
                self._disk.close(self._descriptor)
            self._failure = self._failure or f"stream {self.stream} is closed"
            os.close(self._lock)
            self._lock = -1

    def _begin(self, ledger: Path) -> None:
        for folder in (self._folder, self._folder.parent, ledger):
            self._disk.sync_folder(folder)
        found = recover(self._folder, self.stream, self._disk)
        self.recovery = found.recovery
        self._sequence, self._chain = found.sequence, found.chain
        self._synced, self._group = True, found.sequence
        if found.segment is None:
            self._open_segment()
        else:
            self._segment, self._n_bytes = found.segment, found.n_bytes
            self._descriptor = self._disk.open(found.segment)
            # What recovery read may never have been synced by the writer that died.
            self._disk.sync(self._descriptor)
            self._disk.sync_folder(self._folder)
            if not found.n_bytes:
                self._stage_own("opened", previous=self._chain.hex())
        if found.recovery is not None:
            self._stage_own("recovered", **asdict(found.recovery))
        self.commit()

    def _write(self, sync: bool) -> None:
        if self._staged:
            if self._synced:
                self._group = self._sequence
            content = b"".join(self._lines())
            self._disk.write(self._descriptor, content)
            self._n_bytes += len(content)
            self._synced = False
        if sync and not self._synced:
            self._disk.sync(self._descriptor)
            self._synced = True

    def _lines(self) -> list[bytes]:
        staged, self._staged = self._staged, []
        chain, sequence = self._chain, self._sequence
        lines = []
        for entry, moment in staged:
            body = b'{"entry":%b,"group":%d,"sequence":%d,"stream":"%b","time":"%b"}' % (
                entry,
                self._group,
                sequence,
                self.stream.encode(),
                utc_text(moment).encode(),
            )
            chain = sha256(chain + body).digest()
            written = chain.hex().encode()
            lines.append(b"".join((BEFORE_CHAIN, written, BEFORE_RECORD, body, END)))
            sequence += 1
        self._chain, self._sequence = chain, sequence
        return lines

    def _open_segment(self) -> None:
        self._segment = self._folder / f"{self._sequence:020d}.ndjson"
        self._descriptor = self._disk.open(self._segment)
        self._disk.sync_folder(self._folder)
        self._n_bytes = 0
        self._stage_own("opened", previous=self._chain.hex())
        self._write(sync=True)

    def _seal(self) -> None:
        first = int(self._segment.stem)
        self._stage_own("sealed", first=first, n_records=self._sequence - first)
        self._write(sync=True)
        self._disk.close(self._descriptor)
        self._descriptor = -1
        self._segment.chmod(0o440)

    def _stage_own(self, kind: str, **said: Any) -> None:  # noqa: ANN401 # JSON
        entry = orjson.dumps({"kind": kind, "said": said}, option=orjson.OPT_SORT_KEYS)
        self._staged.append((entry, self._clock()))


def utc_text(nanoseconds: int) -> str:
    """Return a moment like ``2026-11-21T00:43:28.123456Z``, 27 characters."""
    seconds, rest = divmod(nanoseconds, 10**9)
    return f"{_second_text(seconds)}.{rest // 1000:06d}Z"


@lru_cache(maxsize=4)
def _second_text(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def stream_lock(folder: Path) -> int:
    """Return a descriptor that keeps every writer off a stream until it is closed.

    Raises
    ------
    LedgerError
        If a writer holds it.
    """
    file = folder / "lock"
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise LedgerError(
            f"another writer holds {file}; give each worker a stream of its own"
        ) from error
    return descriptor
