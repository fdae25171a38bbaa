"""A request, the people who sign for it, and their keys."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assay.ledger.signing import public_bytes
from assay.signoff.keys import SignerKey, key_id_of
from assay.signoff.request import SignoffRequest
from assay.signoff.signature import sign

ASKED = datetime(2026, 11, 21, 9, tzinfo=UTC)
NOW = ASKED + timedelta(days=1)
BUNDLE = "b" * 64
TRAINER = "tom"


class Person:
    """Someone with a key."""

    def __init__(self, owner, role):
        self.private = Ed25519PrivateKey.generate()
        public = public_bytes(self.private)
        self.key = SignerKey(key_id_of(public), owner, role, public, ASKED)

    def signs(self, request, earlier=(), decision="approve", comment="seen"):
        return sign(
            request,
            earlier,
            self.key,
            self.private.sign,
            decision=decision,
            comment=comment,
        )


def request_for(roles=("developer", "validator", "auditor"), **changes):
    content = {
        "request_id": "r-1",
        "model_name": "credit_default",
        "version": 7,
        "bundle_digest": BUNDLE,
        "replaces": 6,
        "evidence": ("auc: 0.8000 [0.7800, 0.8200], must be at least 0.75",),
        "trained_by": TRAINER,
        "tier": "high",
        "roles": roles,
        "asked_at": ASKED,
        "expires_at": ASKED + timedelta(days=14),
        **changes,
    }
    return SignoffRequest(**content)


def sign_all(request, people):
    signatures = []
    for person in people:
        signatures.append(person.signs(request, signatures))
    return signatures


def keys_of_all(people):
    return {person.key.key_id: person.key for person in people}
