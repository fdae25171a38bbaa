"""From any design's result to an answer that shows its number, or does not hold it."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd

from assay.causal.assumptions import Assumption, Verdict, verdict
from assay.causal.discretion import (
    DISCREET_FIGURES,
    discreet_assumptions,
    discreet_diagnostics,
)
from assay.causal.estimate import CausalResult, Estimate
from assay.causal.exposure import naive_difference
from assay.causal.panel import numeric, present
from assay.causal.plan import Plan, data_digest, thresholds_digest
from assay.causal.sensitivity_tables import sensitivity_tables
from assay.errors import ConfigError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REASON_LENGTH = 20
"""Fewest characters of an override's reason: a sentence, not a shrug."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Who shows a withheld number, why, and since when.

    Raises
    ------
    ConfigError
        If the reason is no sentence, nobody is named, or the time has no zone.
    """

    reason: str
    who: str
    when: datetime

    def __post_init__(self) -> None:
        if len(self.reason.strip()) < REASON_LENGTH:
            raise ConfigError(
                f"the reason of an override has {len(self.reason.strip())} characters; "
                f"write at least {REASON_LENGTH}: why is the number shown all the same?"
            )
        if not self.who.strip():
            raise ConfigError("an override names nobody; say who answers for it")
        if self.when.tzinfo is None:
            raise ConfigError("the time of an override has no zone; give it in UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a reader may see where the number is not withheld.

    Attributes
    ----------
    estimate : Estimate
    naive : float
        Exposed rows against all others, nothing adjusted; NaN without variation.
    tables : tuple of (str, DataFrame)
        Sensitivity of the estimate, each table with its caption.
    """

    estimate: Estimate
    naive: float
    tables: tuple[tuple[str, pd.DataFrame], ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Answer:
    """The answer to a plan: a number with its grounds, or the grounds alone.

    A withheld answer does not hold its number: neither `repr`, nor a dict, nor a
    pickle, nor a report can give it away.

    Attributes
    ----------
    plan : Plan
        What was asked.
    verdict : {"report", "warn", "withhold"}
        By the plan's thresholds; an override does not change it.
    assumptions : tuple of Assumption
        What the number rests on.
    diagnostics : mapping of str to float
        All of the design's; of a withheld answer those that do not repeat the number.
    n_rows : int
        Rows received.
    data_digest : str
        Of the rows, in any order.
    shown : Shown or None
        None where the number is withheld.
    override : Override or None
        Who shows a number that the verdict withholds.
    figures : mapping of str to bytes
        PNG images by name.
    """

    plan: Plan
    verdict: Verdict
    assumptions: tuple[Assumption, ...]
    diagnostics: Mapping[str, float]
    n_rows: int
    data_digest: str
    shown: Shown | None
    override: Override | None = None
    figures: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def is_withheld(self) -> bool:
        """Whether the number is not to be had here."""
        return self.shown is None

    @property
    def reasons(self) -> tuple[Assumption, ...]:
        """The broken assumptions, then the doubtful ones."""
        by_state = {"broken": 0, "doubtful": 1}
        found = [a for a in self.assumptions if a.state in by_state]
        return tuple(sorted(found, key=lambda a: by_state[a.state]))

    def __repr__(self) -> str:
        if self.shown is None:
            names = ", ".join(a.name for a in self.reasons if a.state == "broken")
            return f"Answer({self.plan.design!r}, withheld for: {names})"
        one = self.shown.estimate
        lower, upper = one.interval
        seal = f", shown by {self.override.who}'s override" if self.override else ""
        return (
            f"Answer({self.plan.design!r}, {self.verdict!r}, {one.estimand} "
            f"{one.value:.4g} [{lower:.4g}, {upper:.4g}]{seal})"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; a withheld number is None."""
        override = self.override
        return {
            "plan": self.plan.as_dict(),
            "plan_digest": self.plan.digest,
            "data_digest": self.data_digest,
            "n_rows": self.n_rows,
            "verdict": self.verdict,
            "estimate": dataclasses.asdict(self.shown.estimate) if self.shown else None,
            "naive": self.shown.naive if self.shown else None,
            "diagnostics": dict(self.diagnostics),
            "assumptions": [dataclasses.asdict(one) for one in self.assumptions],
            "override": override
            and {**dataclasses.asdict(override), "when": override.when.isoformat()},
        }


def answer_question(frame: pd.DataFrame, plan: Plan) -> Answer:
    """Run the plan's design on a frame and return what its verdict lets be seen.

    Parameters
    ----------
    frame : DataFrame
        As the plan's design takes it. Not changed.
    plan : Plan
        Made before the estimate.

    Raises
    ------
    ConfigError
        If the registered thresholds are no longer those of the plan.
    DataError
        If the data cannot carry the design.
    """
    return _answer(frame, plan, _result(frame, plan), None)


def override_answer(
    frame: pd.DataFrame,
    plan: Plan,
    override: Override,
    log: Callable[[Mapping[str, Any]], None],
) -> Answer:
    """Answer the plan and show the number even if the verdict withholds it.

    Parameters
    ----------
    frame, plan
        As :func:`answer_question` takes them.
    override : Override
        Who, when and the written reason.
    log : callable
        Keeps the record; it is called before the number is shown, and if it raises,
        nothing is. `assay.adapters.overrides` has one that only appends.

    Notes
    -----
    An answer that is not withheld is returned as it is, and nothing is logged.
    """
    answer = answer_question(frame, plan)
    if not answer.is_withheld:
        return answer
    log(
        {
            "plan_digest": plan.digest,
            "plan": plan.as_dict(),
            "data_digest": answer.data_digest,
            "broken": [a.name for a in answer.reasons if a.state == "broken"],
            "reason": override.reason,
            "who": override.who,
            "when": override.when.astimezone(UTC).isoformat(),
        }
    )
    return _answer(frame, plan, _result(frame, plan), override)


def png(figure: Figure) -> bytes:
    """Return a figure as PNG, the same bytes for the same figure."""
    page = io.BytesIO()
    figure.savefig(page, format="png", dpi=144, metadata={"Software": None})
    return page.getvalue()


def _result(frame: pd.DataFrame, plan: Plan) -> CausalResult:
    if plan.thresholds_digest != thresholds_digest():
        raise ConfigError(
            "the registered thresholds changed after this plan was made "
            f"({plan.thresholds_digest[:12]} then, {thresholds_digest()[:12]} now); "
            "make the plan again and say so"
        )
    return plan.how.estimate(frame, plan.outcome, plan.options, plan.unit)


def _answer(
    frame: pd.DataFrame, plan: Plan, result: CausalResult, override: Override | None
) -> Answer:
    found = verdict(result.assumptions)
    is_hidden = found == "withhold" and override is None
    drawn = result.plots() if hasattr(result, "plots") else {}
    names = [name for name in drawn if not is_hidden or name in DISCREET_FIGURES]
    return Answer(
        plan=plan,
        verdict=found,
        assumptions=discreet_assumptions(result) if is_hidden else result.assumptions,
        diagnostics=MappingProxyType(
            discreet_diagnostics(result) if is_hidden else _diagnostics(result)
        ),
        n_rows=len(frame),
        data_digest=data_digest(frame),
        shown=None if is_hidden else _shown(frame, plan, result),
        override=override if found == "withhold" else None,
        figures=MappingProxyType({name: png(drawn[name]) for name in names}),
    )


def _shown(frame: pd.DataFrame, plan: Plan, result: CausalResult) -> Shown:
    present(frame, [plan.outcome])
    # A design may take rows without outcome (they count in a density); the naive
    # number is of those that have one.
    known = frame[frame[plan.outcome].notna()]
    exposed = plan.how.exposed(known, plan.options)
    return Shown(
        estimate=result.estimate,
        naive=naive_difference(numeric(known, plan.outcome), exposed),
        tables=sensitivity_tables(result),
    )


def _diagnostics(result: CausalResult) -> dict[str, float]:
    return {name: float(value) for name, value in result.diagnostics.items()}
