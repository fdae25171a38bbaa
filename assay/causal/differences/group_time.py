"""Callaway and Sant'Anna: effects of each cohort in each period, then averaged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.causal.assumptions import Assumption
from assay.causal.differences.aggregation import Aggregation, Scheme, aggregate
from assay.causal.differences.group_time_checks import judged_group_time
from assay.causal.differences.influence import ATT, Method
from assay.causal.estimate import Estimate
from assay.causal.panel import Floats, Panel, coded, read_panel, refuse_constant
from assay.errors import DataError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Comparison: TypeAlias = Literal["never_treated", "not_yet_treated"]
BasePeriod: TypeAlias = Literal["varying", "universal"]


@dataclass(frozen=True, slots=True)
class GroupTime:
    """Result of :func:`group_time_effects`.

    Attributes
    ----------
    estimate : Estimate
        Mean effect over all treated cohorts and periods, weighted by cohort size.
    diagnostics : mapping of str to float
        Pre-trend test, counts, smallest cohort.
    assumptions : tuple of Assumption
        Parallel trends, clusters, cohort sizes.
    cohorts, periods, effects : ndarray of shape (n_effects,)
        Each pair of cohort and period, in order, with its ATT.
    influence : ndarray of shape (n_clusters, n_effects)
        Influence of each cluster (by default each unit) on each effect, scaled so
        that ``influence.T @ influence / n_clusters**2`` is their covariance.
    memberships : ndarray of shape (n_clusters, n_cohorts)
        Units of each cluster in each treated cohort over the mean cluster size.
    level : float
        Of all intervals.
    """

    estimate: Estimate
    diagnostics: Mapping[str, float]
    assumptions: tuple[Assumption, ...]
    cohorts: Floats
    periods: Floats
    effects: Floats
    influence: Floats
    memberships: Floats
    level: float

    @property
    def covariance(self) -> Floats:
        """Covariance of the effects, shape (n_effects, n_effects)."""
        gram = self.influence.T @ self.influence
        return np.asarray(gram / self.influence.shape[0] ** 2)

    @property
    def standard_errors(self) -> Floats:
        """Standard errors of the effects, shape (n_effects,)."""
        return np.sqrt(np.diag(self.covariance))

    def aggregate(
        self, scheme: Scheme, *, n_draws: int = 1_000, seed: int = 0
    ) -> Aggregation:
        """Average the effects: ``"simple"``, ``"dynamic"``, ``"group"``, ``"calendar"``.

        The uniform band takes `n_draws` multiplier draws from `seed`.
        """
        return aggregate(
            self.cohorts, self.periods, self.effects, self.influence, self.memberships,
            scheme, level=self.level, n_draws=n_draws, seed=seed,
            n=self.estimate.n, unit=self.estimate.unit,
        )  # fmt: skip

    def table(self) -> pd.DataFrame:
        """Return one row an effect."""
        return pd.DataFrame(
            {
                "cohort": self.cohorts,
                "period": self.periods,
                "effect": self.effects,
                "standard_error": self.standard_errors,
            }
        )

    def plots(self) -> dict[str, Figure]:
        """Draw effects by cohort and period, and by event time with uniform band."""
        from assay.causal.differences.plots import group_time_figures

        return group_time_figures(self)


@dataclass(frozen=True, slots=True)
class _Rules:
    """How a cohort is compared in a period."""

    comparison: Comparison
    method: Method
    base_period: BasePeriod
    anticipation: int


def group_time_effects(
    frame: pd.DataFrame,
    *,
    outcome: str,
    unit_column: str,
    period: str,
    cohort: str,
    covariates: Sequence[str] = (),
    cluster: str | None = None,
    comparison: Comparison = "not_yet_treated",
    method: Method = "doubly_robust",
    base_period: BasePeriod = "varying",
    anticipation: int = 0,
    level: float = 0.95,
    unit: str = "",
) -> GroupTime:
    """Estimate the ATT of every cohort in every period.

    Parameters
    ----------
    frame : DataFrame
        Balanced panel, one row a unit and period. Not changed.
    outcome, unit_column, period : str
        Columns.
    cohort : str
        First treated period; missing, 0 or infinity for never treated.
    covariates : sequence of str
        Numeric columns, read in the earlier of the two periods compared.
    cluster : str, optional
        Column of clusters that contain units; default the units themselves.
    comparison : {"not_yet_treated", "never_treated"}, default="not_yet_treated"
        Whom a cohort is compared with.
    method : {"doubly_robust", "regression", "weighting"}, default="doubly_robust"
        How covariates enter; without covariates all three agree.
    base_period : {"varying", "universal"}, default="varying"
        Before treatment compare with the period just before, or always with the last
        period before treatment.
    anticipation : int, default=0
        Periods before the start in which units may already react.
    level : float, default=0.95
        Of all intervals.
    unit : str
        Unit of the outcome.

    Raises
    ------
    DataError
        If the panel is unbalanced, nobody is treated after the first period, nobody
        can serve as comparison, or the propensity has no overlap.

    Notes
    -----
    Units treated in the first period are left out: nothing is known from before.

    References
    ----------
    .. [1] B. Callaway and P. H. C. Sant'Anna, "Difference-in-differences with
       multiple time periods", Journal of Econometrics 225 (2021).
    """
    refuse_constant(frame, outcome)
    panel = read_panel(
        frame, unit=unit_column, period=period, outcome=outcome,
        cohort=cohort, covariates=covariates,
    )  # fmt: skip
    panel, cohorts = _usable(panel, anticipation, comparison)
    rules = _Rules(comparison, method, base_period, anticipation)
    starts, times, values, influence = _effects(panel, cohorts, rules)
    memberships = (panel.cohorts[:, None] == cohorts).astype(np.float64)
    if cluster is not None:
        homes = _homes(frame, unit_column, cluster, panel)
        influence, memberships = _by_cluster(influence, memberships, homes)
    simple = aggregate(
        starts, times, values, influence, memberships, "simple",
        level=level, n_draws=0, seed=0, n=panel.outcomes.size, unit=unit,
    )  # fmt: skip
    diagnostics, assumptions = judged_group_time(
        panel, cohorts, starts, times, values, influence, memberships,
        is_stepwise=base_period == "varying",
    )  # fmt: skip
    return GroupTime(
        simple.estimate, diagnostics, assumptions, starts, times, values,
        influence, memberships, level,
    )  # fmt: skip


def _usable(
    panel: Panel, anticipation: int, comparison: Comparison
) -> tuple[Panel, Floats]:
    first, last = panel.periods[0], panel.periods[-1]
    kept = panel.cohorts > first + anticipation
    cohorts = np.unique(panel.cohorts[kept & (panel.cohorts <= last)])
    never = int(np.count_nonzero(np.isinf(panel.cohorts)))
    if cohorts.size == 0:
        raise DataError(
            f"no unit starts between {first:g} and {last:g}, both ends apart; a cohort "
            "needs a period before its start and one after"
        )
    if comparison == "never_treated" and never == 0:
        raise DataError(
            "no unit is never treated; use comparison='not_yet_treated' or say which "
            "units stay untreated"
        )
    chosen = Panel(
        panel.units[kept], panel.periods, panel.outcomes[kept],
        panel.cohorts[kept], panel.covariates[kept],
    )  # fmt: skip
    return chosen, cohorts


def _effects(
    panel: Panel, cohorts: Floats, rules: _Rules
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return start, period and effect of every pair, and the units' influence."""
    pairs, effects, influences = [], [], []
    for start in cohorts:
        for at in range(panel.periods.size):
            found = _effect(panel, start, at, rules)
            if found is not None:
                pairs.append((start, panel.periods[at]))
                effects.append(found[0])
                influences.append(found[1])
    if not effects:
        raise DataError(
            f"none of {cohorts.size} cohorts has units to compare with in any period; "
            "use comparison='not_yet_treated' or add untreated units"
        )
    starts, times = np.asarray(pairs).T
    return starts, times, np.asarray(effects), np.column_stack(influences)


