"""Borusyak, Jaravel and Spiess: impute what the treated would have been."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.causal.assumptions import Assumption, untestable
from assay.causal.differences.clusters import judged_clusters
from assay.causal.differences.imputation_checks import untreated_trend
from assay.causal.estimate import Estimate, critical_value, normal_estimate
from assay.causal.panel import Codes, Floats, Panel, read_panel
from assay.errors import DataError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Imputation:
    """Result of :func:`imputed_effects`.

    Attributes
    ----------
    estimate : Estimate
        Mean effect over all treated unit-periods.
    diagnostics : mapping of str to float
        Pre-trend test on the untreated unit-periods only, and counts.
    assumptions : tuple of Assumption
        Parallel trends, clusters.
    event_times, effects, standard_errors : ndarray of shape (n_times,)
        Mean effect by periods since the start.
    imputed : ndarray of shape (n_units, n_periods)
        Outcome without treatment, NaN where the panel has no row.
    """

    estimate: Estimate
    diagnostics: Mapping[str, float]
    assumptions: tuple[Assumption, ...]
    event_times: Floats
    effects: Floats
    standard_errors: Floats
    imputed: Floats

    def table(self) -> pd.DataFrame:
        """Return one row an event time."""
        half = critical_value(self.estimate.level) * self.standard_errors
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


def imputed_effects(
    frame: pd.DataFrame,
    *,
    outcome: str,
    unit_column: str,
    period: str,
    cohort: str,
    level: float = 0.95,
    unit: str = "",
) -> Imputation:
    """Fit unit and period effects to the untreated rows; average what exceeds them.

    Parameters
    ----------
    frame : DataFrame
        Panel of one row a unit and period, gaps allowed. Not changed.
    outcome, unit_column, period, cohort : str
        Columns; `cohort` is missing, 0 or infinity for never treated.
    level, unit
        As in :class:`~assay.causal.estimate.Estimate`.

    Raises
    ------
    DataError
        If nobody is treated, or a treated row has a unit or period without any
        untreated row to impute from.

    Notes
    -----
    Errors are clustered by unit and conservative: effects are taken to be equal
    within cohort and period. Efficient when errors are independent; unlike
    ``group_time_effects`` it uses all periods before the start, so it also leans on
    parallel trends in all of them.

    References
    ----------
    .. [1] K. Borusyak, X. Jaravel and J. Spiess, "Revisiting Event-Study Designs:
       Robust and Efficient Estimation", Review of Economic Studies 91 (2024).
    """
    panel = read_panel(
        frame, unit=unit_column, period=period, outcome=outcome, cohort=cohort,
        require_balance=False,
    )  # fmt: skip
    observed = ~np.isnan(panel.outcomes)
    treated = observed & (panel.periods >= panel.cohorts[:, None])
    untreated = observed & ~treated
    _check(panel, treated, untreated)
    imputed = _imputed(panel, untreated)
    gaps = np.where(observed, panel.outcomes - imputed, 0.0)
    event = _event_time(panel)
    event_times = np.unique(event[treated])
    targets = [treated, *(treated & (event == time) for time in event_times)]
    found = [_mean_effect(panel, target, untreated, gaps) for target in targets]
    (value, error), by_time = found[0], np.asarray(found[1:])
    estimate = normal_estimate(
        "att", value, error,
        n=int(observed.sum()), level=level, unit=unit,
        method="imputation from untreated rows, errors clustered by unit",
    )  # fmt: skip
    diagnostics = {
        "n_treated_rows": float(treated.sum()),
        "n_untreated_rows": float(untreated.sum()),
    }
    trend = untreated_trend(frame, outcome, unit_column, period, cohort, diagnostics)
    assumptions = (trend, *_about_units(treated, untreated))
    return Imputation(
        estimate, diagnostics, assumptions, event_times, by_time[:, 0], by_time[:, 1],
        np.where(observed, imputed, np.nan),
    )  # fmt: skip


def _check(
    panel: Panel, treated: NDArray[np.bool_], untreated: NDArray[np.bool_]
) -> None:
    if not treated.any():
        raise DataError("no row is treated; check how the cohort is coded")
    units = treated.any(axis=1) & ~untreated.any(axis=1)
    if units.any():
        raise DataError(
            f"{int(units.sum())} of {units.size} units are treated in all their periods, "
            f"first {panel.units[units][0]}; drop them, nothing is known from before"
        )
    periods = treated.any(axis=0) & ~untreated.any(axis=0)
    if periods.any():
        raise DataError(
            f"{int(periods.sum())} of {periods.size} periods have no untreated row, "
            f"first {panel.periods[periods][0]:g}; end the data before it"
        )


def _about_units(
    treated: NDArray[np.bool_], untreated: NDArray[np.bool_]
) -> tuple[Assumption, Assumption]:
    n_treated = int(treated.any(axis=1).sum())
    # Later treated units serve as comparison until they start.
    n_untreated = int(untreated.any(axis=1).sum())
    return (
        judged_clusters(treated.shape[0], n_treated, n_untreated),
        untestable(
            "no anticipation",
            "units did not change before the start because they saw it coming",
            "move the start to the announcement",
        ),
    )


def _event_time(panel: Panel) -> Floats:
    """Return the periods since the start, NaN for the never treated."""
    starts = np.where(np.isinf(panel.cohorts), np.nan, panel.cohorts)
    return panel.periods - starts[:, None]


def _imputed(panel: Panel, untreated: NDArray[np.bool_]) -> Floats:
    """Return the outcome without treatment, of shape (n_units, n_periods)."""
    values = np.where(untreated, panel.outcomes, 0.0)
    unit_effects, period_effects = _two_way(
        untreated, values.sum(axis=1)[:, None], values.sum(axis=0)[:, None]
    )
    return unit_effects + period_effects[:, 0]


def _two_way(
    mask: NDArray[np.bool_], by_unit: Floats, by_period: Floats
) -> tuple[Floats, Floats]:
    """Solve for unit and period effects whose sums over `mask` are given.

    Sums have shape (n_units, n_columns) and (n_periods, n_columns).
    """
    table = mask.astype(np.float64)
    n_unit = np.maximum(table.sum(axis=1), 1.0)
    shares = table / n_unit[:, None]
    schur = np.diag(table.sum(axis=0)) - table.T @ shares
    right = by_period - shares.T @ by_unit
    period_effects = np.linalg.lstsq(schur, right, rcond=1e-12)[0]
    return by_unit / n_unit[:, None] - shares @ period_effects, period_effects


def _mean_effect(
    panel: Panel, target: NDArray[np.bool_], untreated: NDArray[np.bool_], gaps: Floats
) -> tuple[float, float]:
    """Return mean effect over the target rows and its clustered standard error."""
    weights = target / target.sum()
    value = float((weights * gaps).sum())
    unit_part, period_part = _two_way(
        untreated, weights.sum(axis=1)[:, None], weights.sum(axis=0)[:, None]
    )
    influence = weights - untreated * (unit_part + period_part[:, 0])
    errors = np.where(untreated, gaps, 0.0)
    codes = np.unique(panel.cohorts, return_inverse=True)[1]
    square = np.where(target, influence**2, 0.0)
    mean = _by_cohort(square * gaps, codes) / np.maximum(
        _by_cohort(square, codes), 1e-300
    )
    errors = np.where(target, gaps - mean[codes], errors)
    scores = (influence * errors).sum(axis=1)
    return value, float(np.sqrt((scores**2).sum()))


def _by_cohort(table: Floats, codes: Codes) -> Floats:
    sums = [np.bincount(codes, weights=column) for column in table.T]
    return np.asarray(sums, dtype=np.float64).T
