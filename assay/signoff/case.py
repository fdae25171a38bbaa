"""A request with what happened to it, put together from the entries of its chain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from assay.signoff.request import SignoffRequest, read_request, request_content
from assay.signoff.signature import Signature, read_signature, signature_content

Outcome: TypeAlias = Literal["open", "promoted", "refused", "superseded"]


@dataclass(frozen=True, slots=True)
class SignoffCase:
    """One request and its course.

    Attributes
    ----------
    request : SignoffRequest
        What was asked.
    signatures : tuple of Signature
        In the order in which they were given.
    outcome : {"open", "promoted", "refused", "superseded"}
        How it ended.
    reasons : tuple of str
        Why it ended so.
    """

    request: SignoffRequest
    signatures: tuple[Signature, ...] = ()
    outcome: Outcome = "open"
    reasons: tuple[str, ...] = ()


def asked(request: SignoffRequest) -> dict[str, Any]:
    """Return the entry that opens a case."""
    return {"event": "asked", "request": request_content(request)}


def signed(signature: Signature) -> dict[str, Any]:
    """Return the entry that adds a signature."""
    return {"event": "signed", "signature": signature_content(signature)}


def closed(request_id: str, outcome: Outcome, reasons: tuple[str, ...]) -> dict[str, Any]:
    """Return the entry that ends a case."""
    return {
        "event": "closed",
        "request_id": request_id,
        "outcome": outcome,
        "reasons": list(reasons),
    }


def cases_of(events: Iterable[Mapping[str, Any]]) -> dict[str, SignoffCase]:
    """Return every case by its request's id, oldest first."""
    found: dict[str, SignoffCase] = {}
    for event in events:
        if event["event"] == "asked":
            request = read_request(event["request"])
            found[request.request_id] = SignoffCase(request)
        elif event["event"] == "signed":
            signature = read_signature(event["signature"])
            case = found[signature.request_id]
            found[signature.request_id] = replace(
                case, signatures=(*case.signatures, signature)
            )
        else:
            found[str(event["request_id"])] = replace(
                found[str(event["request_id"])],
                outcome=event["outcome"],
                reasons=tuple(event["reasons"]),
            )
    return found