def _effect(
    panel: Panel, start: float, at: int, rules: _Rules
) -> tuple[float, Floats] | None:
    periods = panel.periods
    last_before = int(np.searchsorted(periods, start - rules.anticipation)) - 1
    after = at > last_before
    base = last_before if after or rules.base_period == "universal" else at - 1
    if base < 0:
        return None
    if base == at:
        return 0.0, np.zeros(panel.cohorts.size)
    treated = panel.cohorts == start
    others = np.isinf(panel.cohorts)
    if rules.comparison == "not_yet_treated":
        others |= panel.cohorts > periods[max(at, base)] + rules.anticipation
        others &= ~treated
    if not others.any():
        return None
    rows = treated | others
    change = panel.outcomes[rows, at] - panel.outcomes[rows, base]
    constant = np.ones((change.size, 1))
    design = np.hstack([constant, panel.covariates[rows, min(at, base)]])
    att, part = ATT[rules.method if design.shape[1] > 1 else "regression"](
        change, treated[rows].astype(np.float64), design
    )
    influence = np.zeros(panel.cohorts.size)
    influence[rows] = part * (panel.cohorts.size / change.size)
    return att, influence


def _homes(
    frame: pd.DataFrame, unit_column: str, cluster: str, panel: Panel
) -> NDArray[np.intp]:
    pairs = frame[[unit_column, cluster]].drop_duplicates().sort_values(unit_column)
    if pairs[unit_column].duplicated().any():
        n_moving = int(pairs[unit_column].duplicated().sum())
        raise DataError(
            f"{n_moving} units change their {cluster!r}; a unit belongs to one cluster"
        )
    codes, _ = coded(pairs[pairs[unit_column].isin(panel.units)], cluster)
    return codes


def _by_cluster(
    influence: Floats, memberships: Floats, homes: NDArray[np.intp]
) -> tuple[Floats, Floats]:
    n_clusters = int(homes.max()) + 1
    gather = np.zeros((n_clusters, influence.shape[1] + memberships.shape[1]))
    np.add.at(gather, homes, np.hstack([influence, memberships]))
    gather *= n_clusters / homes.size
    return gather[:, : influence.shape[1]], gather[:, influence.shape[1] :]
