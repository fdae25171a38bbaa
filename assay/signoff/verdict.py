"""Whether the people who must sign did, judged anew from the signatures every time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from assay.contract.mark import PolicyMark, policy_changes
from assay.signoff.keys import Role, SignerKey
from assay.signoff.request import SignoffRequest
from assay.signoff.signature import Signature, is_made_by


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where a request stands.

    Attributes
    ----------
    status : {"waiting", "approved", "refused"}
        Only "approved" lets a version through.
    reasons : tuple of str
        Why it was refused, or who approved; one sentence each.
    next_role : Role or None
        Who must sign next, while it is waiting.
    """

    status: Literal["waiting", "approved", "refused"]
    reasons: tuple[str, ...]
    next_role: Role | None = None


def judge(
    request: SignoffRequest,
    signatures: Sequence[Signature],
    keys: Mapping[str, SignerKey],
    *,
    bundle_digest: str,
    now: datetime,
    policies: Sequence[PolicyMark] = (),
) -> Verdict:
    """Judge a request by its signatures; whatever is wrong refuses it.

    Parameters
    ----------
    request : SignoffRequest
        What was asked.
    signatures : sequence of Signature
        In the order in which they were given.
    keys : mapping of str to SignerKey
        Every registered key by its id.
    bundle_digest : str
        Digest of the bundle as it is now, computed from its bytes.
    now : datetime
        The time of the judgement.
    policies : sequence of PolicyMark
        The policies as they are now; a request that was made under others is refused.
    """
    wrong = [
        f"{change}: promote the challenger again, under what is asked now"
        for change in policy_changes(request.policies, policies)
    ]
    if bundle_digest != request.bundle_digest:
        wrong.append(
            f"the bundle has digest {bundle_digest[:12]}, asked for was "
            f"{request.bundle_digest[:12]}: it was edited"
        )
    for number, signature in enumerate(signatures):
        problem = find_fault(request, signatures[:number], signature, keys, now)
        if problem:
            wrong.append(f"signature {number + 1}: {problem}")
    if wrong:
        return Verdict("refused", tuple(wrong))
    said = tuple(_told(each, keys) for each in signatures)
    if any(each.decision != "approve" for each in signatures):
        return Verdict("refused", said)
    if now >= request.expires_at:
        expired = f"nobody decided until {request.expires_at:%Y-%m-%d %H:%M} UTC"
        return Verdict("refused", (expired,))
    if len(signatures) < len(request.roles):
        return Verdict("waiting", said, request.roles[len(signatures)])
    return Verdict("approved", said)


def find_fault(
    request: SignoffRequest,
    earlier: Sequence[Signature],
    signature: Signature,
    keys: Mapping[str, SignerKey],
    now: datetime,
) -> str:
    """Return what keeps a signature from counting after the earlier ones, or nothing."""
    key = keys.get(signature.key_id)
    if key is None:
        return f"key {signature.key_id} is not registered"
    if key.revoked_at is not None:
        return f"key {key.key_id} of {key.owner} was revoked: {key.revoked_because}"
    if not is_made_by(request, signature, key):
        return f"key {key.key_id} of {key.owner} did not sign this"
    if signature.request_id != request.request_id:
        return "it is about another request"
    if signature.after != (earlier[-1].digest if earlier else request.digest):
        return "it does not follow on what stands before it"
    if signature.expires_at != request.expires_at or now >= signature.expires_at:
        return f"it expired at {signature.expires_at:%Y-%m-%d %H:%M} UTC"
    return _fault_of_role(request, earlier, signature, key, keys)


def _fault_of_role(
    request: SignoffRequest,
    earlier: Sequence[Signature],
    signature: Signature,
    key: SignerKey,
    keys: Mapping[str, SignerKey],
) -> str:
    if any(each.decision != "approve" for each in earlier):
        return "the request was refused before"
    if len(earlier) >= len(request.roles):
        return "everybody has signed already"
    due = request.roles[len(earlier)]
    if key.role != signature.role or signature.role != due:
        return f"it is signed as {signature.role} with a {key.role}'s key; {due} is next"
    if due != "developer" and not request.trained_by:
        return "nobody knows who trained the version; train it again"
    if due != "developer" and key.owner == request.trained_by:
        return f"{key.owner} trained the version and cannot sign as {due}"
    if key.owner in {keys[each.key_id].owner for each in earlier if each.key_id in keys}:
        return f"{key.owner} has signed in another role"
    return ""


def _told(signature: Signature, keys: Mapping[str, SignerKey]) -> str:
    word = "approved" if signature.decision == "approve" else "refused"
    comment = f": {signature.comment}" if signature.comment else ""
    return f"{keys[signature.key_id].owner} {word} as {signature.role}{comment}"
