"""What becomes of a label that is reported for a decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias

from assay.ledger.lookup.index import Found, RequestIndex
from assay.ledger.record import entry_bytes

Status: TypeAlias = Literal["accepted", "corrected", "duplicate", "unknown"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A label as it was reported.

    Attributes
    ----------
    request_id : str
        Of the decision.
    label : int
        0 or 1, 1 is bad.
    observed_at : datetime or None
        When the outcome was known, where the caller says so.
    """

    request_id: str
    label: int
    observed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a reported label.

    Attributes
    ----------
    request_id : str
        Of the decision.
    status : {"accepted", "corrected", "duplicate", "unknown"}
        ``corrected`` replaces another label; ``duplicate`` says what is known already.
    is_late : bool
        Whether it came later after its decision than the contract waits.
    decision : str
        Address of the decision; empty where it is unknown.
    entry : bytes or None
        What the ledger must take for it to count; None where nothing is to be written.
    """

    request_id: str
    status: Status
    is_late: bool
    decision: str
    entry: bytes | None


def judge_outcomes(
    index: RequestIndex,
    model_name: str,
    outcomes: Sequence[Outcome],
    *,
    now: datetime,
    late_after: timedelta,
) -> list[Judged]:
    """Return what becomes of each label, in their order.

    Parameters
    ----------
    index : RequestIndex
        Of the ledger that holds the decisions.
    model_name : str
        Model that decided; a decision of another one is unknown here.
    outcomes : sequence of Outcome
        Labels; of two for one decision the later one corrects.
    now : datetime
        Time of the report, with a time zone.
    late_after : timedelta
        Age of a decision from which a label is late. It counts all the same.
    """
    known: dict[str, int] = {}
    judged = []
    for outcome in outcomes:
        records = [
            each
            for each in index.find(outcome.request_id)
            if each.entry.get("model") == model_name
        ]
        judged.append(_judged(outcome, model_name, records, known, now, late_after))
        if judged[-1].status != "unknown":
            known[outcome.request_id] = outcome.label
    return judged


def _judged(
    outcome: Outcome,
    model_name: str,
    records: Sequence[Found],
    known: dict[str, int],
    now: datetime,
    late_after: timedelta,
) -> Judged:
    decisions = [each for each in records if each.entry["kind"] == "decision"]
    if not decisions:
        return Judged(outcome.request_id, "unknown", False, "", None)
    decision = decisions[-1]
    is_late = now - datetime.fromisoformat(decision.time) > late_after
    labels = [each.entry["label"] for each in records if each.entry["kind"] == "outcome"]
    before = known.get(outcome.request_id, labels[-1] if labels else None)
    if before == outcome.label:
        return Judged(outcome.request_id, "duplicate", is_late, decision.address, None)
    entry = {
        "kind": "outcome",
        "request_id": outcome.request_id,
        "model": model_name,
        "decision": decision.address,
        "label": outcome.label,
        "label_before": before,
        "observed_at": (outcome.observed_at or now).astimezone(UTC).isoformat(),
        "is_late": is_late,
        # What holds and retention ask of a record, as its decision has it.
        "policy": decision.entry.get("policy", ""),
        "subject": _subject(decision),
    }
    status: Status = "accepted" if before is None else "corrected"
    return Judged(
        outcome.request_id, status, is_late, decision.address, entry_bytes(entry)
    )


def _subject(decision: Found) -> str | None:
    inputs = decision.entry.get("inputs")
    if not isinstance(inputs, dict) or "sealed" not in inputs:
        return None
    return str(inputs["subject"])
