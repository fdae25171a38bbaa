"""The ratio of two jumps whose confidence set stays right when the divisor is weak."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

from assay.causal.estimate import critical_value

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RatioSet:
    """Effects that the Anderson-Rubin test of a fuzzy jump does not reject.

    Attributes
    ----------
    pieces : tuple of tuple of two float
        Intervals in rising order. One with finite ends; or two that run off to either
        side; or the whole line, where the data exclude no effect.
    p_value : float
        Of no effect, which is that of no jump of the outcome.
    """

    pieces: tuple[tuple[float, float], ...]
    p_value: float

    @property
    def is_bounded(self) -> bool:
        """Tell whether the set is one interval with finite ends."""
        return bool(np.isfinite(self.pieces).all())

    @property
    def interval(self) -> tuple[float, float]:
        """Return the smallest interval that holds every piece."""
        return self.pieces[0][0], self.pieces[-1][1]


def ratio_set(jumps: Floats, covariance: Floats, level: float) -> RatioSet:
    """Return the effects e for which outcome less e times treatment does not jump.

    Parameters
    ----------
    jumps : ndarray of shape (2,)
        Of outcome and treatment, less their smoothing bias.
    covariance : ndarray of shape (2, 2)
        Of those jumps, the correction's own noise included.
    level : float
        Of the set.

    Notes
    -----
    The test at e compares ``(jump_y - e jump_d)**2`` with its variance, both quadratic
    in e, so that the set is where a quadratic is not positive. The estimate is inside.

    References
    ----------
    .. [1] Y. Feir, T. Lemieux and V. Marmer, "Weak Identification in Fuzzy Regression
       Discontinuity Designs", Journal of Business & Economic Statistics 34, 2016.
    .. [2] E. C. Fieller, "Some Problems in Interval Estimation", Journal of the Royal
       Statistical Society B 16, 1954.

    Examples
    --------
    >>> found = ratio_set(np.array([3.0, 2.0]), np.diag([0.25, 0.0]), 0.95)
    >>> [round(end, 2) for end in found.interval]
    [1.01, 1.99]
    """
    z = critical_value(level)
    outcome, treatment = (float(value) for value in jumps)
    variance_y, shared, variance_d = (
        float(covariance[place]) for place in ((0, 0), (0, 1), (1, 1))
    )
    spread = float(np.sqrt(variance_y))
    p_value = float(2 * special.ndtr(-abs(outcome) / spread)) if spread else 0.0
    pieces = _not_positive(
        treatment**2 - z**2 * variance_d,
        -2 * (outcome * treatment - z**2 * shared),
        outcome**2 - z**2 * variance_y,
    )
    return RatioSet(pieces, p_value)


def _not_positive(
    square: float, slope: float, level: float
) -> tuple[tuple[float, float], ...]:
    """Return where ``square e**2 + slope e + level`` is at most zero."""
    inside = slope**2 - 4 * square * level
    if inside <= 0:
        # Without a crossing the quadratic is negative throughout: at the estimate it is.
        return ((-np.inf, np.inf),)
    # One root by sum and the other by product, so that nothing cancels.
    far = -(slope + float(np.copysign(np.sqrt(inside), slope))) / 2
    near = level / far
    if square == 0:
        return ((-np.inf, near),) if slope > 0 else ((near, np.inf),)
    low, high = sorted((near, far / square))
    return ((low, high),) if square > 0 else ((-np.inf, low), (high, np.inf))
