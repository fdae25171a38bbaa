"""A request for sign-off: what exactly people are asked to sign for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from assay.contract.mark import PolicyMark, mark_content, read_mark
from assay.signoff.keys import Role

DOMAIN = b"assay sign-off request 1\n"


@dataclass(frozen=True, slots=True)
class SignoffRequest:
    """What is asked. Everything in it is under every signature.

    Attributes
    ----------
    request_id : str
        Names the request; no two have the same.
    model_name : str
        The model.
    version : int
        The challenger.
    bundle_digest : str
        Digest of its bundle.
    replaces : int or None
        The champion that it was judged against.
    evidence : tuple of str
        The rules that the gate found kept, with their figures.
    trained_by : str
        Identity that trained the version; empty if nobody knows.
    tier : str
        Tier of the model when it was asked.
    roles : tuple of Role
        Who must sign, in this order.
    asked_at, expires_at : datetime
        From when to when, in UTC; at `expires_at` it counts as refused.
    policies : tuple of PolicyMark
        Editions of the policies that the evidence was judged under and that say who
        signs; the request is refused once one of them asks something else.
    """

    request_id: str
    model_name: str
    version: int
    bundle_digest: str
    replaces: int | None
    evidence: tuple[str, ...]
    trained_by: str
    tier: str
    roles: tuple[Role, ...]
    asked_at: datetime
    expires_at: datetime
    policies: tuple[PolicyMark, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of the whole request, 64 hexadecimal digits."""
        return hashlib.sha256(DOMAIN + canonical(request_content(self))).hexdigest()


def request_content(request: SignoffRequest) -> dict[str, Any]:
    """Return a request as JSON holds it."""
    content = {
        "request_id": request.request_id,
        "model_name": request.model_name,
        "version": request.version,
        "bundle_digest": request.bundle_digest,
        "replaces": request.replaces,
        "evidence": list(request.evidence),
        "trained_by": request.trained_by,
        "tier": request.tier,
        "roles": list(request.roles),
        "asked_at": request.asked_at.isoformat(),
        "expires_at": request.expires_at.isoformat(),
    }
    if request.policies:  # a request from before there were marks keeps its digest
        content["policies"] = [mark_content(mark) for mark in request.policies]
    return content


def read_request(content: Mapping[str, Any]) -> SignoffRequest:
    """Return the request that `request_content` wrote."""
    replaces = content["replaces"]
    return SignoffRequest(
        request_id=str(content["request_id"]),
        model_name=str(content["model_name"]),
        version=int(content["version"]),
        bundle_digest=str(content["bundle_digest"]),
        replaces=None if replaces is None else int(replaces),
        evidence=tuple(content["evidence"]),
        trained_by=str(content["trained_by"]),
        tier=str(content["tier"]),
        roles=tuple(content["roles"]),
        asked_at=datetime.fromisoformat(content["asked_at"]),
        expires_at=datetime.fromisoformat(content["expires_at"]),
        policies=tuple(read_mark(mark) for mark in content.get("policies", ())),
    )


def canonical(content: Any) -> bytes:  # noqa: ANN401 # whatever JSON holds
    """Return the one JSON text of a content: sorted keys, no spaces, no NaN."""
    return json.dumps(
        content, sort_keys=True, separators=(",", ":"), allow_nan=False
    ).encode()
