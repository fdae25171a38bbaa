"""Sun and Abraham: one event study a cohort, averaged by cohort shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.causal.assumptions import Assumption, untestable
from assay.causal.differences.cells import Cells, squeeze
from assay.causal.differences.clusters import cluster_assumption
from assay.causal.differences.event_study import cohort_starts
from assay.causal.differences.regression import Regression, regress
from assay.causal.differences.trends import leads_assumption, untested_trends
from assay.causal.estimate import Estimate, critical_value, student_estimate
from assay.causal.panel import Floats, numeric, present, refuse_constant
from assay.errors import DataError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class InteractionWeighted:
    """Result of :func:`interaction_weighted`.

    Attributes
    ----------
    estimate : Estimate
        Mean effect over all treated rows.
    diagnostics : mapping of str to float
        Joint pre-trend test and counts.
    assumptions : tuple of Assumption
        Parallel trends, clusters, no anticipation.
    event_times, effects, standard_errors : ndarray of shape (n_times,)
        Effects by periods since the start, the reference left out.
    regression : Regression
        Coefficients by cohort and event time.
    """

    estimate: Estimate
    diagnostics: Mapping[str, float]
    assumptions: tuple[Assumption, ...]
    event_times: Floats
    effects: Floats
    standard_errors: Floats
    regression: Regression

    def table(self) -> pd.DataFrame:
        """Return one row an event time."""
        degrees = self.regression.degrees
        half = critical_value(self.estimate.level, degrees) * self.standard_errors
        return pd.DataFrame(
            {
                "event_time": self.event_times,
                "effect": self.effects,
                "standard_error": self.standard_errors,
                "lower": self.effects - half,
                "upper": self.effects + half,
            }
        )

    def plots(self) -> dict[str, Figure]:
        """Draw the effects by event time."""
        from assay.causal.differences.plots import path_figure

        return {"event_time": path_figure(self.table(), "periods since the start")}


def interaction_weighted(
    frame: pd.DataFrame,
    *,
    outcome: str,
    unit_column: str,
    period: str,
    cohort: str,
    cluster: str | None = None,
    level: float = 0.95,
    unit: str = "",
) -> InteractionWeighted:
    """Estimate the effect by event time without mixing cohorts.

    Parameters
    ----------
    frame : DataFrame
        One row a unit and period, gaps allowed. Not changed.
    outcome, unit_column, period, cohort, cluster, level, unit
        As in :func:`~assay.causal.differences.event_study.event_study`.

    Raises
    ------
    DataError
        If nobody is treated or nobody is never treated.

    Notes
    -----
    Comparison units are the never treated; cohort shares count as known.

    References
    ----------
    .. [1] L. Sun and S. Abraham, "Estimating dynamic treatment effects in event
       studies with heterogeneous treatment effects", Journal of Econometrics 225
       (2021).
    """
    refuse_constant(frame, outcome)
    present(frame, [outcome, unit_column, period, cohort])
    groups = unit_column if cluster is None else cluster
    factors = [unit_column, period, *([] if groups == unit_column else [groups])]
    cells = _cohort_cells(frame, outcome, period, cohort, factors)
    ever = np.isfinite(cells.columns["start"])
    pairs, design = _interactions(cells, ever)
    fit = regress(
        cells, design.astype(np.float64), [f"{g:g}:{e:g}" for g, e in pairs],
        absorbed=[unit_column, period], cluster=groups,
    )  # fmt: skip
    sizes = cells.counts @ design
    event_times = np.unique(pairs[:, 1])
    weights = (pairs[:, 1][:, None] == event_times) * sizes[:, None]
    weights = weights / weights.sum(axis=0)
    estimate = _overall(fit, np.where(pairs[:, 1] >= 0, sizes, 0.0), level, unit)
    covariance = weights.T @ fit.covariance @ weights
    effects = fit.coefficients @ weights
    diagnostics = {"n_clusters": float(fit.n_clusters)}
    trend = _pre_trend(event_times, effects, covariance, fit.n_clusters, diagnostics)
    assumptions = (
        trend,
        cluster_assumption(cells.factors[groups], ever.astype(np.float64)),
        _no_anticipation(),
    )
    return InteractionWeighted(
        estimate, diagnostics, assumptions, event_times, effects,
        np.sqrt(np.diag(covariance)), fit,
    )  # fmt: skip


def _cohort_cells(
    frame: pd.DataFrame, outcome: str, period: str, cohort: str, factors: list[str]
) -> Cells:
    """Return cells by start and time, without units treated throughout."""
    times, starts = numeric(frame, period), cohort_starts(frame, cohort)
    starts = np.where(starts > times.max(), np.inf, starts)
    # A unit treated throughout has no period before to be compared with.
    kept = starts > times.min()
    if not np.isinf(starts).any() or not np.isfinite(starts[kept]).any():
        raise DataError(
            "interaction-weighted effects need never treated units and units that start "
            "after the first period; use group_time_effects with not yet treated units"
        )
    columns = {"start": starts[kept], "time": times[kept]}
    return squeeze(frame.loc[kept], outcome, columns=columns, factors=factors)


def _interactions(
    cells: Cells, ever: NDArray[np.bool_]
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return cohorts with event times, reference left out, and their indicators."""
    start, time = cells.columns["start"], cells.columns["time"]
    relative = np.where(ever, time - start, -1.0)
    pairs = np.unique(np.column_stack([start, relative])[relative != -1], axis=0)
    design = (start[:, None] == pairs[:, 0]) & (relative[:, None] == pairs[:, 1])
    return pairs, design


def _no_anticipation() -> Assumption:
    return untestable(
        "no anticipation",
        "units did not change before the start because they saw it coming",
        "move the start to the announcement",
    )


def _overall(fit: Regression, sizes: Floats, level: float, unit: str) -> Estimate:
    overall = sizes / sizes.sum()
    return student_estimate(
        "att",
        float(overall @ fit.coefficients),
        float(np.sqrt(overall @ fit.covariance @ overall)),
        fit.degrees,
        n=fit.n_rows,
        level=level,
        unit=unit,
        method="interaction-weighted event study",
    )


def _pre_trend(
    event_times: Floats,
    effects: Floats,
    covariance: Floats,
    n_clusters: int,
    diagnostics: dict[str, float],
) -> Assumption:
    before = np.flatnonzero(event_times < 0)[::-1][: n_clusters // 5]
    if before.size == 0:
        return untested_trends()
    return leads_assumption(
        effects[before],
        covariance[np.ix_(before, before)],
        event_times[before] + 1,
        n_clusters,
        diagnostics,
        f"the {before.size} effects before the start",
    )
