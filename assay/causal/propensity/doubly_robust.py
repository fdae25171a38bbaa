"""Augmented inverse-propensity weighting: right if either of two models is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from assay.causal.propensity.learners import (
    OutcomeModel,
    boosted_propensity,
    fitted_values,
    make_folds,
)
from assay.causal.propensity.logistic import logistic_optimum
from assay.causal.rows import Bools, Floats
from assay.errors import DataError

ScoreModel: TypeAlias = Literal["logistic", "boosting"]


@dataclass(frozen=True, slots=True)
class Nuisances:
    """What cross-fitting learned about every row from the other rows.

    Attributes
    ----------
    propensity : ndarray of shape (n_rows,)
    outcome_untreated, outcome_treated : ndarray of shape (n_rows,)
        Predicted outcome of each row without and with treatment.
    """

    propensity: Floats
    outcome_untreated: Floats
    outcome_treated: Floats

    def keep(self, kept: Bools) -> Nuisances:
        """Return those of the rows where `kept` is true."""
        return Nuisances(
            self.propensity[kept],
            self.outcome_untreated[kept],
            self.outcome_treated[kept],
        )


@dataclass(frozen=True, slots=True)
class DoublyRobust:
    """An effect by augmented weighting.

    Attributes
    ----------
    value : float
    influence : ndarray of shape (n_rows,)
        Influence of each row on `value`.
    """

    value: float
    influence: Floats

    @property
    def standard_error(self) -> float:
        """Standard error from the influence of independent rows."""
        return float(np.sqrt(self.influence @ self.influence) / self.influence.size)


def cross_fit(
    outcome: Floats,
    treated: Bools,
    design: Floats,
    *,
    outcome_model: OutcomeModel = "linear",
    score_model: ScoreModel = "logistic",
    penalty: float = 0.0,
    propensity: Floats | None = None,
    n_folds: int = 5,
    seed: int = 0,
) -> Nuisances:
    """Return propensities and outcome predictions of each row from other folds.

    Parameters
    ----------
    outcome, treated : ndarray of shape (n_rows,)
        Of rows in an order that depends on their content only.
    design : ndarray of shape (n_rows, 1 + n_covariates)
    outcome_model : "linear" or scikit-learn estimator, default="linear"
        Fitted in each arm.
    score_model : {"logistic", "boosting"}, default="logistic"
    penalty : float, default=0
        Of the logistic regression.
    propensity : ndarray of shape (n_rows,), optional
        Known propensities, instead of a score model.
    n_folds : int, default=5
        1 fits and predicts the same rows.
    seed : int, default=0
        Of the folds.

    Raises
    ------
    DataError
        If an arm has fewer rows than folds, or covariates separate the arms.
    """
    folds = make_folds(treated, n_folds, seed)
    is_known = propensity is not None
    if propensity is None:
        propensity = np.empty(treated.size)
        if score_model == "boosting":
            propensity = boosted_propensity(
                design, treated, n_folds=max(n_folds, 2), seed=seed
            )
    predicted = {arm: np.empty(treated.size) for arm in (False, True)}
    for fold in range(n_folds):
        held = folds == fold
        train = ~held if n_folds > 1 else held
        if score_model == "logistic" and not is_known:
            propensity[held] = _logistic_at(
                design[held], design[train], treated[train], penalty
            )
        for arm, values in predicted.items():
            rows = train & (treated == arm)
            values[held] = fitted_values(
                outcome_model, design[rows], outcome[rows], design[held]
            )
    return Nuisances(propensity, predicted[False], predicted[True])


def _logistic_at(new: Floats, design: Floats, treated: Bools, penalty: float) -> Floats:
    fit = logistic_optimum(
        design, np.ones(treated.size), treated.astype(np.float64), penalty=penalty
    )
    return np.asarray(1 / (1 + np.exp(-(new @ fit.coefficients))))


def doubly_robust_scores(outcome: Floats, treated: Bools, nuisances: Nuisances) -> Floats:
    """Return each row's own unbiased, noisy effect; their mean is the ATE.

    Returns
    -------
    ndarray of shape (n_rows,)

    References
    ----------
    .. [1] J. M. Robins, A. Rotnitzky and L. P. Zhao, "Estimation of regression
       coefficients when some regressors are not always observed", Journal of the
       American Statistical Association 89, 1994.
    """
    p = nuisances.propensity
    own = np.where(treated, nuisances.outcome_treated, nuisances.outcome_untreated)
    weight = np.where(treated, 1 / p, -1 / (1 - p))
    gap = nuisances.outcome_treated - nuisances.outcome_untreated
    return np.asarray(gap + weight * (outcome - own))


def doubly_robust_difference(
    outcome: Floats,
    treated: Bools,
    nuisances: Nuisances,
    *,
    estimand: Literal["ate", "att"] = "ate",
) -> DoublyRobust:
    """Return the effect by augmented inverse-propensity weighting.

    Parameters
    ----------
    outcome, treated : ndarray of shape (n_rows,)
    nuisances : Nuisances
        Of the same rows, from :func:`cross_fit`.
    estimand : {"ate", "att"}, default="ate"

    Raises
    ------
    DataError
        If an arm is empty.

    References
    ----------
    .. [1] V. Chernozhukov et al., "Double/debiased machine learning for treatment and
       structural parameters", The Econometrics Journal 21, 2018.
    """
    if treated.all() or not treated.any():
        raise DataError(
            f"{int(treated.sum())} of {treated.size} rows are treated, and both arms are "
            "needed; trim less"
        )
    if estimand == "ate":
        scores = doubly_robust_scores(outcome, treated, nuisances)
        value = float(scores.mean())
        return DoublyRobust(value, scores - value)
    if estimand != "att":
        raise ValueError(f"estimand must be 'ate' or 'att', got {estimand!r}")
    odds = nuisances.propensity / (1 - nuisances.propensity)
    residual = outcome - nuisances.outcome_untreated
    share = float(treated.mean())
    scores = np.where(treated, residual, -odds * residual) / share
    value = float(scores.mean())
    return DoublyRobust(value, scores - value * treated / share)
