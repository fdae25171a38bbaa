"""Goodman-Bacon: which comparisons a two-way fixed effects estimate averages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import pandas as pd

from assay.causal.assumptions import Assumption, limit
from assay.causal.panel import Floats, Panel, read_panel
from assay.errors import DataError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Kind: TypeAlias = Literal["treated_never", "earlier_later", "later_earlier"]
KINDS: tuple[Kind, ...] = ("treated_never", "earlier_later", "later_earlier")


@dataclass(frozen=True, slots=True)
class Comparison:
    """One two by two comparison with its weight in the two-way estimate."""

    kind: Kind
    treated_cohort: float
    comparison_cohort: float
    weight: float
    value: float


@dataclass(frozen=True, slots=True)
class Decomposition:
    """Result of :func:`bacon_decomposition`.

    Attributes
    ----------
    value : float
        The two-way fixed effects coefficient: weights times values.
    comparisons : tuple of Comparison
        In order of the cohorts; weights sum to 1.
    assumptions : tuple of Assumption
        Whether forbidden comparisons (with units treated earlier) carry weight.
    """

    value: float
    comparisons: tuple[Comparison, ...]
    assumptions: tuple[Assumption, ...]

    def by_kind(self) -> Mapping[str, tuple[float, float]]:
        """Return total weight and weighted mean value of each kind of comparison."""
        totals: dict[str, tuple[float, float]] = {}
        for kind in KINDS:
            found = [c for c in self.comparisons if c.kind == kind]
            weight = sum(c.weight for c in found)
            mean = sum(c.weight * c.value for c in found) / weight if weight else 0.0
            totals[kind] = (weight, mean)
        return totals

    def plots(self) -> dict[str, Figure]:
        """Draw value against weight, one mark a comparison."""
        from assay.causal.differences.plots import bacon_figures

        return bacon_figures(self)


def bacon_decomposition(
    frame: pd.DataFrame, *, outcome: str, unit_column: str, period: str, cohort: str
) -> Decomposition:
    """Split the two-way fixed effects estimate into its two by two comparisons.

    Parameters
    ----------
    frame : DataFrame
        Balanced panel, one row a unit and period. Not changed.
    outcome, unit_column, period, cohort : str
        Columns; `cohort` is the first treated period, missing, 0 or infinity for never.

    Raises
    ------
    DataError
        If the panel is not balanced, or there are not two groups to compare.

    Notes
    -----
    Units treated from the first period on never change and join the comparison group
    of "already treated".

    References
    ----------
    .. [1] A. Goodman-Bacon, "Difference-in-differences with variation in treatment
       timing", Journal of Econometrics 225 (2021).
    """
    panel = read_panel(
        frame, unit=unit_column, period=period, outcome=outcome, cohort=cohort
    )
    starts, means, shares = _groups(panel)
    comparisons = []
    for k, start in enumerate(starts):
        if not panel.periods[0] < start <= panel.periods[-1]:
            continue
        for other, other_start in enumerate(starts):
            if other == k:
                continue
            found = _compare(panel.periods, means, shares, starts, k, other)
            if found is not None:
                comparisons.append((start, other_start, *found))
    total = sum(weight for *_, weight, _ in comparisons)
    if not total:
        raise DataError(
            f"{starts.size} cohort(s) give no comparison; the two-way estimate needs "
            "units that start at different times, or never"
        )
    weighted = tuple(
        Comparison(kind, float(start), float(other), weight / total, value)
        for start, other, kind, weight, value in comparisons
    )
    value = sum(c.weight * c.value for c in weighted)
    forbidden = sum(c.weight for c in weighted if c.kind == "later_earlier")
    return Decomposition(value, weighted, (_forbidden(forbidden),))


def _groups(panel: Panel) -> tuple[Floats, Floats, Floats]:
    beyond = panel.cohorts > panel.periods[-1]
    cohorts = np.where(beyond, np.inf, panel.cohorts)
    starts, codes = np.unique(cohorts, return_inverse=True)
    counts = np.bincount(codes)
    sums = [np.bincount(codes, weights=column) for column in panel.outcomes.T]
    return starts, np.asarray(sums).T / counts[:, None], counts / codes.size


def _compare(
    periods: Floats, means: Floats, shares: Floats, starts: Floats, k: int, other: int
) -> tuple[Kind, float, float] | None:
    """Return kind, weight before scaling, and value; None where nothing can change."""
    start, other_start = starts[k], starts[other]
    if np.isinf(other_start):
        kind: Kind = "treated_never"
        window = np.ones(periods.size, dtype=bool)
    elif start < other_start:
        kind, window = "earlier_later", periods < other_start
    else:
        kind, window = "later_earlier", periods >= other_start
    post = window & (periods >= start)
    before = window & (periods < start)
    if not post.any() or not before.any():
        return None
    change = means[:, post].mean(axis=1) - means[:, before].mean(axis=1)
    share = post.sum() / window.sum()
    # Weight: squared share of the sample, times variance of treatment within it.
    size = (shares[k] + shares[other]) * window.sum() / periods.size
    within = shares[k] / (shares[k] + shares[other])
    variance = within * (1 - within) * share * (1 - share)
    return kind, float(size**2 * variance), float(change[k] - change[other])


def _forbidden(share: float) -> Assumption:
    bad = share > limit("bacon_forbidden_share")
    return Assumption(
        name="no forbidden comparisons",
        statement="the two-way estimate does not lean on units that were treated earlier",
        tested=True,
        statistic=share,
        threshold=limit("bacon_forbidden_share"),
        state="doubtful" if bad else "holds",
        finding=f"comparisons with units treated earlier carry {share:.1%} of the weight",
        advice="use group_time_effects, which makes none of them" if bad else "",
    )
