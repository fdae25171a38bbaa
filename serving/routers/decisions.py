"""``GET /v1/decisions/{id}``: what was decided, why, and the proof that it stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
from fastapi import APIRouter

from assay.errors import LedgerError
from assay.ledger.lookup import Found, RequestIndex
from assay.ledger.reading import ADDRESS, NotCovered, find_record, prove
from serving.problems import Problem


def decisions_router(ledger: Path, index: RequestIndex | None = None) -> APIRouter:
    """Return the routes that show decisions.

    Parameters
    ----------
    ledger : Path
        Folder of the ledger; it may be empty still.
    index : RequestIndex, optional
        Shared with other routers where given.
    """
    router = APIRouter(include_in_schema=False)  # serving.openapi describes them
    requests = index or RequestIndex(ledger)

    @router.get("/v1/decisions/{decision_id:path}")
    def show_decision(decision_id: str) -> dict[str, Any]:
        return decision_document(ledger, requests, decision_id)

    return router


def decision_document(
    ledger: Path, requests: RequestIndex, decision_id: str
) -> dict[str, Any]:
    """Return a decision with its reasons, its labels and its proof.

    Parameters
    ----------
    ledger : Path
        Folder of the ledger.
    requests : RequestIndex
        Of the same ledger.
    decision_id : str
        Request id, or ``stream:sequence``. Of several decisions under one request id
        the newest is shown, and the others are named.

    Raises
    ------
    Problem
        404 where there is none, 500 where the ledger does not match its chain.
    """
    try:
        found = requests.find(decision_id) or _at(ledger, requests, decision_id)
    except LedgerError as error:
        raise Problem(500, f"{error}") from error
    decisions = [each for each in found if each.entry["kind"] == "decision"]
    if not decisions:
        raise Problem(
            404,
            f"no decision {decision_id[:130]!r}; give the request_id of an answer or "
            "the address stream:sequence of its record",
        )
    decision = decisions[-1]
    return {
        "decision_id": decision.address,
        "request_id": decision.entry.get("request_id"),
        "time": decision.time,
        "record": decision.entry,
        "reasons": decision.entry.get("reasons", []),
        "outcomes": [
            {"address": each.address, "time": each.time, **each.entry}
            for each in found
            if each.entry["kind"] == "outcome"
        ],
        "other_decisions": [each.address for each in decisions[:-1]],
        **_proof(ledger, decision),
    }


def _at(ledger: Path, requests: RequestIndex, address: str) -> list[Found]:
    """Return what bears the request id of the record at an address."""
    if not ADDRESS.fullmatch(address):
        return []
    try:
        line = find_record(ledger, address)
    except LedgerError:
        return []
    request_id = orjson.loads(line.body)["entry"].get("request_id")
    found = requests.find(request_id) if isinstance(request_id, str) else []
    of_it = [each for each in found if each.address == address]
    return of_it + [each for each in found if each.entry["kind"] == "outcome"]


def _proof(ledger: Path, decision: Found) -> dict[str, Any]:
    try:
        return {"proof": prove(ledger, decision.address), "proof_status": "proven"}
    except NotCovered as error:
        return {"proof": None, "proof_status": f"not yet checkpointed: {error}"}
