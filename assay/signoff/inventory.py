"""The inventory of models: whose, what for, how exposed, reviewed when, watched since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from assay.contract.mark import PolicyMark, policy_changes
from assay.signoff.case import SignoffCase
from assay.signoff.policy import SignoffPolicy, Tier

NOT_NAMED = "not in the policy"


@dataclass(frozen=True, slots=True)
class InventoryRow:
    """What the inventory says of one model.

    Attributes
    ----------
    model_name, owner, purpose : str
        From its contract.
    exposure, validator : str
        From the policy.
    tier : Tier
        From the policy; its default where the model is not named.
    champion : int or None
        The version that answers.
    last_review : datetime or None
        When a version was last promoted or refused by people.
    next_review : datetime or None
        Until when the next is due; None where there was none, so it is due now.
    findings : tuple of str
        What is wrong and shown in red; empty where nothing is.
    """

    model_name: str
    owner: str
    purpose: str
    exposure: str
    tier: Tier
    validator: str
    champion: int | None
    last_review: datetime | None
    next_review: datetime | None
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is known of a model outside the policy.

    Attributes
    ----------
    model_name, owner, purpose : str
        From its contract.
    champion : int or None
        The version that answers.
    last_review : datetime or None
        See `last_review_of`.
    watched_at : datetime or None
        When a monitor last finished.
    signed_under : PolicyMark or None
        See `signed_under`.
    unwatchable : str
        Why nobody can say when a monitor last finished; empty where one can.
    """

    model_name: str
    owner: str
    purpose: str
    champion: int | None
    last_review: datetime | None
    watched_at: datetime | None
    signed_under: PolicyMark | None = None
    unwatchable: str = ""


def inventory_row(
    facts: ModelFacts, policy: SignoffPolicy, now: datetime
) -> InventoryRow:
    """Return a model's row, with what is overdue among its findings."""
    named = policy.models.get(facts.model_name)
    findings: list[str] = []
    if named is None:
        findings.append(f"{NOT_NAMED}: exposure, validator and review are not known")
    due = None
    if named and facts.last_review:
        due = facts.last_review + timedelta(days=named.review_days)
    if facts.champion is not None:
        if policy.roles_for(facts.model_name) and (due is None or due <= now):
            findings.append("review overdue" if due else "never reviewed")
        if facts.signed_under is not None:
            now_asked = policy.mark_for(facts.model_name)
            findings += policy_changes((facts.signed_under,), (now_asked,))
        silence = timedelta(hours=named.monitor_hours) if named else timedelta(0)
        if facts.unwatchable:
            findings.append(f"monitors not known: {facts.unwatchable}")
        elif facts.watched_at is None:
            findings.append("monitors never ran")
        elif now - facts.watched_at > silence:
            hours = (now - facts.watched_at) / timedelta(hours=1)
            findings.append(f"monitors stale: silent for {hours:.0f} hours")
    return InventoryRow(
        model_name=facts.model_name,
        owner=facts.owner,
        purpose=facts.purpose,
        exposure=named.exposure if named else NOT_NAMED,
        tier=policy.tier_of(facts.model_name),
        validator=named.validator if named else NOT_NAMED,
        champion=facts.champion,
        last_review=facts.last_review,
        next_review=due,
        findings=tuple(findings),
    )


def last_review_of(
    cases: Iterable[SignoffCase], ended_at: Mapping[str, datetime]
) -> datetime | None:
    """Return when people last decided about a version, by promoting or refusing it.

    Parameters
    ----------
    cases : iterable of SignoffCase
        The model's cases.
    ended_at : mapping of str to datetime
        When each ended, by its request's id.
    """
    decided = [
        ended_at[case.request.request_id]
        for case in cases
        if case.outcome in {"promoted", "refused"} and case.signatures
    ]
    return max(decided, default=None)


def signed_under(cases: Iterable[SignoffCase], bundle_digest: str) -> PolicyMark | None:
    """Return the sign-off policy under which people signed for a bundle; None if none.

    Parameters
    ----------
    cases : iterable of SignoffCase
        The model's cases.
    bundle_digest : str
        Digest of the champion's bundle.
    """
    marks = [
        mark
        for case in cases
        if case.outcome == "promoted" and case.request.bundle_digest == bundle_digest
        for mark in case.request.policies
        if mark.policy == "sign-off"
    ]
    return marks[-1] if marks else None
