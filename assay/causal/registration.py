"""How the effect of a rollout will be measured, written down when it begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from assay.causal.plan import Plan

WINDOW_DAYS = 28
"""Four whole weeks: every weekday as often as any other."""
GRACE_DAYS = 7
"""What labels may come later than the contract says before the answer is given."""
BEFORE_DAYS = 84
"""Twelve weeks before a promotion: enough for a trend, recent enough to hold it."""

OUTCOMES: Mapping[str, tuple[str, str]] = {
    "cost": ("cost of decisions", "the contract's cost per decision"),
    "passed": ("approvals", "share"),
    "passed_and_bad": ("defaults", "share"),
}
"""What every rollout is measured on: words for the question, and the unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """The plans of one rollout, and when and on which rows they are carried out.

    Attributes
    ----------
    source : str
        ``rollout:MODEL#SEQUENCE?days=28``.
    rows : str
        Comparisons that pick its rows.
    due_at : datetime
        When labels have matured and had their grace; nothing is estimated before.
    contract_digest : str
        Of the contract whose costs and label count.
    plans : mapping of str to mapping
        By outcome: the plan in plain values, with its digest.
    """

    source: str
    rows: str
    due_at: datetime
    contract_digest: str
    plans: Mapping[str, Mapping[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        """Return it in plain values, ready for JSON."""
        return {
            "source": self.source,
            "rows": self.rows,
            "due_at": self.due_at.astimezone(UTC).isoformat(),
            "contract_digest": self.contract_digest,
            "plans": {name: dict(plan) for name, plan in self.plans.items()},
        }


def read_registration(content: Mapping[str, Any]) -> Registration:
    """Return the registration that `as_dict` wrote."""
    return Registration(
        source=content["source"],
        rows=content["rows"],
        due_at=datetime.fromisoformat(content["due_at"]),
        contract_digest=content["contract_digest"],
        plans=content["plans"],
    )


def registration_of(
    model_name: str,
    sequence: int,
    since: datetime,
    *,
    is_canary: bool,
    maturity_days: float,
    contract_digest: str,
) -> Registration:
    """Return how a rollout will be measured, by the design that it allows.

    Parameters
    ----------
    model_name : str
        The model.
    sequence : int
        Of the rollout's entry in the history of champions.
    since : datetime
        When it begins.
    is_canary : bool
        A canary is a cluster-randomised experiment over entities. Otherwise everybody
        moves at once, and days before are compared with days after.
    maturity_days : float
        Days after a decision until its label is known.
    contract_digest : str
        Of the contract that says so.
    """
    plans = {}
    for outcome, (words, unit) in OUTCOMES.items():
        plan = Plan(
            question=f"What did rollout {sequence} of {model_name} do to {words}?",
            design="cluster_difference" if is_canary else "interrupted_series",
            outcome=outcome,
            options={"treated": "in_canary", "cluster": "entity"}
            if is_canary
            else {"period": "day", "start": 0, "season_length": 7},
            unit=unit,
        )
        plans[outcome] = {**plan.as_dict(), "digest": plan.digest}
    recent = "" if is_canary else f" and day >= -{BEFORE_DAYS}"
    return Registration(
        source=f"rollout:{model_name}#{sequence}?days={WINDOW_DAYS}",
        rows=f"is_mature == 1{recent}",
        due_at=since + timedelta(days=WINDOW_DAYS + maturity_days + GRACE_DAYS),
        contract_digest=contract_digest,
        plans=plans,
    )


def departures(
    registered: Registration, plan: Plan, *, source: str, rows: str, at: datetime
) -> tuple[str, ...]:
    """Return where somebody chose another analysis, a sentence each.

    Parameters
    ----------
    registered : Registration
        What was written down when the rollout began.
    plan : Plan
        What is asked now.
    source, rows : str
        What is read now.
    at : datetime
        When it is asked.
    """
    found = []
    if at < registered.due_at:
        found.append(
            f"it looks at {at:%Y-%m-%d}, before labels were to have matured "
            f"({registered.due_at:%Y-%m-%d})"
        )
    found += _differing({"source": registered.source}, {"source": source})
    found += _differing({"rows": registered.rows}, {"rows": rows})
    promised = registered.plans.get(plan.outcome)
    if promised is None:
        asked = ", ".join(sorted(registered.plans))
        return (*found, f"outcome {plan.outcome!r} was not registered; {asked} were")
    now = plan.as_dict()
    fixed = ("design", "unit")
    found += _differing({n: promised[n] for n in fixed}, {n: now[n] for n in fixed})
    was, chosen = promised["options"], now["options"]
    found += _differing(
        {f"option {name}": was.get(name) for name in sorted({*was, *chosen})},
        {f"option {name}": chosen.get(name) for name in {*was, *chosen}},
    )
    return tuple(found)


def changed_grounds(
    registered: Registration, plan: Plan, contract_digest: str
) -> tuple[str, ...]:
    """Return what changed since under the analysis, whoever carries it out.

    Parameters
    ----------
    registered : Registration
        What was written down when the rollout began.
    plan : Plan
        What is asked now; its thresholds are those of today.
    contract_digest : str
        Of the contract as it is now.
    """
    promised = registered.plans.get(plan.outcome, plan.as_dict())
    was = {
        "contract": registered.contract_digest[:12],
        "thresholds of the verdict": promised["thresholds_digest"][:12],
    }
    now = {
        "contract": contract_digest[:12],
        "thresholds of the verdict": plan.thresholds_digest[:12],
    }
    return tuple(_differing(was, now))


def _differing(was: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    return [
        f"{name} {now[name]!r} instead of the registered {value!r}"
        for name, value in was.items()
        if value != now[name]
    ]
