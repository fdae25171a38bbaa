"""Find, prove and export records."""

from __future__ import annotations

import base64
import heapq
import mmap
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from assay.errors import LedgerError
from assay.ledger.checkpoint import Checkpoint, checkpoint_files, open_checkpoint
from assay.ledger.merkle import TreeFiles
from assay.ledger.recovery import segments_of
from assay.ledger.standalone import HEAD, Line, parse_line, read_retired, segment_lines

ADDRESS = re.compile(r"([a-z0-9][a-z0-9._-]{0,62}):([0-9]{1,19})")
"""``stream:sequence``."""


class NotCovered(LedgerError):  # noqa: N818 # a state of the record, not a fault
    """The record is there; no checkpoint covers it yet."""


def find_record(ledger: Path, name: str) -> Line:
    """Return the record of an address ``stream:sequence`` or of a request id.

    An address is found by halving, a request id by searching the segments.

    Raises
    ------
    LedgerError
        If there is none.
    """
    address = ADDRESS.fullmatch(name)
    if address and (ledger / "streams" / address[1]).is_dir():
        found = _at(ledger / "streams" / address[1], int(address[2]))
    else:
        found = _of_request(ledger, name)
    if found is None and address and _is_retired(ledger, address[1], int(address[2])):
        raise LedgerError(
            f"retention deleted record {name}; its hash in the tree is all that is left"
        )
    if found is None:
        raise LedgerError(
            f"no record {name!r} in {ledger}; give a request id or stream:sequence"
        )
    return found


def prove(ledger: Path, name: str) -> dict[str, Any]:
    """Return a document that shows a record to be under the last checkpoint.

    It holds ``record`` (the bytes that were hashed), ``index`` of its leaf, ``path``
    (base64 of 32 bytes a level) and ``checkpoint`` (the signed file).
    `standalone.proof_holds` checks it with the public key alone.

    Raises
    ------
    NotCovered
        If no checkpoint covers it yet.
    LedgerError
        If there is no such record.
    """
    line = find_record(ledger, name)
    head = HEAD.search(line.body, max(0, len(line.body) - 256))
    files = checkpoint_files(ledger)
    if head is None or not files:
        raise NotCovered(f"no checkpoint in {ledger} yet; run 'assay ledger checkpoint'")
    # Nothing is checked here: who gets the proof checks it, with a key he trusts.
    last = open_checkpoint(files[-1], None)
    stream = head[3].decode()
    index = _leaf_index(files, stream, line.sequence)
    with TreeFiles(ledger / "tree", last.size) as tree:
        path = tree.inclusion(index, last.size)
    return {
        "record": line.body.decode(),
        "index": index,
        "path": base64.b64encode(b"".join(path)).decode(),
        "checkpoint": files[-1].read_text(),
    }


def records_between(ledger: Path, start: str, end: str) -> Iterator[bytes]:
    """Return the records with ``start <= time < end``, by time, as JSON lines.

    Parameters
    ----------
    ledger : Path
        Folder of the ledger.
    start, end : str
        Times like ``2026-11-21T00:00:00Z`` or their beginnings, such as a day.
    """
    folders = sorted(each for each in (ledger / "streams").glob("*") if each.is_dir())
    merged = heapq.merge(*(_timed(folder) for folder in folders))
    for moment, _, _, body in merged:
        if start.rstrip("Z") <= moment < end.rstrip("Z"):
            yield body + b"\n"


def _timed(folder: Path) -> Iterator[tuple[str, str, int, bytes]]:
    for segment in segments_of(folder):
        for line in segment_lines(segment, folder.name):
            if isinstance(line, bytes) or not line.sequence:
                continue
            head = HEAD.search(line.body, max(0, len(line.body) - 256))
            if head is not None:
                yield head[4].decode(), folder.name, line.sequence, line.body


def _at(folder: Path, sequence: int) -> Line | None:
    segments = segments_of(folder)
    place = bisect_right([int(each.stem) for each in segments], sequence) - 1
    if place < 0 or not segments[place].stat().st_size:
        return None
    with (
        segments[place].open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        low, high = 0, len(content)
        while low < high:
            middle = (low + high) // 2
            start = content.rfind(b"\n", low, middle) + 1 or low
            end = content.find(b"\n", middle) + 1 or len(content)
            line = parse_line(content[start:end], folder.name, file.name, start)
            if line.sequence == sequence:
                return line
            if line.sequence == 0:
                break
            low, high = (end, high) if line.sequence < sequence else (low, start)
    return None


def _is_retired(ledger: Path, stream: str, sequence: int) -> bool:
    for file in (ledger / "streams" / stream).glob("*.retired"):
        said = read_retired(file.read_bytes(), None)
        if said is not None and said["first"] <= sequence <= said["last"]:
            return True
    return False


def _of_request(ledger: Path, request_id: str) -> Line | None:
    wanted = b'"request_id":' + orjson.dumps(request_id)
    for segment in sorted((ledger / "streams").glob("*/*.ndjson"), reverse=True):
        if not segment.stat().st_size:
            continue
        with (
            segment.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
        ):
            at = content.find(wanted)
            while at >= 0:
                start, end = content.rfind(b"\n", 0, at) + 1, content.find(b"\n", at) + 1
                line = parse_line(content[start:end], segment.parent.name, segment.name)
                if line.sequence and _request_of(line) == request_id:
                    return line
                at = content.find(wanted, at + 1)
    return None


def _request_of(line: Line) -> str | None:
    found: str | None = orjson.loads(line.body)["entry"].get("request_id")
    return found


def _leaf_index(files: list[Path], stream: str, sequence: int) -> int:
    def size_in(place: int) -> int:
        known = open_checkpoint(files[place], None).streams.get(stream)
        return int(known["size"]) if known else 0

    place = bisect_left(range(len(files)), sequence, key=size_in)
    if place == len(files):
        raise NotCovered(
            f"record {stream}:{sequence} is newer than the last checkpoint; run "
            "'assay ledger checkpoint' first"
        )
    covering = open_checkpoint(files[place], None)
    before = open_checkpoint(files[place - 1], None) if place else None
    index = before.size if before else 0
    for name in sorted(covering.streams):
        known = _size(before, name)
        if name == stream:
            return index + sequence - known - 1
        index += _size(covering, name) - known
    raise LedgerError(f"{files[place]} does not name stream {stream}")


def _size(checkpoint: Checkpoint | None, stream: str) -> int:
    known = checkpoint.streams.get(stream) if checkpoint else None
    return int(known["size"]) if known else 0
