"""A canary's trial: cost, errors and score shift, each with its share of the alarm."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

import numpy as np

from assay.canary.betting import FRACTIONS, centre_of, log_growth, log_wealth
from assay.errors import DataError

Measure: TypeAlias = Literal["cost", "errors", "score_up", "score_down"]
MEASURES: tuple[Measure, ...] = ("cost", "errors", "score_up", "score_down")
N_ALARMS = 3
"""Cost, errors, and the score in either direction share the allowed wrong stops."""


@dataclass(frozen=True, slots=True)
class CanaryRule:
    """When a trial ends by itself.

    Attributes
    ----------
    share : float in (0, 0.5]
        Share of the requests that the canary answers.
    lowest_cost, highest_cost : float
        Bounds of the cost of one decision, in the contract's unit.
    alpha : float in (0, 1)
        Largest probability to stop a version that is not worse, over the whole trial.
    cost_margin : float
        Extra mean cost that is allowed, in the contract's unit.
    error_margin : float in [0, 1]
        Extra share of failed requests that is allowed.
    score_margin : float in [0, 1]
        Shift of the mean probability, up or down, that is allowed.
    """

    share: float
    lowest_cost: float
    highest_cost: float
    alpha: float = 0.05
    cost_margin: float = 0.0
    error_margin: float = 0.0
    score_margin: float = 0.05

    def __post_init__(self) -> None:
        if not (0 < self.share <= 0.5 and 0 < self.alpha < 1):
            raise DataError(
                f"share {self.share:g} must lie in (0, 0.5], "
                f"alpha {self.alpha:g} in (0, 1)"
            )
        if not self.highest_cost > self.lowest_cost:
            raise DataError(
                f"the highest cost, {self.highest_cost:g}, must be above the lowest, "
                f"{self.lowest_cost:g}"
            )

    @property
    def limit(self) -> float:
        """Wealth at which one measure stops the trial: the allowed alarms are shared."""
        return N_ALARMS / self.alpha

    def margin(self, measure: Measure) -> float:
        """Return what is allowed of a measure, on the scale from 0 to 1."""
        if measure == "cost":
            return self.cost_margin / (self.highest_cost - self.lowest_cost)
        return self.error_margin if measure == "errors" else self.score_margin


@dataclass(frozen=True, slots=True)
class Observation:
    """What is known of one entity; what is not known yet is None and may come later.

    Attributes
    ----------
    in_canary : bool
        Whether the canary answered.
    cost : float or None
        Cost of the decision, once its label is there, in the contract's unit.
    failed : bool or None
        Whether the request failed.
    probability : float or None
        The answer, in [0, 1].
    """

    in_canary: bool
    cost: float | None = None
    failed: bool | None = None
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """One measure so far: values, their total, and the wealth of each bet."""

    n_values: int = 0
    total: float = 0.0
    log_wealths: tuple[float, ...] = (0.0,) * len(FRACTIONS)

    @property
    def wealth(self) -> float:
        """Average wealth of the bets; what was laid on that the canary is worse."""
        return math.exp(min(float(log_wealth(np.array(self.log_wealths))), 700.0))


@dataclass(frozen=True, slots=True)
class Trial:
    """The courses of all measures. Never changed: `observe` returns another."""

    courses: Mapping[Measure, Course] = field(
        default_factory=lambda: {name: Course() for name in MEASURES}
    )


def observe(trial: Trial, seen: Observation, rule: CanaryRule) -> Trial:
    """Return the trial after one observation.

    Give each measure of an entity once: a second request of the same entity goes the
    same way and proves nothing.

    Raises
    ------
    DataError
        If a value is outside its bounds or not a number.
    """
    courses = dict(trial.courses)
    for measure, value in _values(seen, rule).items():
        if not 0 <= value <= 1:
            raise DataError(
                f"{measure} is outside its bounds: {value:g} on a scale from 0 to 1"
            )
        courses[measure] = _bet(courses[measure], measure, seen.in_canary, value, rule)
    return replace(trial, courses=courses)


def stop_reasons(trial: Trial, rule: CanaryRule) -> tuple[str, ...]:
    """Return why the canary must be withdrawn, one sentence a measure; none if not."""
    courses = trial.courses
    found = []
    for measure, told in (("cost", "costs more"), ("errors", "fails more often")):
        course = courses["cost"] if measure == "cost" else courses["errors"]
        if course.wealth >= rule.limit:
            found.append(_told(f"it {told}", course.wealth, course.n_values, rule))
    up, down = courses["score_up"], courses["score_down"]
    shift = (up.wealth + down.wealth) / 2
    if shift >= rule.limit:
        way = "higher" if up.wealth > down.wealth else "lower"
        found.append(_told(f"its probabilities are {way}", shift, up.n_values, rule))
    return tuple(found)


def trial_content(trial: Trial) -> dict[str, Any]:
    """Return a trial as JSON holds it."""
    return {
        name: [course.n_values, course.total, list(course.log_wealths)]
        for name, course in trial.courses.items()
    }


def read_trial(content: Mapping[str, Any]) -> Trial:
    """Return the trial that `trial_content` wrote."""
    courses = {}
    for name in MEASURES:
        n_values, total, wealths = content[name]
        courses[name] = Course(int(n_values), float(total), tuple(map(float, wealths)))
    return Trial(courses)


def _values(seen: Observation, rule: CanaryRule) -> dict[Measure, float]:
    found: dict[Measure, float] = {}
    if seen.cost is not None:
        found["cost"] = (seen.cost - rule.lowest_cost) / (
            rule.highest_cost - rule.lowest_cost
        )
    if seen.failed is not None:
        found["errors"] = float(seen.failed)
    if seen.probability is not None:
        found["score_up"] = seen.probability
        found["score_down"] = 1 - seen.probability
    return found


def _bet(
    course: Course, measure: Measure, in_canary: bool, value: float, rule: CanaryRule
) -> Course:
    growth = log_growth(
        np.array(float(in_canary)),
        np.array(value),
        centre_of(np.array(course.total), course.n_values),
        share=rule.share,
        margin=rule.margin(measure),
    )
    wealths = tuple((np.array(course.log_wealths) + growth).tolist())
    return Course(course.n_values + 1, course.total + value, wealths)


def _told(what: str, wealth: float, n_values: int, rule: CanaryRule) -> str:
    return (
        f"{what} than the champion: evidence {wealth:.0f}, limit {rule.limit:.0f}, after "
        f"{n_values} observations (wrong with probability at most {rule.alpha:g})"
    )
