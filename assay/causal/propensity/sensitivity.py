"""How strong a hidden cause would have to be to explain an effect away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

from assay.causal.rows import Floats
from assay.errors import DataError


@dataclass(frozen=True, slots=True)
class EValue:
    """The risk ratio that a hidden confounder would need with treatment and outcome.

    Attributes
    ----------
    risk_ratio : float
        The effect on the risk-ratio scale.
    point : float
        Ratio that would explain the estimate away; 1 for no effect.
    limit : float
        Ratio that would move the interval's near end to no effect; 1 if it is there.
    """

    risk_ratio: float
    point: float
    limit: float


def e_value(risk_ratio: float, interval: tuple[float, float] | None = None) -> EValue:
    """Return the E-value of a risk ratio.

    Parameters
    ----------
    risk_ratio : float
        Greater than zero.
    interval : tuple of two float, optional
        Its confidence interval.

    Raises
    ------
    ValueError
        If a ratio is not positive.

    References
    ----------
    .. [1] T. J. VanderWeele and P. Ding, "Sensitivity analysis in observational
       research: introducing the E-value", Annals of Internal Medicine 167, 2017.

    Examples
    --------
    >>> found = e_value(3.9, (1.8, 8.7))
    >>> round(found.point, 2), round(found.limit, 2)
    (7.26, 3.0)
    """
    low, high = interval if interval is not None else (risk_ratio, risk_ratio)
    if not (risk_ratio > 0 and high > 0):
        raise ValueError(f"a risk ratio must be positive, got {risk_ratio} in {interval}")
    near = low if risk_ratio > 1 else high
    crosses = low <= 1 <= high
    return EValue(risk_ratio, _needed(risk_ratio), 1.0 if crosses else _needed(near))


def e_value_of_difference(
    difference: float, interval: tuple[float, float], standard_deviation: float
) -> EValue:
    """Return the E-value of a difference of means.

    Parameters
    ----------
    difference : float
    interval : tuple of two float
        Its confidence interval.
    standard_deviation : float
        Of the outcome, > 0; a standardised difference d counts as a risk ratio of
        exp(0.91 d) [1]_.

    References
    ----------
    .. [1] As :func:`e_value`, table 2.
    """
    if not standard_deviation > 0:
        raise DataError(
            f"the outcome's standard deviation is {standard_deviation}; an outcome "
            "that does not vary has no effect to explain away"
        )
    ratio = [np.exp(0.91 * x / standard_deviation) for x in (difference, *interval)]
    return e_value(float(ratio[0]), (float(ratio[1]), float(ratio[2])))


def _needed(ratio: float) -> float:
    above = max(ratio, 1 / ratio)
    return float(above + np.sqrt(above * (above - 1)))


@dataclass(frozen=True, slots=True)
class RosenbaumBounds:
    """Signed-rank tests of matched pairs under hidden bias.

    Attributes
    ----------
    gammas : ndarray of shape (n,)
        Odds by which two matched rows may differ in their chance of treatment, >= 1.
    p_lower, p_upper : ndarray of shape (n,)
        Smallest and largest one-sided p value that such a bias could have hidden.
    breaking_gamma : float
        Smallest bias at which the largest p value reaches 0.05.
    """

    gammas: Floats
    p_lower: Floats
    p_upper: Floats
    breaking_gamma: float


def rosenbaum_bounds(
    gaps: ArrayLike, gammas: Sequence[float] = (1, 1.25, 1.5, 2, 3, 5)
) -> RosenbaumBounds:
    """Return bounds on the one-sided p value of Wilcoxon's signed-rank test.

    Parameters
    ----------
    gaps : array-like of shape (n_pairs,)
        Treated minus matched untreated outcome; the sign of their sum gives the side.
    gammas : sequence of float

    Raises
    ------
    DataError
        If no pair differs.

    Notes
    -----
    Normal approximation; pairs without a gap are dropped and ties get mean ranks, which
    for a binary outcome is McNemar's test.

    References
    ----------
    .. [1] P. R. Rosenbaum, *Observational Studies*, 2nd ed., Springer, 2002, section 4.3.
    """
    values = np.asarray(gaps, dtype=np.float64)
    values = values[values != 0]
    if values.size == 0:
        raise DataError(
            "no matched pair differs in its outcome, so there is no effect whose "
            "sensitivity could be asked for"
        )
    levels = np.asarray(gammas, dtype=np.float64)
    if not (levels >= 1).all():
        raise ValueError(f"gammas must be at least 1, got {list(gammas)}")
    ranks = stats.rankdata(np.abs(values))
    statistic = float(ranks[values > 0].sum())
    total, squares = float(ranks.sum()), float(ranks @ ranks)
    statistic = max(statistic, total - statistic)

    def tail(gamma: Floats) -> Floats:
        share = gamma / (1 + gamma)
        spread = np.sqrt(share * (1 - share) * squares)
        return np.asarray(special.ndtr(-(statistic - share * total) / spread))

    return RosenbaumBounds(
        levels, tail(1 / levels), tail(levels), _breaking(statistic, total, squares)
    )


def _breaking(statistic: float, total: float, squares: float) -> float:
    # (statistic - s total)^2 = z^2 s (1 - s) squares is a quadratic in the share s.
    z2 = float(special.ndtri(0.95)) ** 2
    a, b = total**2 + z2 * squares, -(2 * statistic * total + z2 * squares)
    root = np.sqrt(max(b * b - 4 * a * statistic**2, 0.0))
    share = (-b - root) / (2 * a)
    return float(max(1.0, share / (1 - share))) if share < 1 else float("inf")


@dataclass(frozen=True, slots=True)
class OsterDelta:
    """How much more the unseen must matter than the seen to leave no effect.

    Attributes
    ----------
    delta : float
        Selection on unseen over seen covariates that makes the effect `effect_at`;
        negative where seeing more could only move it away.
    bias_adjusted : float
        Effect if the unseen mattered exactly as much as the seen, by the proportional
        approximation.
    r_squared_max : float
        R squared that everything seen and unseen together would reach.
    uncontrolled, controlled : float
        Coefficient of the treatment without and with covariates.
    r_squared_uncontrolled, r_squared_controlled : float
        Of those two regressions.
    """

    delta: float
    bias_adjusted: float
    r_squared_max: float
    uncontrolled: float
    controlled: float
    r_squared_uncontrolled: float
    r_squared_controlled: float


def oster_delta(
    outcome: ArrayLike,
    treated: ArrayLike,
    covariates: ArrayLike,
    *,
    r_squared_max: float | None = None,
    effect_at: float = 0.0,
) -> OsterDelta:
    """Return Oster's delta of a linear regression.

    Parameters
    ----------
    outcome, treated : array-like of shape (n_rows,)
    covariates : array-like of shape (n_rows, n_covariates)
        Without a column of ones.
    r_squared_max : float, optional
        By default 1.3 times the controlled R squared, at most 1 [1]_.
    effect_at : float, default=0
        Effect whose delta is asked for.

    Raises
    ------
    DataError
        If the covariates explain all of the treatment, or nothing of the outcome.

    References
    ----------
    .. [1] E. Oster, "Unobservable selection and coefficient stability: theory and
       evidence", Journal of Business & Economic Statistics 37, 2019.
    """
    y, x = _centred(outcome), _centred(treated)
    w = _centred(covariates)
    var_y, var_x = float(y @ y) / y.size, float(x @ x) / x.size
    beta_0 = float(x @ y / (x @ x))
    r2_0 = beta_0 * float(x @ y) / float(y @ y)
    rest = x - w @ np.linalg.lstsq(w, x, rcond=None)[0]
    tau = float(rest @ rest) / x.size
    if not tau > 1e-12 * var_x:
        raise DataError(
            "the covariates explain the treatment completely; drop those that encode it"
        )
    beta, r2 = _controlled_regression(y, x, w)
    if not r2 > r2_0:
        raise DataError(
            f"the covariates add nothing to R squared ({r2:.4g}); what they explain "
            "cannot scale what is unseen"
        )
    top = min(1.0, 1.3 * r2) if r_squared_max is None else r_squared_max
    if not r2 < top <= 1:
        raise ValueError(f"r_squared_max must lie in ({r2:.4g}, 1], got {top}")
    gap, drift, seen = beta - effect_at, beta_0 - beta, (r2 - r2_0) * var_y
    unseen = (top - r2) * var_y
    cubic = gap**3 * (tau * var_x - tau**2)
    upper = gap * seen * tau + gap * var_x * tau * drift**2
    upper += 2 * gap**2 * tau * drift * var_x + cubic
    lower = unseen * drift * var_x + gap * unseen * (var_x - tau)
    lower += gap**2 * tau * drift * var_x + cubic
    adjusted = beta - drift * (top - r2) / (r2 - r2_0)
    delta = upper / lower if lower else float("inf")
    return OsterDelta(delta, adjusted, top, beta_0, beta, r2_0, r2)


def _controlled_regression(y: Floats, x: Floats, w: Floats) -> tuple[float, float]:
    """Return the coefficient of x beside w, and R squared, all columns centred."""
    full = np.column_stack([x, w])
    coefficients = np.linalg.lstsq(full, y, rcond=None)[0]
    residual = y - full @ coefficients
    return float(coefficients[0]), 1 - float(residual @ residual) / float(y @ y)


def _centred(values: ArrayLike) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    if not np.isfinite(array).all():
        raise DataError("outcome, treatment and covariates must be finite; drop or fill")
    return np.asarray(array - array.mean(axis=0))
