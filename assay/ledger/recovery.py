"""Where a stream stands when it is opened, after whatever happened to it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from assay.errors import LedgerError
from assay.ledger.disk import Disk
from assay.ledger.standalone import (
    Line,
    genesis,
    parse_line,
    read_retired,
    segment_lines,
)


@dataclass(frozen=True, slots=True)
class Recovery:
    """A half-written tail that was cut.

    Attributes
    ----------
    segment : str
        File that it was cut from.
    offset, cut_bytes : int
        Where it was cut, and how much of it.
    cut_sha256 : str
        Digest of what was cut.
    aside : str
        File below the stream's folder in which it is kept.
    """

    segment: str
    offset: int
    cut_bytes: int
    cut_sha256: str
    aside: str


@dataclass(frozen=True, slots=True)
class Position:
    """Where the next record goes; `segment` is None where a new one must begin."""

    sequence: int
    chain: bytes
    segment: Path | None
    n_bytes: int
    recovery: Recovery | None


def segments_of(folder: Path) -> list[Path]:
    """Return a stream's segments in order."""
    return sorted(folder.glob("*.ndjson"))


def last_line(segment: Path, stream: str) -> Line | None:
    """Return a segment's last line where it is whole."""
    found: Line | None = None
    for line in segment_lines(segment, stream):
        if isinstance(line, bytes) or not line.sequence:
            return None
        found = line
    return found


def recover(folder: Path, stream: str, disk: Disk) -> Position:
    """Return where to go on, with a half-written tail cut, kept aside and described.

    Raises
    ------
    LedgerError
        If records that were acknowledged do not match their chain: a writer never goes
        on behind an alteration.
    """
    segments = segments_of(folder)
    if not segments:
        sequence, chain = _behind_retired(folder, stream, None)
        return Position(sequence, chain, None, 0, None)
    segment = segments[-1]
    sequence, chain = _behind_retired(folder, stream, int(segment.stem))
    if len(segments) > 1 and sequence != int(segment.stem):
        before = last_line(segments[-2], stream)
        if before is None:
            raise _altered(segments[-2], "its end does not read")
        chain, sequence = before.chain, before.sequence + 1
    if segment.stem != f"{sequence:020d}":
        raise _altered(segment, f"it should begin with record {sequence}")
    last: Line | None = None
    good = 0
    for line in segment_lines(segment, stream):
        if isinstance(line, bytes):
            break
        computed = hashlib.sha256(chain + line.body).digest()
        if line.sequence != sequence or line.chain != computed:
            _refuse_acknowledged(segment, stream, line.offset, sequence)
            break
        last, chain, sequence = line, computed, sequence + 1
        good = line.offset + line.raw_bytes
    recovery = _cut(segment, good, disk)
    if last is not None and last.body.startswith(b'{"entry":{"kind":"sealed"'):
        return Position(sequence, chain, None, 0, recovery)
    return Position(sequence, chain, segment, good, recovery)


def _behind_retired(folder: Path, stream: str, before: int | None) -> tuple[int, bytes]:
    """Return number and chain behind the last records that retention deleted."""
    files = sorted(folder.glob("*.retired"))
    gone = [
        file
        for file in files
        if (before is None or int(file.stem) < before)
        and not file.with_suffix(".ndjson").exists()
    ]
    if not gone:
        return 1, genesis(stream)
    said = read_retired(gone[-1].read_bytes(), None)
    if said is None:
        raise _altered(gone[-1], "it does not read")
    return int(said["last"]) + 1, bytes.fromhex(said["chain"])


def _refuse_acknowledged(segment: Path, stream: str, offset: int, sequence: int) -> None:
    """Raise if a group begins behind the damage: then what is damaged had been synced."""
    with segment.open("rb") as file:
        file.seek(offset)
        for raw in file:
            if parse_line(raw, stream).group > sequence:
                raise _altered(segment, f"record {sequence} does not match its chain")


def _cut(segment: Path, good: int, disk: Disk) -> Recovery | None:
    n_bytes = segment.stat().st_size
    if n_bytes == good:
        return None
    with segment.open("rb") as file:
        file.seek(good)
        tail = file.read()
    folder = segment.parent / "aside"
    folder.mkdir(exist_ok=True)
    aside = folder / f"{segment.stem}.{good}.{n_bytes}.tail"
    disk.place(aside, tail)
    disk.sync_folder(segment.parent)
    disk.truncate(segment, good)
    digest = hashlib.sha256(tail).hexdigest()
    return Recovery(segment.name, good, len(tail), digest, f"aside/{aside.name}")


def _altered(segment: Path, why: str) -> LedgerError:
    return LedgerError(
        f"{segment} was altered: {why}; run 'assay ledger verify', keep the folder as "
        "evidence and write to a stream of another name"
    )
