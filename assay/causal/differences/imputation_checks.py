"""What an imputation says about the trends of rows that were not treated yet."""

from __future__ import annotations

import numpy as np
import pandas as pd

from assay.causal.assumptions import Assumption
from assay.causal.differences.cells import Cells, squeeze
from assay.causal.differences.event_study import cohort_starts
from assay.causal.differences.regression import Regression, regress
from assay.causal.differences.trends import joint_test, trend_assumption, untested_trends
from assay.causal.estimate import two_sided_p
from assay.causal.panel import Floats
from assay.errors import DataError


def untreated_trend(
    frame: pd.DataFrame,
    outcome: str,
    unit_column: str,
    period: str,
    cohort: str,
    diagnostics: dict[str, float],
) -> Assumption:
    """Judge leads, and their slope, on untreated rows; both go to the diagnostics.

    Notes
    -----
    The leads nearest to the start are held against all earlier ones, as many as the units
    that have them can carry. A steady drift of many small steps is lost in a test of all
    of them; its slope has one coefficient and all units. Of the two p values the smaller
    counts twice. Both tests are independent of the estimate where errors are.
    """
    starts = cohort_starts(frame, cohort)
    times = frame[period].to_numpy(dtype=np.float64)
    relative = np.where(np.isfinite(starts), times - starts, np.inf)
    kept = (relative < 0) | np.isinf(relative)
    cells = squeeze(
        frame.loc[kept],
        outcome,
        columns={"relative": relative[kept]},
        factors=[unit_column, period],
    )
    leads = _leads(cells, unit_column)
    if leads.size == 0:
        return untested_trends()
    try:
        fit, line = _fits(cells, leads, unit_column, period)
    except DataError:  # leads that unit and period effects already explain
        return untested_trends()
    statistic, jointly = joint_test(fit.coefficients, fit.covariance, fit.n_clusters)
    drift = float(line.coefficients[0])
    steadily = two_sided_p(drift, float(line.standard_errors[0]), line.degrees)
    p_value = min(1.0, 2 * min(jointly, steadily))
    diagnostics["pre_trend_f"] = statistic
    diagnostics["pre_trend_slope"] = drift
    diagnostics["pre_trend_slope_p_value"] = steadily
    diagnostics["pre_trend_p_value"] = p_value
    return trend_assumption(
        statistic,
        p_value,
        f"{leads.size} leads on untreated rows are jointly zero with p {jointly:.3g}, "
        f"their slope {drift:.3g} a period with p {steadily:.3g}; together {p_value:.3g}",
    )


def _fits(
    cells: Cells, leads: Floats, unit_column: str, period: str
) -> tuple[Regression, Regression]:
    """Return the regression on each lead, and on the periods until the start."""
    event = cells.columns["relative"]
    absorbed = [unit_column, period]
    design = (event[:, None] == leads).astype(np.float64)
    names = [f"{lead:g}" for lead in leads]
    fit = regress(
        cells, design, names, absorbed=absorbed, cluster=unit_column, errors="jackknife"
    )
    slope = np.where(np.isfinite(event), event, 0.0)[:, None]
    line = regress(cells, slope, ["slope"], absorbed=absorbed, cluster=unit_column)
    return fit, line


def _leads(cells: Cells, unit_column: str) -> Floats:
    """Return the leads to test, nearest first; earlier ones are held against."""
    event, units = cells.columns["relative"], cells.factors[unit_column]
    before = np.unique(event[np.isfinite(event)])[::-1]
    # A test of more than a fifth as many restrictions as units behind it over-rejects.
    behind = [np.unique(units[event == lead]).size for lead in before]
    n_tested = sum(size >= 5 * place for place, size in enumerate(behind, start=1))
    return before[: min(n_tested, before.size - 1)]
