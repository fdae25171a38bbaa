"""Tasks around the champion in office: roll back, stop, try, check."""

from __future__ import annotations

from datetime import UTC, datetime

from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE

from assay.adapters.champions.history import change_champion, history
from assay.adapters.champions.signoffs import signoff_cases
from assay.adapters.champions.standing import check_champion
from assay.adapters.tracking import Registry
from assay.history import ChampionEntry
from assay.history.decisions import resume, rollback, stop
from assay.settings import Settings
from assay.signoff.case import SignoffCase
from tasks.faults import RETRIES, may_pass
from tasks.signoff import settle_case


@task(name="give-back", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES)
def give_back(
    model_name: str, version: int | None, reason: str, settings: Settings
) -> ChampionEntry:
    """Make a former champion the champion again, with the reason on record."""
    entries = history(settings, model_name)
    change = rollback(entries, version, reason=reason, actor=settings.actor)
    return show_entry(change_champion(settings, model_name, change))


@task(name="set-answering", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES)
def set_answering(
    model_name: str, reason: str, settings: Settings, *, answers: bool
) -> ChampionEntry:
    """Stop a model, or let it answer again, with the reason on record."""
    decide = resume if answers else stop
    change = decide(reason, settings.actor)
    return show_entry(change_champion(settings, model_name, change))


@task(
    name="check-standing", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES
)
def check_standing(settings: Settings) -> dict[str, list[str]]:
    """Return each model's findings, and end the requests that nobody decided in time."""
    found: dict[str, list[str]] = {}
    for name in Registry(settings).model_names():
        now = datetime.now(UTC)
        for case in signoff_cases(settings, name):
            if case.outcome == "open" and _needs_settling(case, now):
                settle_case.fn(case, settings)
        found[name] = check_champion(settings, name)
    rows = [
        {"model": name, "finding": finding}
        for name, findings in found.items()
        for finding in findings
    ]
    create_table_artifact(
        rows or [{"model": "all", "finding": "none: history and registry agree"}],
        key="champions-check",
        description="Who is champion by the signed history, and what disagrees.",
    )
    for row in rows:
        get_run_logger().error("model=%(model)s finding=%(finding)s", row)
    return found


def show_entry(entry: ChampionEntry) -> ChampionEntry:
    """Show an entry of the history on the flow run and return it."""
    stopped = f", stopped: {entry.traffic.stopped}" if entry.traffic.stopped else ""
    lines = [
        f"# {entry.model_name}: {entry.action.replace('_', ' ')}",
        "",
        f"Version {entry.version} is the champion{stopped}. Entry {entry.sequence} of "
        f"its history, {entry.since:%Y-%m-%d %H:%M:%S} UTC, by {entry.actor}.",
        "",
        *(f"- {reason}" for reason in entry.reasons),
    ]
    key = f"{entry.model_name.replace('_', '-')}-history"
    create_markdown_artifact("\n".join(lines), key=key)
    get_run_logger().info(
        "history written: model=%s entry=%d action=%s version=%s",
        entry.model_name,
        entry.sequence,
        entry.action,
        entry.version,
    )
    return entry


def _needs_settling(case: SignoffCase, now: datetime) -> bool:
    """Return True for a case that ran out, or whose last signature a crash followed."""
    is_complete = len(case.signatures) >= len(case.request.roles)
    is_refused = any(each.decision != "approve" for each in case.signatures)
    return now >= case.request.expires_at or is_complete or is_refused
