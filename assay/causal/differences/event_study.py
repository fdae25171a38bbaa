"""The effect by time since the start, and the same comparison before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.causal.assumptions import Assumption
from assay.causal.differences.cells import Cells, squeeze
from assay.causal.differences.clusters import cluster_assumption
from assay.causal.differences.event_study_checks import (
    halfway_placebo,
    no_anticipation,
    one_path,
    pre_trend,
)
from assay.causal.differences.regression import Reference, Regression, regress
from assay.causal.estimate import (
    Estimate,
    critical_value,
    student_estimate,
)
from assay.causal.panel import Floats, numeric, present
from assay.errors import DataError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class EventStudy:
    """Result of :func:`event_study`.

    Attributes
    ----------
    estimate : Estimate
        Mean of the coefficients from the start on.
    diagnostics : mapping of str to float
        Joint pre-trend test and the placebo, which pretends an earlier start.
    assumptions : tuple of Assumption
        Parallel trends, clusters, one path for all cohorts.
    event_times : ndarray of shape (n_times,)
        Periods since the start, without the reference.
    coefficients : ndarray of shape (n_times,)
    covariance : ndarray of shape (n_times, n_times)
        Clustered.
    reference_time : float
        Event time whose coefficient is zero by construction.
    degrees : float
        Of Student's law, infinity for the normal.
    regression : Regression
        The fit behind it.
    """

    estimate: Estimate
    diagnostics: Mapping[str, float]
    assumptions: tuple[Assumption, ...]
    event_times: Floats
    coefficients: Floats
    covariance: Floats
    reference_time: float
    degrees: float
    regression: Regression

    def table(self) -> pd.DataFrame:
        """Return one row an event time, the reference included."""
        errors = np.sqrt(np.diag(self.covariance))
        half = critical_value(self.estimate.level, self.degrees) * errors
        table = pd.DataFrame(
            {
                "event_time": self.event_times,
                "coefficient": self.coefficients,
                "standard_error": errors,
                "lower": self.coefficients - half,
                "upper": self.coefficients + half,
            }
        )
        reference = pd.DataFrame(
            [[self.reference_time, 0.0, 0.0, 0.0, 0.0]], columns=table.columns
        )
        both = pd.concat([table, reference], ignore_index=True)
        return both.sort_values("event_time", ignore_index=True)

    def plots(self) -> dict[str, Figure]:
        """Draw the coefficients by event time."""
        from assay.causal.differences.plots import event_study_figures

        return event_study_figures(self)


def event_study(
    frame: pd.DataFrame,
    *,
    outcome: str,
    unit_column: str,
    period: str,
    cohort: str,
    cluster: str | None = None,
    reference_time: float = -1,
    reference: Reference = "student",
    level: float = 0.95,
    unit: str = "",
) -> EventStudy:
    """Regress the outcome on time since the start, with unit and period effects.

    Parameters
    ----------
    frame : DataFrame
        One row a unit and period, or several. Not changed.
    outcome, period : str
        Numeric columns.
    unit_column : str
        Column that names the unit.
    cohort : str
        First treated period of the unit; missing, 0 or infinity for never.
    cluster : str, optional
        Column of the clusters; default the units.
    reference_time : float, default=-1
        Event time that the others are compared with.
    reference, level, unit
        As in :func:`~assay.causal.differences.fixed_effects.fixed_effects`.

    Raises
    ------
    DataError
        If nobody is treated, nobody is untreated at the start, or there is no row at
        the reference time.

    Notes
    -----
    With several cohorts the coefficients mix their effects [1]_; the assumption "one
    path for all cohorts" is then doubtful and ``group_time_effects`` the design.

    References
    ----------
    .. [1] L. Sun and S. Abraham, "Estimating dynamic treatment effects in event
       studies with heterogeneous treatment effects", Journal of Econometrics 225
       (2021).
    """
    present(frame, [outcome, unit_column, period, cohort], varies=outcome)
    groups = unit_column if cluster is None else cluster
    times = numeric(frame, period)
    starts = cohort_starts(frame, cohort)
    relative = np.where(np.isfinite(starts), times - starts, np.inf)
    cells = _event_cells(frame, outcome, relative, [unit_column, period], groups)
    event = cells.columns["relative"]
    event_times = np.unique(event[np.isfinite(event)])
    _check(event, event_times, reference_time, period)
    kept = event_times[event_times != reference_time]
    fit = _fit(cells, kept, unit_column, period, groups)
    degrees = fit.degrees if reference == "student" else np.inf
    estimate = _mean_after(fit, kept, degrees, level, unit)
    diagnostics = {"n_clusters": float(fit.n_clusters)}
    trend = pre_trend(fit, kept, reference_time, diagnostics)
    halfway_placebo(cells, unit_column, period, groups, degrees, diagnostics)
    n_cohorts = np.unique(starts[np.isfinite(starts)]).size
    assumptions = (
        trend,
        cluster_assumption(cells.factors[groups], np.isfinite(event).astype(np.float64)),
        one_path(n_cohorts),
        no_anticipation(),
    )
    return EventStudy(
        estimate, diagnostics, assumptions, kept, fit.coefficients, fit.covariance,
        float(reference_time), degrees, fit,
    )  # fmt: skip


def _mean_after(
    fit: Regression, times: Floats, degrees: float, level: float, unit: str
) -> Estimate:
    after = (times >= 0).astype(np.float64)
    weights = after / after.sum()
    return student_estimate(
        "att",
        float(weights @ fit.coefficients),
        float(np.sqrt(weights @ fit.covariance @ weights)),
        degrees,
        n=fit.n_rows,
        level=level,
        unit=unit,
        method=f"event study, mean of {int(after.sum())} periods from the start",
    )


def cohort_starts(frame: pd.DataFrame, cohort: str) -> Floats:
    """Return the first treated period of each row, infinity for never treated.

    Raises
    ------
    DataError
        If the column holds something other than numbers.
    """
    try:
        raw = frame[cohort].to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"column {cohort!r} holds {frame[cohort].dtype}, not the first treated "
            "period; give a number, and missing, 0 or infinity for never"
        ) from error
    return np.where(np.isnan(raw) | (raw == 0), np.inf, raw)


def _event_cells(
    frame: pd.DataFrame, outcome: str, relative: Floats, absorbed: list[str], groups: str
) -> Cells:
    factors = [*absorbed, *([] if groups in absorbed else [groups])]
    return squeeze(frame, outcome, columns={"relative": relative}, factors=factors)


def _check(event: Floats, times: Floats, reference_time: float, period: str) -> None:
    if times.size == 0:
        raise DataError("no unit is ever treated; check how the cohort is coded")
    if reference_time not in times:
        raise DataError(
            f"no treated row at event time {reference_time:g}; event times run from "
            f"{times[0]:g} to {times[-1]:g}: choose reference_time among them"
        )
    if not (times >= 0).any():
        raise DataError(f"no treated row from the start on; extend {period!r}")
    if np.isfinite(event).all():
        raise DataError(
            "every unit is treated in the end, so that event time and period cannot be "
            "told apart; use group_time_effects with not yet treated units"
        )


def _fit(
    cells: Cells, times: Floats, unit_column: str, period: str, groups: str
) -> Regression:
    design = (cells.columns["relative"][:, None] == times).astype(np.float64)
    names = [f"{time:g}" for time in times]
    return regress(cells, design, names, absorbed=[unit_column, period], cluster=groups)
