"""The ATT of one cohort between two periods, with each unit's influence on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

import numpy as np
from scipy import special

from assay.causal.assumptions import limit
from assay.causal.panel import Floats
from assay.errors import DataError

Method: TypeAlias = Literal["doubly_robust", "regression", "weighting"]
Att: TypeAlias = tuple[float, Floats]

NEWTON_STEPS = 50
NEWTON_TOLERANCE = 1e-12


def doubly_robust_att(change: Floats, treated: Floats, covariates: Floats) -> Att:
    """Return the ATT that is right if either the outcome or the propensity model is.

    Parameters
    ----------
    change : ndarray of shape (n_units,)
        Outcome after minus outcome before.
    treated : ndarray of shape (n_units,)
        1.0 for the cohort, 0.0 for its comparison.
    covariates : ndarray of shape (n_units, n_covariates)
        First column a constant.

    Returns
    -------
    tuple of float and ndarray of shape (n_units,)
        The ATT and the influence of each unit; their variance over n is the ATT's.

    References
    ----------
    .. [1] P. H. C. Sant'Anna and J. Zhao, "Doubly robust difference-in-differences
       estimators", Journal of Econometrics 219 (2020).
    """
    fitted, outcome_influence = _outcome_model(change, treated, covariates)
    odds, score_influence = _odds(treated, covariates)
    gap = change - fitted
    att_treated, part_treated = _weighted_mean(gap, treated)
    att_others, part_others = _weighted_mean(gap, odds)
    slope = (treated[:, None] * covariates).mean(axis=0) / treated.mean()
    slope_others = (odds[:, None] * covariates).mean(axis=0) / odds.mean()
    score = (odds * (gap - att_others))[:, None] * covariates
    influence = (
        part_treated
        - part_others
        - outcome_influence @ (slope - slope_others)
        - score_influence @ (score.mean(axis=0) / odds.mean())
    )
    return att_treated - att_others, influence


def regression_att(change: Floats, treated: Floats, covariates: Floats) -> Att:
    """Return the ATT with the untreated change predicted from covariates.

    Arguments and result as for :func:`doubly_robust_att`.
    """
    fitted, outcome_influence = _outcome_model(change, treated, covariates)
    att, part = _weighted_mean(change - fitted, treated)
    slope = (treated[:, None] * covariates).mean(axis=0) / treated.mean()
    return att, part - outcome_influence @ slope


def weighting_att(change: Floats, treated: Floats, covariates: Floats) -> Att:
    """Return the ATT with the comparison units weighted by their odds of treatment.

    Arguments and result as for :func:`doubly_robust_att`; weights sum to one [1]_.

    References
    ----------
    .. [1] A. Abadie, "Semiparametric Difference-in-Differences Estimators", Review
       of Economic Studies 72 (2005).
    """
    odds, score_influence = _odds(treated, covariates)
    change_treated, part_treated = _weighted_mean(change, treated)
    change_others, part_others = _weighted_mean(change, odds)
    score = (odds * (change - change_others))[:, None] * covariates
    direction = score.mean(axis=0) / odds.mean()
    influence = part_treated - part_others - score_influence @ direction
    return change_treated - change_others, influence


ATT: Mapping[Method, Callable[[Floats, Floats, Floats], Att]] = MappingProxyType(
    {
        "doubly_robust": doubly_robust_att,
        "regression": regression_att,
        "weighting": weighting_att,
    }
)


def fit_logit(treated: Floats, covariates: Floats) -> Floats:
    """Return the coefficients of a logistic regression, by Newton's method.

    Raises
    ------
    DataError
        If the groups are separated, so that no finite maximum exists.
    """
    coefficients = np.zeros(covariates.shape[1])
    for _ in range(NEWTON_STEPS):
        probability = special.expit(covariates @ coefficients)
        variance = probability * (1 - probability)
        hessian = covariates.T @ (covariates * variance[:, None])
        if np.linalg.matrix_rank(hessian, tol=1e-10 * treated.size) < hessian.shape[0]:
            break
        step = np.linalg.solve(hessian, covariates.T @ (treated - probability))
        coefficients = coefficients + step
        if np.max(np.abs(step)) < NEWTON_TOLERANCE * (1 + np.max(np.abs(coefficients))):
            return coefficients
    raise DataError(
        f"the propensity of {int(treated.sum())} treated among {treated.size} units has "
        "no finite fit: covariates are collinear or separate the groups; drop covariates "
        "or use method='regression'"
    )


def _outcome_model(
    change: Floats, treated: Floats, covariates: Floats
) -> tuple[Floats, Floats]:
    """Fit the change of the untreated; return predictions and coefficient influence."""
    others = 1 - treated
    gram = covariates.T @ (covariates * others[:, None]) / treated.size
    if np.linalg.matrix_rank(gram) < gram.shape[0]:
        raise DataError(
            f"{int(others.sum())} comparison units cannot carry {gram.shape[0]} "
            "collinear covariates; drop some"
        )
    inverse = np.linalg.inv(gram)
    coefficients = inverse @ (covariates.T @ (others * change) / treated.size)
    fitted = covariates @ coefficients
    return fitted, ((others * (change - fitted))[:, None] * covariates) @ inverse


def _odds(treated: Floats, covariates: Floats) -> tuple[Floats, Floats]:
    """Return odds of treatment on the untreated, and the influence of their fit."""
    probability = special.expit(covariates @ fit_logit(treated, covariates))
    highest = float(probability[treated == 0].max())
    if highest > limit("propensity_maximum"):
        raise DataError(
            f"a comparison unit has propensity {highest:.4f}, above "
            f"{limit('propensity_maximum')}: no overlap; drop covariates, trim, or use "
            "method='regression'"
        )
    variance = probability * (1 - probability)
    hessian = covariates.T @ (covariates * variance[:, None]) / treated.size
    score = (treated - probability)[:, None] * covariates
    odds = (1 - treated) * probability / (1 - probability)
    return odds, score @ np.linalg.inv(hessian)


def _weighted_mean(values: Floats, weights: Floats) -> Att:
    scale = weights.mean()
    mean = float((weights * values).mean() / scale)
    return mean, weights * (values - mean) / scale
