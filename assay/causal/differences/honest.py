"""Rambachan and Roth: intervals that survive a bounded failure of parallel trends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import optimize

from assay.causal.differences.honest_magnitude import (
    first_stage_draws,
    magnitude_interval,
)
from assay.causal.differences.honest_smoothness import smoothness_interval
from assay.causal.estimate import critical_value
from assay.causal.panel import Floats
from assay.errors import DataError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from assay.causal.differences.event_study import EventStudy

Restriction: TypeAlias = Literal["relative_magnitude", "smoothness"]
Interval: TypeAlias = tuple[float, float]

BOUNDS = (0.5, 1.0, 1.5, 2.0)


@dataclass(frozen=True, slots=True)
class Honest:
    """Result of :func:`honest_intervals`.

    Attributes
    ----------
    restriction : {"relative_magnitude", "smoothness"}
        What the bounds restrict.
    bounds : ndarray of shape (n_bounds,)
        Largest violation after the start: times the largest one before it, or change
        of slope from one period to the next in the outcome's unit.
    intervals : ndarray of shape (n_bounds, 2)
        Lower and upper end at each bound.
    original : tuple of two float
        The interval under exactly parallel trends.
    breakdown : float
        Smallest bound at which zero can no longer be excluded; 0 if it never could,
        infinity if it can at every bound tried.
    level : float
        Of the intervals.
    """

    restriction: Restriction
    bounds: Floats
    intervals: Floats
    original: Interval
    breakdown: float
    level: float

    def table(self) -> pd.DataFrame:
        """Return one row a bound."""
        return pd.DataFrame(
            {
                "bound": self.bounds,
                "lower": self.intervals[:, 0],
                "upper": self.intervals[:, 1],
            }
        )

    def plots(self) -> dict[str, Figure]:
        """Draw the intervals against the bound."""
        from assay.causal.differences.plots import honest_figures

        return honest_figures(self)


def honest_event_study(
    study: EventStudy,
    *,
    restriction: Restriction = "relative_magnitude",
    bounds: Sequence[float] = BOUNDS,
    target: ArrayLike | None = None,
    seed: int = 0,
) -> Honest:
    """Return honest intervals for an event study; arguments as for `honest_intervals`.

    Raises
    ------
    DataError
        If event times have gaps, or the reference is not the last period before.
    """
    times = np.sort(np.append(study.event_times, study.reference_time))
    steps = np.diff(times)
    if not np.allclose(steps, steps[0]) or study.reference_time + steps[0] != 0:
        raise DataError(
            "honest intervals need event times without gaps and the reference just "
            f"before the start; got {times.tolist()} with reference "
            f"{study.reference_time:g}"
        )
    return honest_intervals(
        study.coefficients,
        study.covariance,
        n_pre=int(np.count_nonzero(study.event_times < 0)),
        restriction=restriction,
        bounds=bounds,
        target=target,
        level=study.estimate.level,
        seed=seed,
    )


def honest_intervals(
    coefficients: ArrayLike,
    covariance: ArrayLike,
    *,
    n_pre: int,
    restriction: Restriction = "relative_magnitude",
    bounds: Sequence[float] = BOUNDS,
    target: ArrayLike | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> Honest:
    """Return intervals for the effect under each bound on the violation.

    Parameters
    ----------
    coefficients : array-like of shape (n_pre + n_post,)
        Event-study coefficients in order of time, without the reference period, which
        is the last before the start.
    covariance : array-like of shape (n_pre + n_post, n_pre + n_post)
        Theirs.
    n_pre : int
        Coefficients before the reference, >= 1.
    restriction : {"relative_magnitude", "smoothness"}
        ``"relative_magnitude"``: from one period to the next, the trends part by at
        most `bound` times as much as they ever did before. ``"smoothness"``: their
        slope changes by at most `bound` a period.
    bounds : sequence of float
        Each >= 0.
    target : array-like of shape (n_post,), optional
        Weights of the periods after the start; default the first one.
    level : float, default=0.95
        Coverage.
    seed : int
        Of the simulated first-stage critical value (relative magnitude only).

    Raises
    ------
    DataError
        If there is no coefficient before the reference, shapes disagree, or the
        covariance is singular.
    ValueError
        If a bound is negative.

    References
    ----------
    .. [1] A. Rambachan and J. Roth, "A More Credible Approach to Parallel Trends",
       Review of Economic Studies 90 (2023).
    """
    beta = np.asarray(coefficients, dtype=np.float64)
    sigma = np.asarray(covariance, dtype=np.float64)
    _check(beta, sigma, n_pre, bounds)
    weights = _weights(target, beta.size - n_pre)
    alpha = 1 - level
    interval: Callable[[float], Interval]
    if restriction == "smoothness":
        interval = partial(smoothness_interval, beta, sigma, n_pre, weights, alpha)
    elif restriction == "relative_magnitude":
        draws = first_stage_draws(sigma, seed)
        interval = partial(magnitude_interval, beta, sigma, n_pre, weights, alpha, draws)
    else:
        raise ValueError(
            f"restriction must be relative_magnitude or smoothness, got {restriction!r}"
        )
    found = np.asarray([interval(float(bound)) for bound in bounds]).reshape(-1, 2)
    original = _original(beta[n_pre:], sigma[n_pre:, n_pre:], weights, level)
    largest = _largest_bound(restriction, sigma)
    breakdown = _breakdown(interval, original, max(bounds, default=1.0), largest)
    return Honest(
        restriction,
        np.asarray(bounds, dtype=np.float64),
        found,
        original,
        breakdown,
        level,
    )  # fmt: skip


def _check(beta: Floats, sigma: Floats, n_pre: int, bounds: Sequence[float]) -> None:
    if not 1 <= n_pre < beta.size or sigma.shape != (beta.size, beta.size):
        raise DataError(
            f"{beta.size} coefficients with covariance {sigma.shape} and n_pre={n_pre}: "
            "give at least one coefficient before and one after the reference"
        )
    if not (np.isfinite(beta).all() and np.isfinite(sigma).all()):
        raise DataError("coefficients or covariance have missing or infinite values")
    if np.linalg.eigvalsh(sigma)[0] <= 1e-14 * np.trace(sigma):
        raise DataError(
            f"the covariance of {beta.size} coefficients is singular; there are too few "
            "clusters: merge periods"
        )
    if min(bounds, default=0.0) < 0:
        raise ValueError(f"bounds must be at least 0, got {list(bounds)}")


def _weights(target: ArrayLike | None, n_post: int) -> Floats:
    """Return the weights of the periods after the start, by default the first's."""
    weights = np.zeros(n_post)
    weights[0] = 1.0
    if target is not None:
        weights = np.asarray(target, dtype=np.float64)
    if weights.shape != (n_post,) or not weights.any():
        raise DataError(f"target must weight {n_post} periods, got shape {weights.shape}")
    return weights


def _original(beta: Floats, sigma: Floats, weights: Floats, level: float) -> Interval:
    """Return the interval that takes parallel trends for granted."""
    value = float(weights @ beta)
    half = critical_value(level) * float(np.sqrt(weights @ sigma @ weights))
    return value - half, value + half


def _largest_bound(restriction: Restriction, sigma: Floats) -> float:
    """Return a bound beyond which a breakdown is reported as infinite."""
    if restriction == "relative_magnitude":
        return 100.0
    return 1_000.0 * float(np.sqrt(np.diag(sigma).max()))


def _breakdown(
    interval: Callable[[float], Interval], original: Interval, start: float, most: float
) -> float:
    near = 0 if original[0] > 0 else 1
    away = 1.0 if near == 0 else -1.0

    def clearance(bound: float) -> float:
        """Return how far the end nearest to zero is from it; negative once past."""
        return away * interval(bound)[near]

    if original[0] <= 0 <= original[1] or clearance(0.0) <= 0:
        return 0.0
    low, high = 0.0, start or 1.0
    while clearance(high) > 0:
        low, high = high, 2 * high
        if high > most:
            return float("inf")
    return float(optimize.brentq(clearance, low, high, xtol=1e-6 * high, rtol=1e-6))
