"""The three propensity designs: weighting, matching, doubly robust."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from assay.causal.propensity.bootstrap import resampled_effects
from assay.causal.propensity.doubly_robust import (
    ScoreModel,
    cross_fit,
    doubly_robust_difference,
)
from assay.causal.propensity.learners import OutcomeModel, boosted_propensity
from assay.causal.propensity.logistic import LogisticFit, logistic_optimum
from assay.causal.propensity.matching import (
    Matched,
    MatchingEstimand,
    matched_difference,
)
from assay.causal.propensity.overlap import Trim, trimmed
from assay.causal.propensity.result import Adjusted, PropensityResult, report
from assay.causal.propensity.sensitivity import RosenbaumBounds, rosenbaum_bounds
from assay.causal.propensity.weights import (
    Estimand,
    balancing_weights,
    effective_rows,
    weighted_difference,
)
from assay.causal.rows import Floats, Observations, covariate_levels, observe


def weighted_effect(
    frame: pd.DataFrame,
    *,
    outcome: str,
    treatment: str,
    covariates: Sequence[str],
    estimand: Estimand = "ate",
    score: ScoreModel = "logistic",
    penalty: float = 0.0,
    trim: Trim = None,
    normalised: bool = True,
    n_resamples: int = 0,
    seed: int = 0,
    level: float = 0.95,
    unit: str = "",
) -> PropensityResult:
    """Return the effect by inverse-propensity weights.

    Parameters
    ----------
    frame : DataFrame
        One row an observation, independent of the others. Not changed.
    outcome, treatment, covariates
        As in :func:`assay.causal.rows.observe`.
    estimand : {"ate", "att", "atc", "ato"}, default="ate"
        Effect on everybody, on the treated, on the untreated, or on the overlap.
    score : {"logistic", "boosting"}, default="logistic"
    penalty : float, default=0
        Of the logistic regression; 1 is scikit-learn's default.
    trim : float, tuple of two float, "crump" or None
        Propensities to keep; the score is not fitted anew.
    normalised : bool, default=True
        Hajek's weights that sum to one; Horvitz and Thompson's otherwise.
    n_resamples : int, default=0
        Bootstrap resamples for the diagnostics; needs the logistic score and no trim.
    seed : int, default=0
        Of the bootstrap and of boosting's folds.
    level : float, default=0.95
    unit : str
        Of the outcome.

    Returns
    -------
    PropensityResult
        With a standard error from influence functions; after a logistic regression it
        accounts for the regression's own error.

    Raises
    ------
    DataError
        If the data cannot carry the design: see :func:`assay.causal.rows.observe` and
        :func:`assay.causal.propensity.logistic.logistic_optimum`.
    """
    rows = observe(frame, outcome=outcome, treatment=treatment, covariates=covariates)
    propensity, fit = _propensity(rows, score, penalty, seed)
    kept = trimmed(propensity, trim)
    found = weighted_difference(
        rows.outcome, rows.treated, propensity, estimand=estimand, normalised=normalised,
        kept=kept, fit=fit, design=rows.design if fit else None,
    )  # fmt: skip
    extra: dict[str, float] = {}
    if n_resamples:
        if fit is None or trim is not None or not normalised:
            raise ValueError(
                "the bootstrap is for the logistic score, normalised weights and no trim"
            )
        extra = _bootstrap(rows, estimand, penalty, n_resamples, seed, level)
    adjusted = Adjusted(
        value=found.value, standard_error=found.standard_error, weights=found.weights,
        propensity=propensity, kept=kept, extra=extra,
        method=f"inverse-propensity weights, {score} score",
    )  # fmt: skip
    levels = covariate_levels(frame, covariates)
    return report(rows, levels, adjusted, estimand=estimand, level=level, unit=unit)


def matched_effect(
    frame: pd.DataFrame,
    *,
    outcome: str,
    treatment: str,
    covariates: Sequence[str],
    estimand: MatchingEstimand = "att",
    score: ScoreModel = "logistic",
    penalty: float = 0.0,
    n_neighbours: int = 1,
    with_replacement: bool = True,
    caliper: float | None = None,
    n_resamples: int = 0,
    seed: int = 0,
    level: float = 0.95,
    unit: str = "",
) -> PropensityResult:
    """Return the effect by nearest neighbours on the propensity, ties averaged.

    Parameters
    ----------
    frame, outcome, treatment, covariates, score, penalty, seed, level, unit
        As in :func:`weighted_effect`.
    estimand, n_neighbours, with_replacement, caliper
        As in :func:`assay.causal.propensity.matching.matched_difference`.
    n_resamples : int, default=0
        Bootstrap resamples for the diagnostics, for the ATT with one neighbour. They are
        what other tools print; the standard error never comes from them, because the
        bootstrap is not valid for matching.

    Returns
    -------
    PropensityResult
        With Abadie and Imbens's standard error and, for the ATT with one neighbour,
        Rosenbaum's bounds.

    Raises
    ------
    DataError
        As :func:`weighted_effect`, and if no row finds a match.
    """
    rows = observe(frame, outcome=outcome, treatment=treatment, covariates=covariates)
    propensity, fit = _propensity(rows, score, penalty, seed)
    found = matched_difference(
        rows.outcome, rows.treated, propensity, estimand=estimand,
        n_neighbours=n_neighbours, with_replacement=with_replacement, caliper=caliper,
        fit=fit, design=rows.design if fit else None,
    )  # fmt: skip
    extra = _matching_diagnostics(found)
    if n_resamples:
        if fit is None or (estimand, n_neighbours, caliper) != ("att", 1, None):
            raise ValueError(
                "the bootstrap is for the logistic score, the ATT and one neighbour"
            )
        extra |= _bootstrap(rows, "matched_att", penalty, n_resamples, seed, level)
    is_paired = estimand == "att" and n_neighbours == 1
    adjusted = Adjusted(
        value=found.value, standard_error=found.standard_error, weights=found.weights,
        propensity=propensity, kept=np.ones_like(rows.treated), extra=extra,
        method=f"{n_neighbours}-nearest-neighbour matching, {score} score",
        rosenbaum=_pair_bounds(found) if is_paired else None,
    )  # fmt: skip
    levels = covariate_levels(frame, covariates)
    return report(rows, levels, adjusted, estimand=estimand, level=level, unit=unit)


def doubly_robust_effect(
    frame: pd.DataFrame,
    *,
    outcome: str,
    treatment: str,
    covariates: Sequence[str],
    estimand: Literal["ate", "att"] = "ate",
    score: ScoreModel = "logistic",
    outcome_model: OutcomeModel = "linear",
    penalty: float = 0.0,
    trim: Trim = None,
    n_folds: int = 5,
    seed: int = 0,
    level: float = 0.95,
    unit: str = "",
) -> PropensityResult:
    """Return the effect by cross-fitted augmented inverse-propensity weights.

    Parameters
    ----------
    frame, outcome, treatment, covariates, score, penalty, trim, level, unit
        As in :func:`weighted_effect`.
    estimand : {"ate", "att"}, default="ate"
    outcome_model : "linear" or scikit-learn estimator, default="linear"
        Fitted in each arm; give it a fixed random state.
    n_folds : int, default=5
        1 turns cross-fitting off.
    seed : int, default=0
        Of the folds.

    Raises
    ------
    DataError
        As :func:`weighted_effect`, and if an arm has fewer rows than folds.
    """
    rows = observe(frame, outcome=outcome, treatment=treatment, covariates=covariates)
    nuisances = cross_fit(
        rows.outcome, rows.treated, rows.design, outcome_model=outcome_model,
        score_model=score, penalty=penalty, n_folds=n_folds, seed=seed,
    )  # fmt: skip
    propensity = nuisances.propensity
    kept = trimmed(propensity, trim)
    found = doubly_robust_difference(
        rows.outcome[kept], rows.treated[kept], nuisances.keep(kept), estimand=estimand
    )
    weights, _ = balancing_weights(rows.treated, propensity, estimand)
    adjusted = Adjusted(
        value=found.value,
        standard_error=found.standard_error,
        weights=weights * kept,
        propensity=propensity,
        kept=kept,
        method=f"augmented inverse-propensity weights, {n_folds} folds, {score} score",
        extra={},
    )
    levels = covariate_levels(frame, covariates)
    return report(rows, levels, adjusted, estimand=estimand, level=level, unit=unit)


def _propensity(
    rows: Observations, score: ScoreModel, penalty: float, seed: int
) -> tuple[Floats, LogisticFit | None]:
    if score == "boosting":
        return boosted_propensity(rows.design, rows.treated, seed=seed), None
    if score != "logistic":
        raise ValueError(f"score must be 'logistic' or 'boosting', got {score!r}")
    treated = rows.treated.astype(np.float64)
    fit = logistic_optimum(
        rows.design, np.ones(rows.n_rows), treated, penalty=penalty, names=rows.names
    )
    return fit.propensity, fit


def _matching_diagnostics(found: Matched) -> dict[str, float]:
    return {
        "n_dropped": float(found.n_dropped),
        "largest_distance": found.largest_distance,
        "effective_matches": effective_rows(found.weights[found.weights > 0]),
        "standard_error_given_score": found.standard_error_given_score,
    }


def _pair_bounds(found: Matched) -> RosenbaumBounds | None:
    """Return Rosenbaum's bounds, or None where no pair differs."""
    return rosenbaum_bounds(found.gaps) if found.gaps.any() else None


def _bootstrap(
    rows: Observations,
    statistic: str,
    penalty: float,
    n_resamples: int,
    seed: int,
    level: float,
) -> dict[str, float]:
    found = resampled_effects(
        rows,
        statistics=(statistic,),
        penalty=penalty,
        n_resamples=n_resamples,
        seed=seed,
    )
    low, high = found.interval(statistic, level)
    return {
        "bootstrap_standard_error": found.standard_error(statistic),
        "bootstrap_lower": low,
        "bootstrap_upper": high,
    }
