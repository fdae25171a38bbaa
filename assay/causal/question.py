"""What an analyst knows about a rollout before looking at its outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from assay.errors import ConfigError

Rule: TypeAlias = Literal[
    "random_units",
    "random_clusters",
    "random_periods",
    "random_encouragement",
    "cutoff",
    "rollout",
    "everybody",
    "choice",
]
RULES: tuple[Rule, ...] = (
    "random_units",
    "random_clusters",
    "random_periods",
    "random_encouragement",
    "cutoff",
    "rollout",
    "everybody",
    "choice",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is known of who was treated, when and by which rule.

    Attributes
    ----------
    rule : str
        How rows came to be treated: at random by unit, by cluster or by period; a random
        nudge that not all followed; a score that crossed a cutoff; waves or places of a
        rollout; everybody at once; or a choice, of users or of staff.
    n_treated, n_untreated : int
        Units (users, shops, regions) treated, and never or not yet treated.
    n_clusters_treated, n_clusters_untreated : int or None
        Groups whose outcomes go together, where treatment was given by group.
    n_pre, n_post : int
        Periods observed before and from the treatment.
    is_same_units : bool
        Whether the same units or groups are seen in several periods.
    n_cohorts : int
        Distinct starting periods among the treated.
    running : str or None
        Column of the score that decides treatment.
    n_near_below, n_near_above : int or None
        Rows within the reach of a comparison on each side of the cutoff, if counted.
    is_rule_followed : bool
        Whether crossing the cutoff, or the nudge, decides treatment without exception.
    instruments : tuple of str
        Columns that moved the treatment and nothing else.
    covariates : tuple of str
        Columns measured before treatment that say who would be treated.
    n_switches : int
        Times a switchback changed arms.
    asks_for_whom : bool
        Whether the question is who gains most, not only how much on average.
    """

    rule: Rule
    n_treated: int
    n_untreated: int
    n_clusters_treated: int | None = None
    n_clusters_untreated: int | None = None
    n_pre: int = 0
    n_post: int = 1
    is_same_units: bool = False
    n_cohorts: int = 1
    running: str | None = None
    n_near_below: int | None = None
    n_near_above: int | None = None
    is_rule_followed: bool = True
    instruments: tuple[str, ...] = ()
    covariates: tuple[str, ...] = ()
    n_switches: int = 0
    asks_for_whom: bool = False

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise ConfigError(f"rule must be one of {RULES}, got {self.rule!r}")
        for name in ("n_treated", "n_untreated", "n_pre", "n_post", "n_switches"):
            if getattr(self, name) < 0:
                raise ConfigError(
                    f"{name} must not be negative, got {getattr(self, name)}"
                )
        if self.n_cohorts < 1:
            raise ConfigError(f"n_cohorts must be at least 1, got {self.n_cohorts}")

    @property
    def groups_treated(self) -> int:
        """Independent treated groups: clusters where there are, else units."""
        known = self.n_clusters_treated
        return self.n_treated if known is None else known

    @property
    def groups_untreated(self) -> int:
        """Independent untreated groups: clusters where there are, else units."""
        known = self.n_clusters_untreated
        return self.n_untreated if known is None else known
