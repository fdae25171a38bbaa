"""What an event study says about its own assumptions."""

from __future__ import annotations

import numpy as np

from assay.causal.assumptions import Assumption, limit, untestable
from assay.causal.differences.cells import Cells
from assay.causal.differences.regression import Regression, regress
from assay.causal.differences.trends import leads_assumption, untested_trends
from assay.causal.estimate import two_sided_p
from assay.causal.panel import Floats
from assay.errors import DataError


def pre_trend(
    fit: Regression,
    times: Floats,
    reference_time: float,
    diagnostics: dict[str, float],
) -> Assumption:
    """Judge the coefficients before the start; the tests go to the diagnostics."""
    # A test of more than a fifth as many restrictions as clusters over-rejects.
    before = np.flatnonzero(times < 0)[::-1][: fit.n_clusters // 5]
    if before.size == 0:
        return untested_trends()
    largest = float(np.abs(fit.coefficients[before]).max())
    return leads_assumption(
        fit.coefficients[before],
        fit.covariance[np.ix_(before, before)],
        times[before] - reference_time,
        fit.n_clusters,
        diagnostics,
        f"the {before.size} coefficients before the start, largest {largest:.3g} in "
        "size,",
    )


def halfway_placebo(
    cells: Cells,
    unit_column: str,
    period: str,
    groups: str,
    degrees: float,
    diagnostics: dict[str, float],
) -> None:
    """Pretend that treatment began halfway through the periods before it."""
    event = cells.columns["relative"]
    first = np.min(event[np.isfinite(event)])
    pretended = np.floor(first / 2)
    before = cells.subset((event < 0) | np.isinf(event))
    event = before.columns["relative"]
    if first > -3:
        return
    design = (np.isfinite(event) & (event >= pretended)).astype(np.float64)[:, None]
    try:
        fit = regress(
            before, design, ["placebo"], absorbed=[unit_column, period], cluster=groups
        )
    except DataError:  # the window before the start does not identify a placebo
        return
    value, error = float(fit.coefficients[0]), float(fit.standard_errors[0])
    diagnostics["placebo_start"] = float(pretended)
    diagnostics["placebo_att"] = value
    diagnostics["placebo_standard_error"] = error
    diagnostics["placebo_p_value"] = two_sided_p(value, error, degrees)


def one_path(n_cohorts: int) -> Assumption:
    """Judge whether one path of effects can stand for all cohorts."""
    state = "holds" if n_cohorts <= limit("cohorts_for_event_study") else "doubtful"
    return Assumption(
        name="one path for all cohorts",
        statement="the effect depends on time since the start, not on the cohort",
        tested=True,
        statistic=float(n_cohorts),
        threshold=limit("cohorts_for_event_study"),
        state="holds" if state == "holds" else "doubtful",
        finding=f"{n_cohorts} cohort{'s' if n_cohorts > 1 else ''} of treated units",
        advice="" if state == "holds" else "use group_time_effects, by event time",
    )


def no_anticipation() -> Assumption:
    """Return the assumption that nobody acted before the start."""
    return untestable(
        "no anticipation",
        "units did not change before the start because they saw it coming",
        "set reference_time to the last period before the announcement",
    )
