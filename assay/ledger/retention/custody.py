"""Holds and erasures: written into the ledger itself, in a stream of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from assay.errors import LedgerError
from assay.ledger.record import entry_bytes
from assay.ledger.recovery import segments_of
from assay.ledger.standalone import HEAD, segment_lines
from assay.ledger.stream import StreamWriter

CUSTODY = "custody"
"""Stream of what was done with records. It is never deleted."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold: what it covers is neither deleted nor erased.

    A record is covered if it agrees with everything that is given.

    Attributes
    ----------
    name, reason, by : str
        Name of the hold, why it is, and who placed it.
    subject, request_id, model : str
        Pseudonym of a person, a request, a model; empty covers all.
    start, end : str
        Times like ``2026-11-21T00:00:00Z`` or their beginnings, end exclusive; empty
        is open.
    """

    name: str
    reason: str
    by: str
    subject: str = ""
    request_id: str = ""
    model: str = ""
    start: str = ""
    end: str = ""

    def covers(self, entry: Mapping[str, Any], time: str) -> bool:
        """Return whether a record of the ledger is under this hold."""
        inputs = entry.get("inputs")
        sealed = inputs.get("subject") if isinstance(inputs, dict) else None
        return (
            self.subject in ("", sealed, entry.get("subject"))
            and self.request_id in ("", entry.get("request_id"))
            and self.model in ("", entry.get("model"))
            and time >= self.start.rstrip("Z")
            and (not self.end or time < self.end.rstrip("Z"))
        )


def place_hold(ledger: Path, hold: Hold) -> None:
    """Write a hold into the ledger; it holds from then on.

    Raises
    ------
    LedgerError
        If a hold of that name is active.
    """
    if any(each.name == hold.name for each in active_holds(ledger)):
        raise LedgerError(f"a hold {hold.name!r} is active; give another name")
    fields = {name: getattr(hold, name) for name in Hold.__slots__}
    append_custody(ledger, {"kind": "hold_placed", **fields})


def release_hold(ledger: Path, name: str, *, by: str) -> None:
    """Write that a hold ended.

    Raises
    ------
    LedgerError
        If none of that name is active.
    """
    names = [each.name for each in active_holds(ledger)]
    if name not in names:
        raise LedgerError(f"no hold {name!r}; active: {', '.join(names) or 'none'}")
    append_custody(ledger, {"kind": "hold_released", "name": name, "by": by})


def active_holds(ledger: Path) -> list[Hold]:
    """Return the holds that were placed and not released, oldest first."""
    holds: dict[str, Hold] = {}
    for entry, _ in custody_records(ledger):
        if entry["kind"] == "hold_placed":
            fields = {name: entry[name] for name in Hold.__slots__}
            holds[entry["name"]] = Hold(**fields)
        elif entry["kind"] == "hold_released":
            holds.pop(entry["name"], None)
    return list(holds.values())


def append_custody(ledger: Path, entry: Mapping[str, Any]) -> None:
    """Write one entry to the stream of custody and return once it is safe."""
    writer = StreamWriter(ledger, CUSTODY)
    try:
        writer.stage(entry_bytes(entry))
    finally:
        writer.close()


def custody_records(ledger: Path) -> Iterator[tuple[dict[str, Any], str]]:
    """Return entry and time of each record of custody, oldest first.

    Raises
    ------
    LedgerError
        If a line does not read: a hold must not be overlooked.
    """
    for segment in segments_of(ledger / "streams" / CUSTODY):
        for line in segment_lines(segment, CUSTODY):
            head = None if isinstance(line, bytes) else HEAD.search(line.body)
            if isinstance(line, bytes) or not line.sequence or head is None:
                raise LedgerError(
                    f"{segment} does not read; run 'assay ledger verify': nothing is "
                    "deleted or erased until it does"
                )
            yield orjson.loads(line.body)["entry"], head[4].decode()
