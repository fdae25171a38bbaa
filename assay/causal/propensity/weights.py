"""Effects by inverse-propensity weights, with the influence of every row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from assay.causal.propensity.logistic import LogisticFit
from assay.causal.rows import Bools, Floats
from assay.errors import DataError

Estimand: TypeAlias = Literal["ate", "att", "atc", "ato"]
ESTIMANDS: tuple[Estimand, ...] = ("ate", "att", "atc", "ato")


@dataclass(frozen=True, slots=True)
class Weighted:
    """An effect by weighting, and what each row contributed to it.

    Attributes
    ----------
    value : float
        Difference of the weighted means, treated minus untreated.
    influence : ndarray of shape (n_rows,)
        Influence of each row on `value`; the mean of its square over ``n_rows`` is the
        variance of `value`.
    weights : ndarray of shape (n_rows,)
        Weight of each row within its own arm.
    """

    value: float
    influence: Floats
    weights: Floats

    @property
    def standard_error(self) -> float:
        """Standard error from the influence of independent rows."""
        return float(np.sqrt(self.influence @ self.influence) / self.influence.size)


def balancing_weights(
    treated: Bools, propensity: Floats, estimand: Estimand
) -> tuple[Floats, Floats]:
    """Return the weights that balance two arms, and their slopes in the log-odds.

    Parameters
    ----------
    treated : ndarray of shape (n_rows,), bool
    propensity : ndarray of shape (n_rows,)
        In (0, 1).
    estimand : {"ate", "att", "atc", "ato"}
        Whose effect: everybody's, the treated's, the untreated's, or that of the
        overlap population, which weighs rows by p (1 - p) [1]_.

    Returns
    -------
    weights, slopes : ndarray of shape (n_rows,)

    References
    ----------
    .. [1] F. Li, K. L. Morgan and A. M. Zaslavsky, "Balancing covariates via propensity
       score weighting", Journal of the American Statistical Association 113, 2018.
    """
    p = propensity
    one, zero = np.ones_like(p), np.zeros_like(p)
    odds = p / (1 - p)
    table: dict[Estimand, tuple[Floats, Floats, Floats, Floats]] = {
        "ate": (1 / p, 1 + odds, -1 / odds, odds),
        "att": (one, odds, zero, odds),
        "atc": (1 / odds, one, -1 / odds, zero),
        "ato": (1 - p, p, -p * (1 - p), p * (1 - p)),
    }
    if estimand not in table:
        raise ValueError(f"estimand must be one of {ESTIMANDS}, got {estimand!r}")
    weight_1, weight_0, slope_1, slope_0 = table[estimand]
    return np.where(treated, weight_1, weight_0), np.where(treated, slope_1, slope_0)


def weighted_difference(
    outcome: Floats,
    treated: Bools,
    propensity: Floats,
    *,
    estimand: Estimand = "ate",
    normalised: bool = True,
    kept: Bools | None = None,
    fit: LogisticFit | None = None,
    design: Floats | None = None,
) -> Weighted:
    """Return the inverse-propensity-weighted effect.

    Parameters
    ----------
    outcome, treated, propensity : ndarray of shape (n_rows,)
    estimand : {"ate", "att", "atc", "ato"}, default="ate"
    normalised : bool, default=True
        Weighted means with weights that sum to one in each arm (Hajek); otherwise sums
        over the number of rows the estimand is about (Horvitz-Thompson).
    kept : ndarray of shape (n_rows,), bool, optional
        Rows that the estimate is about, after trimming; all by default.
    fit, design : LogisticFit and ndarray of shape (n_rows, n_columns), optional
        The logistic regression, on all rows, that gave `propensity`. With them, the
        influence accounts for its estimation, which usually makes it smaller [1]_.

    Raises
    ------
    DataError
        If an arm has no rows.

    References
    ----------
    .. [1] J. K. Lunceford and M. Davidian, "Stratification and weighting via the
       propensity score in estimation of causal treatment effects", Statistics in
       Medicine 23, 2004.
    """
    kept = np.ones_like(treated) if kept is None else kept
    n_treated, n_kept = int((treated & kept).sum()), int(kept.sum())
    if n_treated in (0, n_kept):
        raise DataError(
            f"{n_treated} of {n_kept} rows are treated, and both arms are needed; "
            "trim less"
        )
    weights, slopes = balancing_weights(treated, propensity, estimand)
    weights, slopes = weights * kept, slopes * kept
    members = _members(treated, kept, estimand)
    sizes = (
        (float(weights[treated].sum()), float(weights[~treated].sum()))
        if normalised
        else (_population(members, estimand),) * 2
    )
    mean_1 = float(weights[treated] @ outcome[treated]) / sizes[0]
    mean_0 = float(weights[~treated] @ outcome[~treated]) / sizes[1]
    share = np.where(treated, 1 / sizes[0], -1 / sizes[1])
    residual = outcome - np.where(treated, mean_1, mean_0) if normalised else outcome
    influence = share * weights * residual
    if not normalised:
        influence = influence - (mean_1 - mean_0) * members / members.sum()
    if fit is not None and design is not None:
        gradient = design.T @ (share * slopes * residual)
        scores = design @ np.linalg.solve(fit.information, gradient)
        influence = influence + scores * (treated - propensity)
    return Weighted(mean_1 - mean_0, treated.size * influence, weights)


def effective_rows(weights: Floats) -> float:
    """Return how many equally weighted rows carry as much information (Kish).

    Examples
    --------
    >>> effective_rows(np.array([1.0, 1.0, 0.0]))
    2.0
    """
    return float(weights.sum() ** 2 / (weights @ weights))


def _members(treated: Bools, kept: Bools, estimand: Estimand) -> Bools:
    if estimand == "att":
        return treated & kept
    return ~treated & kept if estimand == "atc" else kept


def _population(members: Bools, estimand: Estimand) -> float:
    if estimand == "ato":
        raise ValueError("overlap weights have no unnormalised form; use normalised=True")
    return float(members.sum())
