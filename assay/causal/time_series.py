"""Interrupted time series: everybody was treated at once, only time can compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.causal.assumptions import Assumption, limit
from assay.causal.estimate import Estimate, student_estimate
from assay.causal.panel import Floats, numeric, present, refuse_constant
from assay.causal.serial_errors import SerialFit, serial_fit
from assay.causal.time_series_checks import series_assumptions
from assay.errors import DataError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class InterruptedSeries:
    """Result of :func:`interrupted_series`.

    Attributes
    ----------
    estimate : Estimate
        Mean gap between the series and its continued trend, from the start on.
    diagnostics : mapping of str to float
        Level and slope change with errors, naive difference in means, residual
        autocorrelation test, rank among placebo dates.
    assumptions : tuple of Assumption
        A level to come back to, errors that remember one period, a straight trend, no
        such gap at placebo dates, no other event.
    periods, outcomes, expected : ndarray of shape (n_periods,)
        The series and what the trend before the start expects.
    start : float
        First treated period.
    coefficients, covariance : ndarray of shape (n_terms,) and (n_terms, n_terms)
        Intercept, trend, level change, slope change, then seasons.
    placebos : ndarray of shape (n_placebos, 3)
        Pretended start within the periods before, its level change, its t ratio.
    """

    estimate: Estimate
    diagnostics: Mapping[str, float]
    assumptions: tuple[Assumption, ...]
    periods: Floats
    outcomes: Floats
    expected: Floats
    start: float
    coefficients: Floats
    covariance: Floats
    placebos: Floats

    def plots(self) -> dict[str, Figure]:
        """Draw the series with its continued trend, and the placebo dates."""
        from assay.causal.time_series_plots import interrupted_figures

        return interrupted_figures(self)


def interrupted_series(
    frame: pd.DataFrame,
    *,
    outcome: str,
    period: str,
    start: float,
    season_length: int | None = None,
    lags: int | None = None,
    level: float = 0.95,
    unit: str = "",
) -> InterruptedSeries:
    """Estimate the mean effect of a change that reached everybody at `start`.

    Parameters
    ----------
    frame : DataFrame
        One row a period. Not changed.
    outcome, period : str
        Numeric outcome, and numeric time at equal steps.
    start : float
        First treated period.
    season_length : int, optional
        Periods in a season (7 for days of a week); adds one dummy a position.
    lags : int, optional
        Lags of the Newey-West error in the diagnostics; default 4 (n / 100)^(2/9), at
        least 1.
    level, unit
        As in :class:`~assay.causal.estimate.Estimate`.

    Raises
    ------
    DataError
        If periods repeat or miss a step, or there are too few before or after.

    Notes
    -----
    Segmented regression: intercept, trend, change of level and of slope at the start.
    Errors are first-order autoregressive, with the bias of the residuals removed, and
    Student's law loses degrees with the memory. Newey-West's error [2]_ stands in the
    diagnostics: on short series it is too small (see :func:`serial_fit`).

    References
    ----------
    .. [1] A. K. Wagner et al., "Segmented regression analysis of interrupted time
       series studies in medication use research", Journal of Clinical Pharmacy and
       Therapeutics 27 (2002).
    .. [2] W. K. Newey and K. D. West, "A Simple, Positive Semi-definite,
       Heteroskedasticity and Autocorrelation Consistent Covariance Matrix",
       Econometrica 55 (1987).
    """
    refuse_constant(frame, outcome)
    times, y = _series(frame, outcome, period)
    _check_length(times, start, season_length)
    used_lags = default_lags(times.size) if lags is None else lags
    design = segmented_design(times, start, season_length)
    fit = serial_fit(design, y, used_lags)
    coefficients, covariance = fit.coefficients, fit.matched
    after = times >= start
    weights = np.zeros(design.shape[1])
    weights[2:4] = design[after, 2:4].mean(axis=0)
    estimate = _mean_gap(design, fit, weights, level, unit)
    placebos = _placebos(times, y, start, season_length, used_lags)
    diagnostics = _changes(fit) | {
        "naive_before_after": float(y[after].mean() - y[~after].mean()),
        "memory": fit.memory,
        "newey_west_standard_error": float(np.sqrt(weights @ fit.newey_west @ weights)),
        "newey_west_lags": float(used_lags),
        "n_before": float(np.count_nonzero(~after)),
    }
    bend = _bend(times, y, start, season_length, used_lags)
    assumptions = series_assumptions(fit, placebos, bend, diagnostics)
    without = coefficients.copy()
    without[2:4] = 0
    return InterruptedSeries(
        estimate, diagnostics, assumptions, times, y, design @ without, float(start),
        coefficients, covariance, placebos,
    )  # fmt: skip


def default_lags(n: int) -> int:
    """Return the customary number of Newey-West lags for `n` periods."""
    return max(1, int(4 * (n / 100) ** (2 / 9)))


def segmented_design(times: Floats, start: float, season_length: int | None) -> Floats:
    """Return intercept, trend, level change, slope change and seasons."""
    after = (times >= start).astype(np.float64)
    columns = [np.ones_like(times), times - start, after, after * (times - start)]
    if season_length is not None:
        step = times[1] - times[0]
        position = np.rint((times - times[0]) / step).astype(np.intp) % season_length
        columns += [(position == p).astype(np.float64) for p in range(1, season_length)]
    return np.column_stack(columns)


def _series(frame: pd.DataFrame, outcome: str, period: str) -> tuple[Floats, Floats]:
    present(frame, [outcome, period])
    times, y = numeric(frame, period), numeric(frame, outcome)
    order = np.argsort(times, kind="stable")
    times, y = times[order], y[order]
    steps = np.diff(times)
    if (steps == 0).any():
        raise DataError(
            f"{int((steps == 0).sum())} of {times.size} periods repeat; aggregate to one "
            "row a period"
        )
    if steps.size and not np.allclose(steps, steps[0], rtol=1e-6):
        n_other = int((~np.isclose(steps, steps[0], rtol=1e-6)).sum())
        raise DataError(
            f"{n_other} of {steps.size} steps "
            f"differ from the first, {steps[0]:g}; fill the missing periods"
        )
    return times, y


def _check_length(times: Floats, start: float, season_length: int | None) -> None:
    n_pre = int(np.count_nonzero(times < start))
    needed = int(limit("periods_pre_minimum")) + (season_length or 1) - 1
    if n_pre < needed or times.size - n_pre < 2:
        raise DataError(
            f"{n_pre} periods before {start:g} and {times.size - n_pre} from it on; a "
            f"trend with its error needs {needed} before and 2 after: collect more, or "
            "use shorter periods"
        )


def _mean_gap(
    design: Floats, fit: SerialFit, weights: Floats, level: float, unit: str
) -> Estimate:
    return student_estimate(
        "att",
        float(weights @ fit.coefficients),
        float(np.sqrt(weights @ fit.matched @ weights)),
        _degrees(design, fit.memory),
        n=design.shape[0],
        level=level,
        unit=unit,
        method="segmented regression, errors with the memory of the residuals",
    )


def _changes(fit: SerialFit) -> dict[str, float]:
    """Return level and slope change with their errors, and the trend before."""
    errors = np.sqrt(np.diag(fit.matched))
    return {
        "level_change": float(fit.coefficients[2]),
        "level_change_standard_error": float(errors[2]),
        "slope_change": float(fit.coefficients[3]),
        "slope_change_standard_error": float(errors[3]),
        "trend_before": float(fit.coefficients[1]),
    }


def _placebos(
    times: Floats, y: Floats, start: float, season_length: int | None, lags: int
) -> Floats:
    before = times < start
    times, y = times[before], y[before]
    margin = max(int(limit("periods_pre_minimum")) // 2, 3)
    found = []
    for pretended in times[margin:-margin]:
        design = segmented_design(times, float(pretended), season_length)
        if times.size <= design.shape[1] + 2:
            continue
        fit = serial_fit(design, y, lags)
        error = float(np.sqrt(fit.matched[2, 2]))
        change = float(fit.coefficients[2])
        found.append((pretended, change, change / error if error else 0.0))
    return np.asarray(found, dtype=np.float64).reshape(-1, 3)


def _bend(
    times: Floats, y: Floats, start: float, season_length: int | None, lags: int
) -> tuple[float, float]:
    """Return the t ratio of a square of time before the start, and its degrees."""
    before = times < start
    centred = times[before] - times[before].mean()
    line = segmented_design(times[before], start, season_length)
    design = np.column_stack([line[:, [0, 1]], line[:, 4:], centred**2])
    if design.shape[0] <= design.shape[1] + 2:
        return 0.0, 1.0
    fit = serial_fit(design, y[before], lags)
    error = float(np.sqrt(fit.matched[-1, -1]))
    return float(fit.coefficients[-1]) / error if error else 0.0, _degrees(
        design, fit.memory
    )


def _degrees(design: Floats, memory: float) -> float:
    """Return degrees of freedom, fewer where neighbours repeat each other."""
    n, k = design.shape
    kept = max(memory, 0.0)
    return float(max((n - k) * (1 - kept) / (1 + kept), 1.0))
