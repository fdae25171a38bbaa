"""What an estimate rests on, how it was checked, and whether to report it.

Thresholds are registered in :mod:`assay.causal.thresholds`, before any estimate, with
the reason for each. A design never carries a limit of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from assay.causal.thresholds import THRESHOLDS, Threshold

__all__ = [
    "THRESHOLDS",
    "Assumption",
    "State",
    "Threshold",
    "Verdict",
    "limit",
    "untestable",
    "verdict",
]

State: TypeAlias = Literal["holds", "doubtful", "broken", "untestable"]
Verdict: TypeAlias = Literal["report", "warn", "withhold"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """One assumption of a design, and what the data say about it.

    Attributes
    ----------
    name : str
        Short name, the same in every report: ``"parallel trends"``.
    statement : str
        The assumption in a sentence that the analyst can argue about.
    tested : bool
        Whether the data were asked. An untested one is ``"untestable"``.
    statistic, p_value, threshold : float or None
        Of the test, where it has them.
    state : {"holds", "doubtful", "broken", "untestable"}
        What follows for the estimate.
    finding : str
        What was seen, with figures.
    advice : str
        What to do about it; empty when it holds.
    """

    name: str
    statement: str
    tested: bool
    statistic: float | None = None
    p_value: float | None = None
    threshold: float | None = None
    state: State
    finding: str
    advice: str = ""

    def __post_init__(self) -> None:
        if self.tested == (self.state == "untestable"):
            raise ValueError(
                f"assumption {self.name!r} is {'' if self.tested else 'not '}tested and "
                f"yet {self.state!r}; only an untested one is untestable"
            )


def untestable(name: str, statement: str, advice: str = "") -> Assumption:
    """Return an assumption that no data can check; stated, never a warning."""
    return Assumption(
        name=name,
        statement=statement,
        tested=False,
        state="untestable",
        finding="the data cannot tell",
        advice=advice,
    )


def state_of_test(p_value: float) -> State:
    """Return the state of an assumption that is the null hypothesis of a test.

    Examples
    --------
    >>> [state_of_test(p) for p in (0.2, 0.02, 0.0002)]
    ['holds', 'doubtful', 'broken']
    """
    if p_value < limit("reject_level"):
        return "broken"
    return "doubtful" if p_value < limit("test_level") else "holds"


def verdict(assumptions: Iterable[Assumption]) -> Verdict:
    """Return what to do with an estimate: report, report with a warning, or withhold.

    One broken assumption withholds, one doubtful warns; untestable ones are stated
    and change nothing.

    Examples
    --------
    >>> verdict([untestable("no anticipation", "nobody acted before the launch")])
    'report'
    """
    states = {assumption.state for assumption in assumptions}
    if "broken" in states:
        return "withhold"
    return "warn" if "doubtful" in states else "report"


def limit(name: str) -> float:
    """Return the registered threshold `name`.

    Raises
    ------
    KeyError
        If it is not registered: no design decides by a limit that nobody can read.
    """
    return THRESHOLDS[name].value
