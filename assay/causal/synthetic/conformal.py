"""Permutation inference over time for a synthetic control.

Under a hypothesis about the effect the outcome without treatment is known in all
periods; fitted on all of them, its residuals should look alike before and after.
Shifting them around the circle of periods says how unusual they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.causal.estimate import Estimate
from assay.causal.synthetic.series import Series
from assay.causal.synthetic.simplex import simplex_batch, simplex_fit
from assay.errors import DataError

Floats: TypeAlias = NDArray[np.float64]

_GRID = 64
_ROUNDS = 40


Residuals: TypeAlias = Callable[[Floats], Floats]
"""From effects, of shape (n_effects,), to the residuals under each, a row an effect."""


def conformal_p_values(
    series: Series, effects: Floats, residuals: Residuals | None = None
) -> Floats:
    """Return the p value of each constant effect after treatment.

    Parameters
    ----------
    series : Series
        Treated series and donors.
    effects : ndarray of shape (n_effects,)
        Hypothetical effects in every period after treatment, in the outcome's unit.
    residuals : callable, optional
        Of an estimator that treats all periods alike, fitted on all of them under each
        effect; by default the synthetic control's.

    Returns
    -------
    ndarray of shape (n_effects,)
        Share of circular shifts whose mean residual after treatment is at least as
        large in size as the one seen; never below 1 / n_periods.

    References
    ----------
    Chernozhukov, Wuthrich and Zhu, "An Exact and Robust Conformal Inference Method for
    Counterfactual and Synthetic Controls", Journal of the American Statistical
    Association, 2021.
    """
    found = (residuals or simplex_residuals(series))(effects)
    is_post = np.arange(series.n_periods) >= series.n_pre
    shifts = np.add.outer(np.arange(series.n_periods), np.arange(series.n_periods))
    shifted = found[:, shifts % series.n_periods][:, :, is_post]
    sizes = np.abs(shifted.mean(axis=2))
    # Sums in another order differ in the last bits; they are the same shift.
    slack = 1e-9 * np.abs(found).max(axis=1, keepdims=True)
    return np.asarray(np.mean(sizes >= sizes[:, :1] - slack, axis=1))


def simplex_residuals(series: Series) -> Residuals:
    """Return the residuals of the synthetic control, fitted on all periods."""
    gram = series.donors.T @ series.donors
    start = simplex_fit(gram, series.donors.T @ series.treated).weights > 0

    def of(effects: Floats) -> Floats:
        treated = without_effects(series, effects)
        grams = np.broadcast_to(gram, (effects.size, *gram.shape))
        weights = simplex_batch(grams, treated @ series.donors, start).weights
        return np.asarray(treated - weights @ series.donors.T)

    return of


def without_effects(series: Series, effects: Floats) -> Floats:
    """Return the treated series less each effect after treatment, a row an effect."""
    is_post = np.arange(series.n_periods) >= series.n_pre
    return np.asarray(series.treated - effects[:, None] * is_post)


def conformal_estimate(
    series: Series,
    att: float,
    residuals: Residuals,
    *,
    level: float,
    n: int,
    unit: str,
    method: str,
) -> Estimate:
    """Return an estimate with the interval and p value of the permutation test."""
    return Estimate(
        estimand="att",
        value=att,
        standard_error=float("nan"),
        interval=conformal_interval(series, att, level=level, residuals=residuals),
        level=level,
        p_value=float(conformal_p_values(series, np.zeros(1), residuals)[0]),
        n=n,
        unit=unit,
        method=f"{method}, permutation over periods",
    )


def conformal_interval(
    series: Series,
    centre: float,
    *,
    level: float = 0.95,
    residuals: Residuals | None = None,
) -> tuple[float, float]:
    """Return the constant effects that the permutation test does not reject.

    An end is infinite where no effect in that direction is rejected, however large: an
    estimator with free weights can absorb it.

    Parameters
    ----------
    series : Series
        Treated series and donors.
    centre : float
        Where to start looking: the estimate.
    level : float, default=0.95
        Of the interval.
    residuals : callable, optional
        As :func:`conformal_p_values` takes them.

    Raises
    ------
    DataError
        If there are too few periods to reject anything at this level.
    """
    if 1 / series.n_periods > 1 - level:
        raise DataError(
            f"{series.n_periods} periods give p values no smaller than "
            f"{1 / series.n_periods:.3g}, which cannot carry an interval at {level:g}; "
            f"it takes {int(np.ceil(1 / (1 - level) - 1e-9))} periods"
        )
    # P values are multiples of 1 / n_periods; rounding must not tip one over the level.
    alpha = 1 - level + 1e-9
    fitted = residuals or simplex_residuals(series)
    return (
        _edge(series, fitted, centre, -1.0, alpha),
        _edge(series, fitted, centre, 1.0, alpha),
    )


def _edge(
    series: Series, residuals: Residuals, centre: float, direction: float, alpha: float
) -> float:
    """Go outward until everything is rejected, then close in on the last accepted."""
    spread = float(np.std(series.donors.mean(axis=1) - series.treated)) or 1.0
    inner, reach = 0.0, spread
    for _ in range(_ROUNDS):
        steps = np.linspace(0, reach, _GRID)
        effects = centre + direction * steps
        accepted = conformal_p_values(series, effects, residuals) > alpha
        if not accepted[-_GRID // 4 :].any():
            break
        reach *= 2
    else:
        return direction * float("inf")
    if accepted.any():
        last = int(np.flatnonzero(accepted)[-1])
        inner, outer = float(steps[last]), float(steps[min(last + 1, _GRID - 1)])
    else:
        return centre
    while outer - inner > 1e-6 * reach:
        steps = np.linspace(inner, outer, 9)
        effects = centre + direction * steps
        accepted = conformal_p_values(series, effects, residuals) > alpha
        accepted[0] = True
        last = int(np.flatnonzero(accepted)[-1])
        inner, outer = float(steps[last]), float(steps[min(last + 1, 8)])
        if last == 8:
            break
    return centre + direction * outer
