"""Find records by request id, through an index that is made from the segments.

The index only says where to look. What it finds is read from the segment and held
against the chain; an index that does not fit its segment is made anew.
"""

from __future__ import annotations

import mmap
import threading
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from assay.errors import LedgerError
from assay.ledger.lookup.files import SegmentIndex, TailIndex, open_index
from assay.ledger.recovery import segments_of
from assay.ledger.standalone import HEAD, Line, parse_line


@dataclass(frozen=True, slots=True)
class Found:
    """A record that bears a request id, as it stands in the ledger.

    Attributes
    ----------
    stream, sequence : str, int
        Its address.
    time : str
        When it was written, UTC, like ``2026-11-21T00:43:28.123456Z``.
    entry : mapping
        What was written.
    body : bytes
        The bytes that were hashed.
    """

    stream: str
    sequence: int
    time: str
    entry: dict[str, Any]
    body: bytes

    @property
    def address(self) -> str:
        """``stream:sequence``, which names the record for good."""
        return f"{self.stream}:{self.sequence}"


class RequestIndex:
    """Records by request id, in all streams of a ledger, for many threads.

    A sealed segment's index is a file of 16 bytes a record beside it. The segment that
    still grows is read on from where the last look ended, and kept in memory.

    Parameters
    ----------
    ledger : Path
        Folder of the ledger. Where it cannot be written, indexes stay in memory.
    """

    def __init__(self, ledger: Path) -> None:
        self._streams = ledger / "streams"
        self._sealed: dict[Path, SegmentIndex] = {}
        self._growing: dict[Path, TailIndex] = {}
        self._lock = threading.Lock()

    def find(self, request_id: str) -> list[Found]:
        """Return every record that bears a request id, oldest first.

        Raises
        ------
        LedgerError
            If a record found does not match its chain.
        """
        places: list[tuple[Path, int]] = []
        with self._lock:
            self._refresh()
            known: list[tuple[Path, SegmentIndex | TailIndex]] = []
            known += [*self._sealed.items(), *self._growing.items()]
            for segment, index in known:
                places += [(segment, at) for at in index.places(request_id)]
        found = [_read(segment, at) for segment, at in places]
        matching = [each for each in found if each.entry.get("request_id") == request_id]
        return sorted(matching, key=lambda each: (each.time, each.stream, each.sequence))

    def _refresh(self) -> None:
        present: set[Path] = set()
        for folder in sorted(each for each in self._streams.glob("*") if each.is_dir()):
            segments = segments_of(folder)
            present |= set(segments)
            for segment in segments:
                if segment in self._sealed:
                    continue
                if segment == segments[-1] and segment.stat().st_mode & 0o200:
                    tail = self._growing.setdefault(segment, TailIndex(folder.name))
                    tail.read_on(segment)
                else:
                    self._growing.pop(segment, None)
                    self._sealed[segment] = open_index(segment)
        for gone in set(self._sealed) - present:
            del self._sealed[gone]
        for gone in set(self._growing) - present:
            del self._growing[gone]


def _read(segment: Path, offset: int) -> Found:
    """Return the record at a place, held against the chain before it."""
    stream = segment.parent.name
    with (
        segment.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        end = content.find(b"\n", offset) + 1 or len(content)
        line = parse_line(content[offset:end], stream, segment.name, offset)
        start = content.rfind(b"\n", 0, max(0, offset - 1)) + 1
        before = parse_line(content[start:offset], stream, segment.name, start)
    head = HEAD.search(line.body, max(0, len(line.body) - 256))
    if head is None or not _continues(line, before):
        raise LedgerError(
            f"{segment} byte {offset}: the record does not match its chain; run "
            "'assay ledger verify'"
        )
    entry: dict[str, Any] = orjson.loads(line.body)["entry"]
    return Found(stream, line.sequence, head[4].decode(), entry, line.body)


def _continues(line: Line, before: Line) -> bool:
    """Say whether a record follows the one before; a segment's first holds no request."""
    if not line.sequence or line.sequence != before.sequence + 1:
        return False
    return sha256(before.chain + line.body).digest() == line.chain
