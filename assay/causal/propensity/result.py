"""The one result of every propensity design, and how it is put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.causal.assumptions import Assumption, limit
from assay.causal.estimate import Estimate, normal_estimate
from assay.causal.propensity.assess import assess_design
from assay.causal.propensity.balance import (
    Balance,
    balance_table,
    standardised_differences,
)
from assay.causal.propensity.overlap import Overlap, assess_overlap
from assay.causal.propensity.sensitivity import (
    EValue,
    RosenbaumBounds,
    e_value,
    e_value_of_difference,
)
from assay.causal.propensity.weights import Estimand, balancing_weights
from assay.causal.rows import Bools, Floats, Observations

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class PropensityResult:
    """An effect adjusted through the propensity, with what it rests on.

    Attributes
    ----------
    estimate : Estimate
    naive : Estimate
        Plain difference of the arms' means, for comparison.
    diagnostics : mapping of str to float
    assumptions : tuple of Assumption
    balance : tuple of Balance
        One a covariate.
    overlap : Overlap
    hidden_confounder : EValue
        What a hidden confounder would need.
    rosenbaum : RosenbaumBounds or None
        Of matched pairs; None without matching.
    treated, propensity, weights : ndarray of shape (n_rows,)
        In the order of the caller's rows; weight 0 where a row was not used.
    """

    estimate: Estimate
    naive: Estimate
    diagnostics: Mapping[str, float]
    assumptions: tuple[Assumption, ...]
    balance: tuple[Balance, ...]
    overlap: Overlap
    hidden_confounder: EValue
    rosenbaum: RosenbaumBounds | None
    treated: Bools
    propensity: Floats
    weights: Floats

    def balance_table(self) -> pd.DataFrame:
        """Return the balance of the covariates, one row each."""
        return balance_table(self.balance)

    def plots(self) -> dict[str, Figure]:
        """Draw the love plot and the overlap of the propensities."""
        from assay.causal.propensity.plots import love_plot, overlap_plot

        return {
            "balance": love_plot(self.balance),
            "overlap": overlap_plot(self.treated, self.propensity),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjusted:
    """What a method hands over to be reported.

    Attributes
    ----------
    value, standard_error : float
    weights, propensity : ndarray of shape (n_rows,)
        Of the sorted rows; weight 0 where a row was not used.
    kept : ndarray of shape (n_rows,), bool
        Rows that trimming left.
    method : str
    extra : mapping of str to float
        Diagnostics of the method's own.
    rosenbaum : RosenbaumBounds or None
    """

    value: float
    standard_error: float
    weights: Floats
    propensity: Floats
    kept: Bools
    method: str
    extra: Mapping[str, float]
    rosenbaum: RosenbaumBounds | None = None


def report(
    observations: Observations,
    levels: tuple[Floats, tuple[str, ...]],
    adjusted: Adjusted,
    *,
    estimand: Estimand,
    level: float,
    unit: str,
) -> PropensityResult:
    """Check an adjusted effect and put the result together.

    Parameters
    ----------
    observations : Observations
    levels : tuple of ndarray of shape (n_rows, n) and names
        Covariates to balance, in the order of the caller's rows.
    adjusted : Adjusted
    estimand, level, unit
        As in :class:`assay.causal.estimate.Estimate`.
    """
    used = adjusted.weights > 0
    rows, weights = observations.keep(used), adjusted.weights[used]
    overlap = _overlap(observations, adjusted, estimand)
    balance = standardised_differences(
        levels[0][observations.order], levels[1], observations.treated, adjusted.weights
    )
    estimate = normal_estimate(
        estimand,
        adjusted.value,
        adjusted.standard_error,
        n=rows.n_rows,
        level=level,
        unit=unit,
        method=adjusted.method,
    )
    hidden = _hidden_confounder(rows, weights, estimate)
    return PropensityResult(
        estimate=estimate,
        naive=naive_difference(observations, level=level, unit=unit),
        diagnostics=_diagnostics(overlap, balance, hidden, adjusted.extra),
        assumptions=assess_design(overlap, balance, estimand, advice=_advice(hidden)),
        balance=balance,
        overlap=overlap,
        hidden_confounder=hidden,
        rosenbaum=adjusted.rosenbaum,
        treated=_unsorted(observations, observations.treated).astype(np.bool_),
        propensity=_unsorted(observations, adjusted.propensity),
        weights=_unsorted(observations, adjusted.weights),
    )


def _overlap(
    observations: Observations, adjusted: Adjusted, estimand: Estimand
) -> Overlap:
    # Overlap belongs to the rows and the question, also where matching uses few of them.
    asked = observations.keep(adjusted.kept)
    propensity = adjusted.propensity[adjusted.kept]
    return assess_overlap(
        asked.treated,
        propensity,
        balancing_weights(asked.treated, propensity, estimand)[0],
        estimand=estimand,
        edge=limit("propensity_edge"),
    )


def naive_difference(
    observations: Observations, *, level: float = 0.95, unit: str = ""
) -> Estimate:
    """Return the plain difference of the two arms' means, variances unequal."""
    y, t = observations.outcome, observations.treated
    arms = (y[t], y[~t])
    variance = sum(arm.var(ddof=1) / arm.size if arm.size > 1 else 0.0 for arm in arms)
    return normal_estimate(
        "difference",
        float(arms[0].mean() - arms[1].mean()),
        float(np.sqrt(variance)),
        n=y.size,
        level=level,
        unit=unit,
        method="difference in means",
    )


def _hidden_confounder(rows: Observations, weights: Floats, estimate: Estimate) -> EValue:
    untreated = ~rows.treated
    base = float(weights[untreated] @ rows.outcome[untreated] / weights[untreated].sum())
    low, high = estimate.interval
    is_binary = bool(np.isin(rows.outcome, (0.0, 1.0)).all())
    if is_binary and base > 0:
        # A risk is at least a millionth here, or its ratio would have no E-value.
        ratio = [max((base + x) / base, 1e-6) for x in (estimate.value, low, high)]
        return e_value(ratio[0], (ratio[1], ratio[2]))
    spread = float(rows.outcome[untreated].std(ddof=1)) if untreated.sum() > 1 else 0.0
    if spread == 0:
        spread = float(rows.outcome.std())
    if spread == 0:
        return e_value(1.0)
    return e_value_of_difference(estimate.value, (low, high), spread)


def _advice(hidden: EValue) -> str:
    return (
        "something unseen would need a risk ratio of "
        f"{hidden.point:.2f} with both treatment and outcome to explain the estimate "
        f"away, and of {hidden.limit:.2f} to bring the interval to zero; name what could"
    )


def _diagnostics(
    overlap: Overlap,
    balance: tuple[Balance, ...],
    hidden: EValue,
    extra: Mapping[str, float],
) -> Mapping[str, float]:
    worst_raw = max((abs(row.raw) for row in balance), default=0.0)
    worst = max((abs(row.adjusted) for row in balance), default=0.0)
    return MappingProxyType(
        {
            "largest_difference_raw": worst_raw,
            "largest_difference_adjusted": worst,
            "overlap_share": overlap.overlap_share,
            "effective_treated": overlap.effective_treated,
            "effective_untreated": overlap.effective_untreated,
            "effective_share": overlap.effective_share,
            "largest_weight_share": overlap.largest_weight_share,
            "discrimination": overlap.discrimination,
            "e_value": hidden.point,
            "e_value_limit": hidden.limit,
            **extra,
        }
    )


def _unsorted(observations: Observations, values: Floats | Bools) -> Floats:
    found = np.empty(values.size, dtype=np.float64)
    found[observations.order] = values
    return found
