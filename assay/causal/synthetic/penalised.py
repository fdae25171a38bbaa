"""Synthetic control that prefers donors close to the treated unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.causal.estimate import Estimate
from assay.causal.synthetic.conformal import (
    Residuals,
    conformal_estimate,
    without_effects,
)
from assay.causal.synthetic.series import Series
from assay.causal.synthetic.simplex import simplex_batch, simplex_fit

Floats: TypeAlias = NDArray[np.float64]

_PENALTIES = 25


@dataclass(frozen=True, slots=True)
class PenalisedControl:
    """Result of :func:`penalised_control`.

    Attributes
    ----------
    estimate : Estimate
        The ATT: mean gap after treatment, with the interval of the permutation test
        over time (no standard error).
    gaps : ndarray of shape (n_periods,)
        Treated minus synthetic series.
    donor_weights : ndarray of shape (n_donors,)
        On the simplex; unique for a positive penalty, and sparse.
    penalty : float
        Price of a donor's own distance.
    penalties, errors : ndarray
        Tried penalties and their squared error on donors' outcomes after treatment.
    rmspe_pre : float
        Error before treatment.
    """

    estimate: Estimate
    gaps: Floats
    donor_weights: Floats
    penalty: float
    penalties: Floats
    errors: Floats
    rmspe_pre: float


def penalised_control(
    series: Series,
    *,
    penalty: float | None = None,
    level: float = 0.95,
    outcome_unit: str = "",
) -> PenalisedControl:
    """Trade the fit of the average against the likeness of each donor in it.

    Minimises ``|x1 - X0 w|^2 + penalty * sum_j w_j |x1 - x_j|^2`` over the simplex.

    Parameters
    ----------
    series : Series
        Treated series and donors.
    penalty : float, optional
        0 is the plain synthetic control, infinity the nearest neighbour. By default
        the one that best predicts the donors from each other after treatment.
    level : float, default=0.95
        Of the interval.
    outcome_unit : str
        As a reader would write it.

    Raises
    ------
    DataError
        If there are too few periods for an interval of this level.

    Notes
    -----
    The interval holds the effects under which the residuals of the same estimator,
    fitted on all periods with this penalty, look alike before and after [2]_.

    References
    ----------
    .. [1] Abadie and L'Hour, "A Penalized Synthetic Control Estimator for Disaggregated
       Data", Journal of the American Statistical Association, 2021.
    .. [2] Chernozhukov, Wuthrich and Zhu, "An Exact and Robust Conformal Inference
       Method for Counterfactual and Synthetic Controls", same journal, 2021.
    """
    pre = series.donors[: series.n_pre]
    penalties = errors = np.empty(0)
    if penalty is None:
        penalties, errors = _errors_on_donors(series)
        penalty = float(penalties[int(np.argmin(errors))])
    elif not penalty >= 0:
        raise ValueError(f"penalty must not be negative, got {penalty}")
    gram, linear = _problem(pre, series.treated[: series.n_pre], penalty)
    weights = simplex_fit(gram, linear).weights
    gaps = series.treated - series.donors @ weights
    return PenalisedControl(
        estimate=conformal_estimate(
            series, float(gaps[series.n_pre :].mean()), _residuals(series, penalty),
            level=level, unit=outcome_unit, method="penalised synthetic control",
        ),
        gaps=gaps,
        donor_weights=weights,
        penalty=float(penalty),
        penalties=penalties,
        errors=errors,
        rmspe_pre=float(np.sqrt(np.mean(gaps[: series.n_pre] ** 2))),
    )  # fmt: skip


def _residuals(series: Series, penalty: float) -> Residuals:
    """Return the residuals of the estimator fitted on all periods with this penalty."""
    donors = series.donors
    gram = donors.T @ donors

    def of(effects: Floats) -> Floats:
        treated = without_effects(series, effects)
        linears = [_problem(donors, one, penalty)[1] for one in treated]
        grams = np.broadcast_to(gram, (effects.size, *gram.shape))
        weights = simplex_batch(grams, np.array(linears)).weights
        return np.asarray(treated - weights @ donors.T)

    return of


def _problem(donors: Floats, treated: Floats, penalty: float) -> tuple[Floats, Floats]:
    distances = np.sum((donors - treated[:, None]) ** 2, axis=0)
    return donors.T @ donors, donors.T @ treated - penalty / 2 * distances


def _errors_on_donors(series: Series) -> tuple[Floats, Floats]:
    pre = series.donors[: series.n_pre]
    after = series.donors[series.n_pre :]
    penalties = np.append(0.0, np.geomspace(1e-4, 10.0, _PENALTIES - 1))
    errors = np.zeros(penalties.size)
    for left_out in range(series.n_donors):
        others = np.arange(series.n_donors) != left_out
        grams, linears = zip(
            *(_problem(pre[:, others], pre[:, left_out], p) for p in penalties),
            strict=True,
        )
        weights = simplex_batch(np.array(grams), np.array(linears)).weights
        gaps = after[:, [left_out]] - after[:, others] @ weights.T
        errors += np.mean(gaps**2, axis=0)
    return penalties, errors / series.n_donors
