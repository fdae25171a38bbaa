"""A signature: one person's decision on one request, in one place of its order.

What is signed are canonical bytes under a domain of their own, so that no signature for
another purpose fits: the request's digest (which covers bundle, evidence, roles and
trainer), the bundle's digest, decision, comment, role, key, expiry, and the digest of
what stood before it. A signature taken elsewhere, or moved, does not verify.

References
----------
Josefsson, Liusvaara, "Edwards-Curve Digital Signature Algorithm", RFC 8032, 2017.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from assay.signoff.keys import Role, SignerKey
from assay.signoff.request import SignoffRequest, canonical

DecisionWord: TypeAlias = Literal["approve", "refuse"]
DOMAIN = b"assay sign-off 1\n"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signed decision.

    Attributes
    ----------
    request_id : str
        The request that it is about.
    key_id : str
        The key that made it.
    role : Role
        As what it was made.
    decision : {"approve", "refuse"}
        What was decided.
    comment : str
        Why.
    expires_at : datetime
        From when on it no longer counts, in UTC.
    after : str
        Digest of the signature before it, or of the request for the first.
    value : str
        128 hexadecimal digits.
    """

    request_id: str
    key_id: str
    role: Role
    decision: DecisionWord
    comment: str
    expires_at: datetime
    after: str
    value: str

    @property
    def digest(self) -> str:
        """SHA-256 of the whole signature, 64 hexadecimal digits."""
        return hashlib.sha256(DOMAIN + canonical(signature_content(self))).hexdigest()


def signed_bytes(request: SignoffRequest, signature: Signature) -> bytes:
    """Return the bytes that a signature is made over; `value` has no part in them."""
    content = signature_content(signature)
    del content["value"]
    content["request_digest"] = request.digest
    content["bundle_digest"] = request.bundle_digest
    content["model_name"] = request.model_name
    return DOMAIN + canonical(content)


def sign(
    request: SignoffRequest,
    earlier: Sequence[Signature],
    key: SignerKey,
    make: Callable[[bytes], bytes],
    *,
    decision: DecisionWord,
    comment: str,
) -> Signature:
    """Return a signature that follows on the earlier ones of a request.

    Parameters
    ----------
    request : SignoffRequest
        What is signed for.
    earlier : sequence of Signature
        Those that stand already, in order.
    key : SignerKey
        The signer's registered key.
    make : callable
        From bytes to their Ed25519 signature with the private half, 64 bytes.
    decision : {"approve", "refuse"}
        What is decided.
    comment : str
        Why.
    """
    unsigned = Signature(
        request_id=request.request_id,
        key_id=key.key_id,
        role=key.role,
        decision=decision,
        comment=comment,
        expires_at=request.expires_at,
        after=earlier[-1].digest if earlier else request.digest,
        value="",
    )
    value = make(signed_bytes(request, unsigned)).hex()
    return read_signature({**signature_content(unsigned), "value": value})


def is_made_by(request: SignoffRequest, signature: Signature, key: SignerKey) -> bool:
    """Return True if the key made the signature over this request."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(
            bytes.fromhex(signature.value), signed_bytes(request, signature)
        )
    except (InvalidSignature, ValueError):
        return False
    return True


def signature_content(signature: Signature) -> dict[str, Any]:
    """Return a signature as JSON holds it."""
    return {
        "request_id": signature.request_id,
        "key_id": signature.key_id,
        "role": signature.role,
        "decision": signature.decision,
        "comment": signature.comment,
        "expires_at": signature.expires_at.isoformat(),
        "after": signature.after,
        "value": signature.value,
    }


def read_signature(content: Mapping[str, Any]) -> Signature:
    """Return the signature that `signature_content` wrote."""
    return Signature(
        request_id=str(content["request_id"]),
        key_id=str(content["key_id"]),
        role=content["role"],
        decision=content["decision"],
        comment=str(content["comment"]),
        expires_at=datetime.fromisoformat(content["expires_at"]),
        after=str(content["after"]),
        value=str(content["value"]),
    )
