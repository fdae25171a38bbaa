"""Whom a treatment helps most, and whether the answer can be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from assay.causal.assumptions import Assumption, limit, state_of_test, untestable
from assay.causal.estimate import Estimate, normal_estimate
from assay.causal.heterogeneity.learners import (
    MetaLearner,
    default_regressor,
    effects_of_rows,
)
from assay.causal.heterogeneity.ranking import (
    QiniCurve,
    calibration_slope,
    qini_curve,
    uplift_by_group,
)
from assay.causal.propensity.assess import assess_design
from assay.causal.propensity.balance import standardised_differences
from assay.causal.propensity.doubly_robust import (
    Nuisances,
    cross_fit,
    doubly_robust_scores,
)
from assay.causal.propensity.learners import OutcomeModel
from assay.causal.propensity.logistic import logistic_optimum
from assay.causal.propensity.overlap import assess_overlap
from assay.causal.propensity.weights import balancing_weights
from assay.causal.rows import Floats, Observations, covariate_levels, observe

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class HeterogeneityResult:
    """Effects by row, and what their ranking is worth.

    Attributes
    ----------
    estimate : Estimate
        Average effect, doubly robust.
    slope : Estimate
        Calibration of the predicted effects; its p value tests heterogeneity.
    curve : QiniCurve
    effects : ndarray of shape (n_rows,)
        Predicted effect of each row, from models that did not see it, in the caller's
        order.
    groups : tuple of tuple
        Rows of :meth:`group_table`.
    diagnostics : mapping of str to float
    assumptions : tuple of Assumption
    """

    estimate: Estimate
    slope: Estimate
    curve: QiniCurve
    effects: Floats
    groups: tuple[tuple[float, ...], ...]
    diagnostics: Mapping[str, float]
    assumptions: tuple[Assumption, ...]

    def group_table(self) -> pd.DataFrame:
        """Return the effect by tenth of predicted effect, largest first."""
        columns = [
            "group", "n", "predicted", "effect", "standard_error", "lower", "upper"
        ]  # fmt: skip
        return pd.DataFrame(list(self.groups), columns=columns)

    def plots(self) -> dict[str, Figure]:
        """Draw the Qini curve and the effect by group."""
        from assay.causal.heterogeneity.plots import group_plot, qini_plot

        return {
            "qini": qini_plot(self.curve),
            "groups": group_plot(self.group_table(), self.estimate),
        }


def heterogeneous_effects(
    frame: pd.DataFrame,
    *,
    outcome: str,
    treatment: str,
    covariates: Sequence[str],
    learner: MetaLearner = "dr",
    model: OutcomeModel | None = None,
    probability: float | None = None,
    n_groups: int = 10,
    n_folds: int = 5,
    seed: int = 0,
    level: float = 0.95,
    unit: str = "",
) -> HeterogeneityResult:
    """Return effects by row with Qini curve, uplift by group and calibration test.

    Parameters
    ----------
    frame : DataFrame
        One row an observation, independent of the others. Not changed.
    outcome, treatment, covariates
        As in :func:`assay.causal.rows.observe`.
    learner : {"t", "x", "dr"}, default="dr"
        As in :func:`assay.causal.heterogeneity.learners.effects_of_rows`.
    model : "linear" or scikit-learn regressor, optional
        Small boosted trees by default; give an own one a fixed random state.
    probability : float, optional
        Known share of an experiment that was treated at random. Without it the
        propensity is a cross-fitted logistic regression.
    n_groups : int, default=10
    n_folds : int, default=5
    seed : int, default=0
        Of the folds.
    level : float, default=0.95
    unit : str
        Of the outcome.

    Raises
    ------
    DataError
        If the data cannot carry it: see :func:`assay.causal.rows.observe`.
    """
    if probability is not None and not 0 < probability < 1:
        raise ValueError(f"probability must lie between 0 and 1, got {probability}")
    rows = observe(frame, outcome=outcome, treatment=treatment, covariates=covariates)
    model = default_regressor() if model is None else model
    nuisances = _nuisances(rows, model, probability, n_folds=n_folds, seed=seed)
    scores = doubly_robust_scores(rows.outcome, rows.treated, nuisances)
    effects = effects_of_rows(
        rows.outcome, rows.treated, rows.design, nuisances.propensity,
        learner=learner, model=model, n_folds=n_folds, seed=seed,
    )  # fmt: skip
    method = f"{learner}-learner, {n_folds} folds"
    table = uplift_by_group(effects, scores, n_groups=n_groups, level=level)
    curve = qini_curve(effects, scores, level=level)
    slope = calibration_slope(effects, scores, level=level)
    levels = covariate_levels(frame, covariates)
    return HeterogeneityResult(
        estimate=_average(scores, level=level, unit=unit, method=method),
        slope=slope,
        curve=curve,
        effects=_in_callers_order(effects, rows),
        groups=tuple(tuple(float(v) for v in row) for row in table.to_numpy()),
        diagnostics=_diagnostics(effects, slope, curve, table),
        assumptions=_assumptions(rows, levels, nuisances, probability, n_folds),
    )


def _nuisances(
    rows: Observations,
    model: OutcomeModel,
    probability: float | None,
    *,
    n_folds: int,
    seed: int,
) -> Nuisances:
    known = None if probability is None else np.full(rows.n_rows, probability)
    return cross_fit(
        rows.outcome,
        rows.treated,
        rows.design,
        outcome_model=model,
        propensity=known,
        n_folds=n_folds,
        seed=seed,
    )


def _average(scores: Floats, *, level: float, unit: str, method: str) -> Estimate:
    error = float(scores.std() / np.sqrt(scores.size))
    return normal_estimate(
        "ate",
        float(scores.mean()),
        error,
        n=scores.size,
        level=level,
        unit=unit,
        method=method,
    )


def _in_callers_order(effects: Floats, rows: Observations) -> Floats:
    back = np.empty(rows.n_rows)
    back[rows.order] = effects
    return back


def _diagnostics(
    effects: Floats, slope: Estimate, curve: QiniCurve, table: pd.DataFrame
) -> Mapping[str, float]:
    top, bottom = table.iloc[0], table.iloc[-1]
    gap = float(top["effect"] - bottom["effect"])
    error = float(np.hypot(top["standard_error"], bottom["standard_error"]))
    return MappingProxyType(
        {
            "predicted_spread": float(effects.std()),
            "slope": slope.value,
            "slope_p_value": slope.p_value,
            "qini": curve.qini.value,
            "qini_p_value": curve.qini.p_value,
            "area_under_uplift": curve.area,
            "top_minus_bottom": gap,
            "top_minus_bottom_error": error,
        }
    )


def _assumptions(
    rows: Observations,
    levels: tuple[Floats, tuple[str, ...]],
    nuisances: Nuisances,
    probability: float | None,
    n_folds: int,
) -> tuple[Assumption, ...]:
    enough = _enough_rows(rows, n_folds)
    if probability is not None:
        return (
            _random_assignment(rows),
            enough,
            untestable(
                "no interference",
                "one row's treatment does not change another row's outcome",
                "randomise whole groups, if they meet",
            ),
        )
    propensity = nuisances.propensity
    weights, _ = balancing_weights(rows.treated, propensity, "ate")
    overlap = assess_overlap(
        rows.treated, propensity, weights, edge=limit("propensity_edge")
    )
    balance = standardised_differences(
        levels[0][rows.order], levels[1], rows.treated, weights
    )
    design = assess_design(
        overlap, balance, "ate", advice="an experiment would not need this assumption"
    )
    return (*design, enough)


def _enough_rows(rows: Observations, n_folds: int) -> Assumption:
    smallest = int(min(rows.treated.sum(), (~rows.treated).sum())) // n_folds
    least = limit("heterogeneity_rows_minimum")
    holds = smallest >= least
    return Assumption(
        name="enough rows by arm",
        statement="every fold has enough rows of both arms to tell effects apart",
        tested=True,
        statistic=float(smallest),
        threshold=least,
        state="holds" if holds else "doubtful",
        finding=f"the smaller arm has {smallest} rows in a fold",
        advice="" if holds else "report the average effect; wait for more rows",
    )


def _random_assignment(rows: Observations) -> Assumption:
    treated = rows.treated.astype(np.float64)
    fit = logistic_optimum(rows.design, np.ones(treated.size), treated, names=rows.names)
    share = treated.mean()
    bare = treated.size * (share * np.log(share) + (1 - share) * np.log(1 - share))
    ratio = max(2 * (fit.log_likelihood - float(bare)), 0.0)
    p_value = float(stats.chi2.sf(ratio, max(rows.design.shape[1] - 1, 1)))
    state = state_of_test(p_value)
    return Assumption(
        name="random assignment",
        statement="treatment was given at random with the probability stated",
        tested=True,
        statistic=ratio,
        p_value=p_value,
        threshold=limit("test_level"),
        state=state,
        finding=f"the covariates predict treatment with p {p_value:.4f}",
        advice=""
        if state == "holds"
        else "find how rows got their treatment; leave probability out to adjust for it",
    )
