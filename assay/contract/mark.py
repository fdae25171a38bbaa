"""Which edition of a policy something was decided under."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from assay.contract.model import Contract

SHOWN_DIGITS = 12
"""Digits of a digest that people read."""


@dataclass(frozen=True, slots=True)
class PolicyMark:
    """A policy as it stood when something was decided under it.

    Attributes
    ----------
    policy : str
        Which policy: ``gates`` or ``sign-off``.
    profile : str
        What of it applied: the fairness profile, or the tier.
    revision : int
        The number that its file gives itself.
    digest : str
        SHA-256 of what it asks of this model, 64 hexadecimal digits: a file that is
        changed under the same revision has another.
    """

    policy: str
    profile: str
    revision: int
    digest: str

    def __str__(self) -> str:
        edition = f"revision {self.revision}, {self.digest[:SHOWN_DIGITS]}"
        return f"{self.policy} ({self.profile}, {edition})"


def gates_mark(contract: Contract) -> PolicyMark:
    """Return the mark of what a contract's gates ask, fairness profile included.

    Costs and the names of the protected fields are part of it: they say what the
    profile is about.
    """
    asked = {
        "gates": contract.gates.model_dump(mode="json"),
        "decision": contract.decision.model_dump(mode="json"),
        "protected": [field.name for field in contract.with_role("protected")],
    }
    profile = f"fairness profile {contract.gates.fairness.profile}"
    return PolicyMark("gates", profile, contract.revision, policy_digest(asked))


def policy_digest(asked: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what a policy asks, whatever the layout of its file."""
    text = json.dumps(asked, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def policy_changes(
    then: Sequence[PolicyMark], now: Sequence[PolicyMark]
) -> tuple[str, ...]:
    """Return a sentence for each policy that is no longer the one it was."""
    before, after = ({mark.policy: mark for mark in marks} for marks in (then, now))
    return tuple(
        f"policy {before.get(name, f'{name} (none)')} is now "
        f"{after.get(name, f'{name} (none)')}"
        for name in sorted(set(before) | set(after))
        if name not in before
        or name not in after
        or before[name].digest != after[name].digest
    )


def mark_content(mark: PolicyMark) -> dict[str, Any]:
    """Return a mark as JSON holds it."""
    return asdict(mark)


def read_mark(content: Mapping[str, Any]) -> PolicyMark:
    """Return the mark that `mark_content` wrote."""
    return PolicyMark(
        policy=str(content["policy"]),
        profile=str(content["profile"]),
        revision=int(content["revision"]),
        digest=str(content["digest"]),
    )
