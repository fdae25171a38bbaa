"""What the data say about the assumptions of an interrupted series."""

from __future__ import annotations

import numpy as np
from scipy import special

from assay.causal.assumptions import Assumption, limit, state_of_test, untestable
from assay.causal.panel import Floats
from assay.causal.serial_errors import SerialFit


def series_assumptions(
    fit: SerialFit,
    placebos: Floats,
    bend: tuple[float, float],
    diagnostics: dict[str, float],
) -> tuple[Assumption, ...]:
    """Return the assumptions, and add their tests to the diagnostics."""
    return (
        steady_level(fit),
        quiet_residuals(fit, diagnostics),
        straight_trend(*bend, diagnostics),
        quiet_placebos(placebos, diagnostics),
        untestable(
            "no other event",
            "nothing else changed at the start: season, price, mix, measurement",
            "add an untreated series and use difference-in-differences if there is one",
        ),
    )


def steady_level(fit: SerialFit) -> Assumption:
    """Ask whether a series that wanders off by itself can be told from this one."""
    room = fit.residuals.size * (1 - fit.memory)
    most, least = limit("memory_maximum"), limit("wander_room_minimum")
    bad = fit.memory > most or room < least
    return Assumption(
        name="the series comes back to its trend",
        statement="what moves the series off its trend wears off, and does not stay",
        tested=True,
        statistic=room,
        threshold=least,
        state="doubtful" if bad else "holds",
        finding=f"memory {fit.memory:.2f} over {fit.residuals.size} periods; one minus "
        f"it, times the periods, is {room:.0f}",
        advice="a random walk looks like this too, and has no trend to continue: take "
        "more periods, difference the series, or seek controls"
        if bad
        else "",
    )


def straight_trend(
    statistic: float, degrees: float, diagnostics: dict[str, float]
) -> Assumption:
    """Judge the t ratio of a curve through the periods before the start."""
    p_value = float(2 * special.stdtr(degrees, -abs(statistic)))
    diagnostics["curvature_p_value"] = p_value
    state = state_of_test(p_value)
    return Assumption(
        name="a straight trend before",
        statement="a line, and no curve, goes through the periods before the start",
        tested=True,
        statistic=statistic,
        p_value=p_value,
        threshold=limit("test_level"),
        state=state,
        finding=f"a square of time before the start has t {statistic:.2f}, "
        f"p {p_value:.3g}",
        advice=""
        if state == "holds"
        else "a bent trend has no straight continuation: shorten the window to its "
        "straight part, add season_length, or seek controls",
    )


def quiet_residuals(fit: SerialFit, diagnostics: dict[str, float]) -> Assumption:
    """Test what the last value does not explain for autocorrelation (Ljung-Box)."""
    shocks = fit.residuals[1:] - fit.memory * fit.residuals[:-1]
    n = shocks.size
    horizon = min(10, n // 5)
    total = float(shocks @ shocks) or 1.0
    lags = np.arange(1, horizon + 1)
    correlations = np.asarray([shocks[lag:] @ shocks[:-lag] for lag in lags]) / total
    statistic = float(n * (n + 2) * (correlations**2 / (n - lags)).sum())
    p_value = float(special.chdtrc(horizon, statistic))
    diagnostics["autocorrelation_p_value"] = p_value
    level = limit("residual_autocorrelation_p")
    bad = p_value < level
    return Assumption(
        name="errors remember one period",
        statement="what the trend leaves unexplained depends on its last value only",
        tested=True,
        statistic=statistic,
        p_value=p_value,
        threshold=level,
        state="doubtful" if bad else "holds",
        finding=f"memory {fit.memory:.2f}; beyond it {horizon} lags are quiet with "
        f"p {p_value:.3g}",
        advice="add season_length, or difference the series" if bad else "",
    )


def quiet_placebos(placebos: Floats, diagnostics: dict[str, float]) -> Assumption:
    """Judge how many pretended dates before the start look like the start."""
    name = "no gap at placebo dates"
    statement = "the same method finds no change where there was none"
    advice = "the trend is not a line: add seasons, shorten the window, or seek controls"
    if placebos.shape[0] < 5:
        return untestable(name, statement, "collect more periods before the start")
    share = float(np.mean(np.abs(placebos[:, 2]) > special.ndtri(0.975)))
    diagnostics["placebo_significant_share"] = share
    most = limit("placebo_significant_share")
    bad = share > most
    return Assumption(
        name=name,
        statement=statement,
        tested=True,
        statistic=share,
        threshold=most,
        state="doubtful" if bad else "holds",
        finding=f"{share:.0%} of {placebos.shape[0]} placebo dates look significant",
        advice=advice if bad else "",
    )
