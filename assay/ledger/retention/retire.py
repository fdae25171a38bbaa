"""Delete segments whose time is over; their hashes stay, so the ledger still verifies."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from assay.errors import LedgerError
from assay.ledger.archive import Archive, SealedSegment, sealed_segments
from assay.ledger.archive.parquet import checked_lines
from assay.ledger.checkpoint import checkpoint_files, open_checkpoint
from assay.ledger.disk import Disk
from assay.ledger.lookup.files import index_file
from assay.ledger.record import OWN_KINDS
from assay.ledger.recovery import segments_of
from assay.ledger.retention.custody import CUSTODY, Hold, active_holds
from assay.ledger.retention.profiles import RetentionProfile, profile_of
from assay.ledger.standalone import HEAD, SIGNED_RETIRED, leaf_hash
from assay.ledger.stream import stream_lock

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEPT_SEGMENTS = 2
"""Newest segments that stay while a stream has a writer, which goes on from them."""


@dataclass(frozen=True, slots=True)
class Retired:
    """A segment that was deleted.

    Attributes
    ----------
    segment : SealedSegment
        What it was.
    why : str
        The policy profiles under which its records' time was over.
    """

    segment: SealedSegment
    why: str


def retire_segments(
    ledger: Path,
    key: Ed25519PrivateKey,
    profiles: Mapping[str, RetentionProfile],
    archive: Archive | None,
    now: datetime,
) -> list[Retired]:
    """Delete sealed segments of which every record's time is over.

    First a signed statement and the records' hashes are put beside the segment, then it
    is deleted from the archive, and last here: killed at any moment, the next run
    finishes. Checkpoints and proofs of other records hold as before.

    Parameters
    ----------
    ledger : Path
        Folder of the ledger.
    key : Ed25519PrivateKey
        The key that signs its checkpoints.
    profiles : mapping of str to RetentionProfile
        By the records' ``policy``. A record of another policy is kept for good.
    archive : Archive or None
        From which the segments go as well.
    now : datetime
        With a time zone.

    Returns
    -------
    list of Retired
        Not among them: segments with a record that is not yet due or under a legal
        hold, not covered by a checkpoint, or, of a stream that has a writer, one of the
        two newest.
    """
    holds = active_holds(ledger)
    covered = _covered(ledger)
    retired = []
    for segment in list(sealed_segments(ledger)):
        if segment.stream == CUSTODY or covered.get(segment.stream, 0) < segment.last:
            continue
        why = _over(segment, profiles, holds, now)
        with _unless_written(segment) as may_go:
            if why is not None and may_go:
                _state(segment, key, why, now)
                if archive is not None:
                    archive.remove(segment)
                index_file(segment.file).unlink(missing_ok=True)
                segment.file.unlink()
                Disk().sync_folder(segment.file.parent)
                retired.append(Retired(segment, why))
    return retired


@contextmanager
def _unless_written(segment: SealedSegment) -> Iterator[bool]:
    """Say whether a segment may go; no writer opens its stream meanwhile."""
    if segment.file not in segments_of(segment.file.parent)[-KEPT_SEGMENTS:]:
        yield True
        return
    try:
        lock = stream_lock(segment.file.parent)
    except LedgerError:
        yield False
        return
    try:
        yield True
    finally:
        os.close(lock)


def _covered(ledger: Path) -> dict[str, int]:
    files = checkpoint_files(ledger)
    if not files:
        return {}
    streams = open_checkpoint(files[-1], None).streams
    return {name: int(end["size"]) for name, end in streams.items()}


def _over(
    segment: SealedSegment,
    profiles: Mapping[str, RetentionProfile],
    holds: Sequence[Hold],
    now: datetime,
) -> str | None:
    """Return under which profiles all of a segment is due, or None if some is not."""
    names = set()
    for line in checked_lines(segment):
        entry = orjson.loads(line.body)["entry"]
        if entry["kind"] in OWN_KINDS:
            continue
        head = HEAD.search(line.body, max(0, len(line.body) - 256))
        profile = profile_of(entry, profiles)
        time = head[4].decode() if head else ""
        if profile is None or not profile.is_due(datetime.fromisoformat(time), now):
            return None
        if any(hold.covers(entry, time) for hold in holds):
            return None
        names.add(profile.name)
    return "retention of " + ", ".join(sorted(names)) if names else "no record left"


def _state(
    segment: SealedSegment, key: Ed25519PrivateKey, why: str, now: datetime
) -> None:
    leaves, first = bytearray(), b""
    for line in checked_lines(segment):
        first = first or line.body
        leaves += leaf_hash(line.body)
    said = {
        "before": orjson.loads(first)["entry"]["said"]["previous"],
        "chain": segment.chain,
        "first": segment.first,
        "last": segment.last,
        "leaves": sha256(leaves).hexdigest(),
        "stream": segment.stream,
        "time": now.isoformat(),
        "why": why,
    }
    body = orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
    signature = key.sign(SIGNED_RETIRED + body).hex().encode()
    statement = b'{"retired":%b,"signature":"%b"}\n' % (body, signature)
    Disk().place(segment.file.with_suffix(".leaves"), bytes(leaves))
    Disk().place(segment.file.with_suffix(".retired"), statement)
