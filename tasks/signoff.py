"""Tasks of sign-off: ask people, take a signature, act on what they decided."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Literal

from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from assay.adapters.champions.history import change_champion, finish_changes, history
from assay.adapters.champions.signoffs import (
    ask_for_signoff,
    close_case,
    open_case,
    policies_now,
    record_signature,
    signer_keys,
    trainer_of,
    verdict_of,
)
from assay.adapters.tracking import Registry
from assay.errors import BundleError, RegistryError
from assay.history import Served
from assay.history.decisions import promotion
from assay.promotion import PromotionDecision
from assay.settings import Settings
from assay.signoff import SignoffRequest, Verdict, read_policy
from assay.signoff.case import Outcome, SignoffCase
from assay.signoff.signature import DecisionWord, Signature
from tasks.faults import RETRIES, may_pass
from tasks.promote import Candidates


@task(
    name="request-signoff", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES
)
def request_signoff(
    candidates: Candidates, decision: PromotionDecision, settings: Settings
) -> SignoffCase | None:
    """Ask the people whom the policy names; None where it names nobody.

    The request is a row in the database: it holds no worker and no slot while it waits,
    and every restart finds it again.
    """
    new, old = candidates.challenger, candidates.champion
    policy = read_policy(settings.policies / "signoff.toml")
    roles = policy.roles_for(new.model_name)
    if not roles or candidates.are_one:
        return None
    now = datetime.now(UTC)
    case = ask_for_signoff(
        settings,
        SignoffRequest(
            request_id=uuid.uuid4().hex[:12],
            model_name=new.model_name,
            version=new.version,
            bundle_digest=new.bundle_digest,
            replaces=old.version if old else None,
            evidence=decision.passes,
            trained_by=trainer_of(settings, new.model_name, new.bundle_digest),
            tier=policy.tier_of(new.model_name),
            roles=roles,
            asked_at=now,
            expires_at=now + timedelta(days=policy.request_days),
            policies=(*decision.policies, policy.mark_for(new.model_name)),
        ),
    )
    _show_case(case, settings)
    return case


@task(name="record-signature", cache_policy=NO_CACHE)
def take_signature(
    model_name: str,
    decision: DecisionWord,
    comment: str,
    key_id: str,
    value: str,
    settings: Settings,
) -> SignoffCase:
    """Add a person's signature to the request that waits.

    Raises
    ------
    RegistryError
        If no request waits, or the signature does not count, with the reason.
    """
    case = open_case(settings, model_name)
    key = signer_keys(settings).get(key_id)
    if key is None:
        raise RegistryError(f"key {key_id} is not registered; see 'assay keys list'")
    signature = Signature(
        request_id=case.request.request_id,
        key_id=key_id,
        role=key.role,
        decision=decision,
        comment=comment,
        expires_at=case.request.expires_at,
        after=case.signatures[-1].digest if case.signatures else case.request.digest,
        value=value.strip().lower(),
    )
    case = record_signature(settings, model_name, signature, datetime.now(UTC))
    get_run_logger().info(
        "signature taken: model=%s version=%d role=%s decision=%s",
        model_name,
        case.request.version,
        key.role,
        decision,
    )
    return case


@task(name="settle-case", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES)
def settle_case(case: SignoffCase, settings: Settings) -> Verdict:
    """Promote what was approved, end what was refused or expired, leave what waits.

    The bundle is fetched and every byte of it hashed anew before it is promoted.
    """
    verdict = verdict_of(
        settings,
        case,
        _digest_now(case, settings),
        datetime.now(UTC),
        policies_now(settings, case.request.model_name),
    )
    if _was_promoted(case, settings):  # and a crash came before the case was closed
        finish_changes(settings, case.request.model_name)
        verdict = Verdict("approved", ("its promotion stands in the history",))
        close_case(settings, case, "promoted", verdict.reasons)
    elif verdict.status == "approved":
        verdict = _promote(case, verdict, settings)
    elif verdict.status == "refused":
        close_case(settings, case, "refused", verdict.reasons)
    _show_case(case, settings, verdict)
    get_run_logger().info(
        "case judged: model=%s version=%d status=%s",
        case.request.model_name,
        case.request.version,
        verdict.status,
    )
    return verdict


def _promote(case: SignoffCase, verdict: Verdict, settings: Settings) -> Verdict:
    asked = case.request
    new = Served(asked.version, asked.bundle_digest)
    change = promotion(
        new,
        judged_against=asked.replaces,
        reasons=(*asked.evidence, *verdict.reasons),
        actor="; ".join(verdict.reasons),
        authority=asked.request_id,
    )
    try:
        change_champion(settings, asked.model_name, change)
    except RegistryError as error:
        return _end(case, "superseded", (str(error),), settings)
    close_case(settings, case, "promoted", verdict.reasons)
    return verdict


def _was_promoted(case: SignoffCase, settings: Settings) -> bool:
    entries = history(settings, case.request.model_name)
    return any(each.change.authority == case.request.request_id for each in entries)


def _end(
    case: SignoffCase, outcome: Outcome, reasons: tuple[str, ...], settings: Settings
) -> Verdict:
    close_case(settings, case, outcome, reasons)
    return Verdict("refused", reasons)


def _digest_now(case: SignoffCase, settings: Settings) -> str:
    """Return the digest of the bundle's bytes in the registry; empty if it is not whole.

    A digest that differs refuses the case.
    """
    asked = case.request
    registry = Registry(settings)
    record = next(
        (v for v in registry.versions(asked.model_name) if v.version == asked.version),
        None,
    )
    if record is None:
        return ""
    try:
        return registry.fetch_bundle(record, settings.bundle_cache).digest
    except BundleError:
        return ""


def _show_case(
    case: SignoffCase, settings: Settings, verdict: Verdict | None = None
) -> None:
    key = f"{case.request.model_name.replace('_', '-')}-signoff"
    create_markdown_artifact(case_page(case, verdict, settings.prefect_api), key=key)


def case_page(case: SignoffCase, verdict: Verdict | None, prefect_api: str) -> str:
    """Return a case as a Markdown page: what is asked, of whom, and how to answer."""
    asked = case.request
    status: Literal["waiting", "approved", "refused"] = (
        verdict.status if verdict else "waiting"
    )
    due = asked.roles[len(case.signatures) :] if status == "waiting" else ()
    against = f"version {asked.replaces}" if asked.replaces else "no champion yet"
    lines = [
        f"# {asked.model_name}: version {asked.version} is {status}",
        "",
        f"Against: {against}. Tier {asked.tier}. Trained by "
        f"{asked.trained_by or 'nobody known'}. Bundle `{asked.bundle_digest[:12]}`. "
        f"Counts as refused at {asked.expires_at:%Y-%m-%d %H:%M} UTC.",
        "",
        *(f"Under policy {mark}." for mark in asked.policies),
        "",
        *(f"- {reason}" for reason in (verdict.reasons if verdict else ())),
        "",
    ]
    if due:
        form = prefect_api.removesuffix("/api")
        lines += [
            f"**Next to sign: {due[0]}**"
            + f", then {', '.join(due[1:])}" * (len(due) > 1),
            "",
            f"    assay sign {asked.model_name} approve --comment WHY --key FILE",
            "",
            "`--show` prints the signature instead; it goes into the form of the "
            f"deployment `sign-off/on-demand` in the [Prefect UI]({form}/deployments).",
            "",
        ]
    lines += ["| evidence |", "|---|", *(f"| {rule} |" for rule in asked.evidence)]
    return "\n".join(lines)
