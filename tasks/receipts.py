"""Tasks of receipts: what a rollout promised to measure, and what was looked at since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from assay.adapters.champions.effect_plans import (
    Look,
    Registered,
    plan_breaks,
    record_look,
    registered_rollout,
)
from assay.adapters.champions.history import history
from assay.causal.plan import Plan
from assay.causal.registration import WINDOW_DAYS, changed_grounds, departures
from assay.causal.registration_section import registration_section
from assay.causal.report import Section
from assay.causal.withholding import Answer
from assay.history import ChampionEntry
from assay.settings import Settings
from tasks.faults import RETRIES, may_pass
from tasks.rollouts import ROLLOUT, Rollout, named_rollout


@dataclass(frozen=True, slots=True)
class Receipt:
    """A registered rollout, and how the analysis at hand relates to it.

    Attributes
    ----------
    registered : Registered
        What was written down when the rollout began.
    outcome : str
        That is looked at.
    departures : tuple of str
        Where somebody chose another analysis.
    changed : tuple of str
        What changed under it since: contract, thresholds.
    circumstances : tuple of str
        What happened to the rollout that nobody planned.
    """

    registered: Registered
    outcome: str
    departures: tuple[str, ...]
    changed: tuple[str, ...]
    circumstances: tuple[str, ...]

    def section(self) -> Section:
        """Return it as a section of a report."""
        return registration_section(
            self.registered.registration,
            digest=self.registered.digest,
            at=self.registered.at,
            departures=(*self.departures, *self.changed),
            circumstances=self.circumstances,
        )

    def tags(self) -> dict[str, str]:
        """Return what the run is found by in MLflow."""
        n_departures = len(self.departures) + len(self.changed)
        return {
            "assay.registration": self.registered.digest,
            "assay.departures": str(n_departures),
        }

    def as_dict(self) -> dict[str, object]:
        """Return what a caller is told."""
        return {
            "registration": self.registered.digest,
            "departures": [*self.departures, *self.changed],
            "circumstances": list(self.circumstances),
        }


@task(name="find-receipt", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES)
def find_receipt(
    plan: Plan, source: str, rows: str, settings: Settings
) -> Receipt | None:
    """Return the registration that an analysis is about, None where there is none.

    Rows that are no rollout of our own have none, nor has a rollout from before there
    were registrations.
    """
    if not source.startswith(ROLLOUT):
        return None
    now = datetime.now(UTC)
    rollout, contract = named_rollout(source, settings, now)
    registered = registered_rollout(settings, rollout.entry)
    if registered is None:
        get_run_logger().warning("no plan was registered: source=%s", source)
        return None
    promised = registered.registration
    found = departures(promised, plan, source=source, rows=rows, at=now)
    changed = changed_grounds(promised, plan, contract.digest)
    get_run_logger().info(
        "plan was registered: digest=%s departures=%d changed=%d",
        registered.digest[:12],
        len(found),
        len(changed),
    )
    altered = tuple(plan_breaks(settings, rollout.entry.model_name))
    entries = history(settings, rollout.entry.model_name)
    ended = early_end(rollout, entries)
    return Receipt(registered, plan.outcome, found, changed, (*altered, *ended))


@task(name="record-look", cache_policy=NO_CACHE)
def record_receipt(
    receipt: Receipt, verdict: str, note: str, answer: Answer | None, settings: Settings
) -> None:
    """Append this look to the chain of the plan, before anybody is shown anything."""
    evidence = {}
    if answer is not None:
        evidence = {
            "plan_digest": answer.plan.digest,
            "data_digest": answer.data_digest,
        }
    look = Look(
        at=datetime.now(UTC),
        outcome=receipt.outcome,
        verdict=verdict,
        departures=receipt.departures,
        changed=receipt.changed,
        run=flow_run.get_id() or "",
        note=note,
    )
    record_look(settings, receipt.registered, look, evidence)
    get_run_logger().info(
        "look recorded: registration=%s outcome=%s verdict=%s departures=%d",
        receipt.registered.digest[:12],
        receipt.outcome,
        verdict,
        len(receipt.departures),
    )


def early_end(rollout: Rollout, entries: Sequence[ChampionEntry]) -> tuple[str, ...]:
    """Say so where a rollout ended before its window did.

    Parameters
    ----------
    rollout : Rollout
        The rollout.
    entries : sequence of ChampionEntry
        The model's history, oldest first.
    """
    later = [
        one
        for one in entries
        if one.sequence > rollout.entry.sequence and one.action != "shadow_set"
    ]
    if not later or later[0].since - rollout.since >= timedelta(days=WINDOW_DAYS):
        return ()
    lasted = (later[0].since - rollout.since) / timedelta(days=1)
    ended = later[0].action.replace("_", " ")
    told = f"the rollout ended after {lasted:.1f} of {WINDOW_DAYS} days ({ended})"
    if later[0].action != "canary_withdrawn":
        return (told,)
    return (
        f"{told}: what was seen decided how long it was seen, and the number leans to "
        "what ended it",
    )
