"""The index of one segment: hashes of request ids, sorted, and where they stand.

A file holds a magic word, the segment's size, a digest of the segment's last line, a
digest of the index itself, then 8 bytes a record of hashes and 8 bytes of offsets.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b, sha256
from pathlib import Path
from typing import TypeAlias

import numpy as np
import orjson
from numpy.typing import NDArray

from assay.errors import LedgerError
from assay.ledger.disk import Disk
from assay.ledger.standalone import segment_lines

Words: TypeAlias = NDArray[np.uint64]

MAGIC = b"assay requests 1"
HEAD_BYTES = len(MAGIC) + 8 + 32 + 32
_LAST_LINE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class SegmentIndex:
    """Index of a sealed segment.

    Attributes
    ----------
    hashes : ndarray of shape (n_records,)
        Of request ids, rising.
    offsets : ndarray of shape (n_records,)
        Byte at which each record's line begins.
    """

    hashes: Words
    offsets: Words

    def places(self, request_id: str) -> list[int]:
        """Return the offsets at which the request id may stand."""
        wanted = np.uint64(request_hash(request_id))
        first = np.searchsorted(self.hashes, wanted, side="left")
        last = np.searchsorted(self.hashes, wanted, side="right")
        found: list[int] = self.offsets[first:last].tolist()
        return found


class TailIndex:
    """Index of a segment that still grows, in memory."""

    def __init__(self, stream: str) -> None:
        self._stream, self._offset = stream, 0
        self._places: dict[int, list[int]] = {}

    def read_on(self, segment: Path) -> None:
        """Take in what was written since; start again where the segment was cut."""
        if segment.stat().st_size < self._offset:
            self._offset, self._places = 0, {}
        for hashed, offset, end in _entries(segment, self._stream, self._offset):
            if hashed is not None:
                self._places.setdefault(hashed, []).append(offset)
            self._offset = end

    def places(self, request_id: str) -> list[int]:
        """Return the offsets at which the request id may stand."""
        return self._places.get(request_hash(request_id), [])


def request_hash(request_id: str) -> int:
    """Return the first 8 bytes of BLAKE2b of a request id, as a number."""
    return int.from_bytes(blake2b(request_id.encode(), digest_size=8).digest(), "big")


def open_index(segment: Path) -> SegmentIndex:
    """Return a sealed segment's index: from its file if that fits, else made anew."""
    file = index_file(segment)
    try:
        return _read(file.read_bytes(), segment)
    except (OSError, LedgerError):
        index = _made(segment)
    try:
        file.parent.mkdir(exist_ok=True)
        Disk().place(file, _content(index, segment))
    except OSError:
        # A ledger on a medium that cannot be written is searched all the same.
        return index
    return index


def index_file(segment: Path) -> Path:
    """Return where a segment's index stands."""
    return segment.parent / "index" / f"{segment.stem}.requests"


def _made(segment: Path) -> SegmentIndex:
    found = [
        (hashed, offset)
        for hashed, offset, _ in _entries(segment, segment.parent.name, 0)
        if hashed is not None
    ]
    table = np.array(sorted(found), dtype=np.uint64).reshape(-1, 2)
    return SegmentIndex(table[:, 0].copy(), table[:, 1].copy())


def _entries(segment: Path, stream: str, start: int) -> list[tuple[int | None, int, int]]:
    """Return hash (None without a request id), offset and end of each whole line."""
    found: list[tuple[int | None, int, int]] = []
    for line in segment_lines(segment, stream, start):
        if isinstance(line, bytes):
            break
        end = line.offset + line.raw_bytes
        found.append((_hash_of(line.body), line.offset, end))
    return found


def _hash_of(body: bytes) -> int | None:
    try:
        request_id = orjson.loads(body)["entry"].get("request_id")
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return None  # an altered line: verification names it, a look-up does not
    return request_hash(request_id) if isinstance(request_id, str) else None


def _content(index: SegmentIndex, segment: Path) -> bytes:
    rest = index.hashes.astype("<u8").tobytes() + index.offsets.astype("<u8").tobytes()
    return MAGIC + _fingerprint(segment) + sha256(rest).digest() + rest


def _read(content: bytes, segment: Path) -> SegmentIndex:
    fingerprint = content[len(MAGIC) : len(MAGIC) + 40]
    rest = content[HEAD_BYTES:]
    fits = (
        content.startswith(MAGIC)
        and fingerprint == _fingerprint(segment)
        and content[HEAD_BYTES - 32 : HEAD_BYTES] == sha256(rest).digest()
        and len(rest) % 16 == 0
    )
    if not fits:
        raise LedgerError(f"the index of {segment} is not of this segment; make it anew")
    words = np.frombuffer(rest, dtype="<u8").astype(np.uint64, copy=False)
    return SegmentIndex(words[: len(words) // 2], words[len(words) // 2 :])


def _fingerprint(segment: Path) -> bytes:
    """Return size and digest of the end of a segment: its chain is over all before."""
    n_bytes = segment.stat().st_size
    with segment.open("rb") as file:
        file.seek(max(0, n_bytes - _LAST_LINE_BYTES))
        return n_bytes.to_bytes(8, "little") + sha256(file.read()).digest()
