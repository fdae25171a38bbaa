"""The record of a body that was refused."""

from __future__ import annotations

import hashlib

from assay.ledger import entry_bytes
from serving.champion import Champion
from serving.problems import Problem


def refusal_entry(
    champion: Champion, problem: Problem, body: bytes, request_id: str
) -> bytes:
    """Return the record of a refusal: which rules, and the digest of the body."""
    errors = [
        {key: each[key] for key in ("row", "field", "rule") if key in each}
        for each in problem.members.get("errors", ())
    ]
    return entry_bytes(
        {
            "kind": "refusal",
            "request_id": request_id,
            "model": champion.model_name,
            "version": champion.version,
            "bundle_digest": champion.bundle.digest,
            "status": problem.status,
            "errors": errors,
            "n_errors": problem.members.get("n_errors", 1),
            "body_sha256": hashlib.sha256(body).hexdigest(),
        }
    )
