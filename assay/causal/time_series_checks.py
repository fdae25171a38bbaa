"""What the data say about the assumptions of an interrupted series."""

from __future__ import annotations

import numpy as np
from scipy import special

from assay.causal.assumptions import Assumption, limit, untestable
from assay.causal.panel import Floats
from assay.causal.serial_errors import SerialFit


def series_assumptions(
    fit: SerialFit, placebos: Floats, diagnostics: dict[str, float]
) -> tuple[Assumption, ...]:
    """Return the assumptions, and add their tests to the diagnostics."""
    return (
        quiet_residuals(fit, diagnostics),
        quiet_placebos(placebos, diagnostics),
        untestable(
            "no other event",
            "nothing else changed at the start: season, price, mix, measurement",
            "add an untreated series and use difference-in-differences if there is one",
        ),
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
    level, most = limit("residual_autocorrelation_p"), limit("memory_maximum")
    bad = p_value < level or fit.memory > most
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
