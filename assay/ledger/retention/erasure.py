"""Erase a person: destroy the keys of what is sealed, once nothing forbids it."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from assay.ledger.privacy.keys import KeyStore
from assay.ledger.retention.custody import (
    Hold,
    active_holds,
    append_custody,
    custody_records,
)
from assay.ledger.retention.profiles import RetentionProfile, profile_of
from assay.ledger.standalone import HEAD, parse_line


@dataclass(frozen=True, slots=True)
class Erasure:
    """Where a request for erasure stands.

    Attributes
    ----------
    subject : str
        Pseudonym of the person.
    is_done : bool
        Whether their keys are destroyed.
    why : str
        What it waits for; empty where it is done.
    n_records, n_keys : int
        Records with sealed inputs of theirs, and keys destroyed.
    """

    subject: str
    is_done: bool
    why: str
    n_records: int
    n_keys: int


def request_erasure(ledger: Path, subject: str) -> None:
    """Write into the ledger that a person, by pseudonym, is to be erased.

    `erase_due` carries it out when no hold and no retention forbids it.
    """
    append_custody(ledger, {"kind": "erasure_requested", "subject": subject})


def erase_due(
    ledger: Path,
    store: KeyStore,
    profiles: Mapping[str, RetentionProfile],
    now: datetime,
) -> list[Erasure]:
    """Destroy the keys of everyone whose erasure nothing forbids any more.

    Parameters
    ----------
    ledger : Path
        Folder of the ledger.
    store : KeyStore
        Keys of its personal inputs.
    profiles : mapping of str to RetentionProfile
        By the records' ``policy``. A policy that is not among them has no least time.
    now : datetime
        With a time zone.

    Returns
    -------
    list of Erasure
        One for each request that was open. A person of whom another record is written
        later needs another request.
    """
    holds = active_holds(ledger)
    found = []
    for subject in _requested(ledger):
        records = list(_records_of(ledger, subject))
        why = _forbidden(records, holds, profiles, now)
        n_keys = 0
        if not why:
            keys = {entry["inputs"]["key"] for entry, _ in records}
            n_keys = store.destroy(keys)
            append_custody(
                ledger,
                {
                    "kind": "erasure_done",
                    "subject": subject,
                    "n_keys": n_keys,
                    "n_records": len(records),
                },
            )
        found.append(Erasure(subject, not why, why, len(records), n_keys))
    return found


def _requested(ledger: Path) -> list[str]:
    waiting: dict[str, None] = {}
    for entry, _ in custody_records(ledger):
        if entry["kind"] == "erasure_requested":
            waiting[entry["subject"]] = None
        elif entry["kind"] == "erasure_done":
            waiting.pop(entry["subject"], None)
    return list(waiting)


def _forbidden(
    records: Sequence[tuple[dict[str, Any], str]],
    holds: Sequence[Hold],
    profiles: Mapping[str, RetentionProfile],
    now: datetime,
) -> str:
    """Return what stands against an erasure, empty for nothing."""
    held = sorted({h.name for e, time in records for h in holds if h.covers(e, time)})
    if held:
        return f"under legal hold: {', '.join(held)}"
    least = [
        profile.kept_until(datetime.fromisoformat(time))
        for entry, time in records
        if (profile := profile_of(entry, profiles)) is not None
    ]
    if least and max(least) > now:
        return f"to be kept until {max(least):%Y-%m-%d}"
    return ""


def _records_of(ledger: Path, subject: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Return entry and time of each record with sealed inputs of a person."""
    wanted = b'"subject":' + orjson.dumps(subject)
    for segment in sorted((ledger / "streams").glob("*/*.ndjson")):
        if not segment.stat().st_size:
            continue
        with (
            segment.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
        ):
            at = content.find(wanted)
            while at >= 0:
                start = content.rfind(b"\n", 0, at) + 1
                end = content.find(b"\n", at) + 1 or len(content)
                line = parse_line(content[start:end], segment.parent.name)
                head = HEAD.search(line.body, max(0, len(line.body) - 256))
                if line.sequence and head is not None:
                    entry = orjson.loads(line.body)["entry"]
                    inputs = entry.get("inputs")
                    is_theirs = isinstance(inputs, dict) and "sealed" in inputs
                    if is_theirs and inputs.get("subject") == subject:
                        yield entry, head[4].decode()
                at = content.find(wanted, end)
