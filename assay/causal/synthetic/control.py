"""Synthetic control: a weighted average of donors stands in for the treated unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.causal.assumptions import Assumption
from assay.causal.estimate import Estimate
from assay.causal.panel import refuse_constant
from assay.causal.synthetic.bootstrap import bootstrap_interval
from assay.causal.synthetic.conformal import conformal_interval, conformal_p_values
from assay.causal.synthetic.placebo import (
    LeftOut,
    SpacePlacebos,
    leave_one_out,
    made_up_start,
    placebo_in_space,
)
from assay.causal.synthetic.series import (
    Cells,
    Series,
    donor_noise,
    read_cells,
    read_series,
    weight_table,
)
from assay.causal.synthetic.simplex import SimplexFit, simplex_fit
from assay.causal.synthetic.verdicts import Evidence, assess

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticControl:
    """Result of :func:`synthetic_control`.

    Attributes
    ----------
    estimate : Estimate
        The ATT: mean gap after treatment, with the interval of the permutation test
        over time (no standard error).
    diagnostics : mapping of str to float
        Fit, weights, placebo p values, what simpler comparisons would have said.
    assumptions : tuple of Assumption
        Fit before treatment, hull, number of donors, noise of donors, single donors,
        placebo date, no spillover.
    series : Series
        What was compared.
    donor_weights : ndarray of shape (n_donors,)
        On the simplex, in the order of ``series.donor_names``.
    synthetic, gaps : ndarray of shape (n_periods,)
        Weighted donors; treated minus synthetic.
    rmspe_pre, rmspe_ratio : float
        Error before treatment; error after over error before.
    optimality_residual : float
        Of the weights: see :class:`SimplexFit`.
    space : SpacePlacebos or None
        Donors treated in turn; None with fewer than three donors.
    left_out : tuple of LeftOut
        Estimate without each donor it rests on.
    time_placebo : tuple of two float or None
        Mean gap after a made-up date in the pre-period, and its p value.
    row_interval : tuple of two float or None
        Percentile interval over resampled rows, where asked for.
    """

    estimate: Estimate
    diagnostics: Mapping[str, float]
    assumptions: tuple[Assumption, ...]
    series: Series
    donor_weights: Floats
    synthetic: Floats
    gaps: Floats
    rmspe_pre: float
    rmspe_ratio: float
    optimality_residual: float
    space: SpacePlacebos | None
    left_out: tuple[LeftOut, ...]
    time_placebo: tuple[float, float] | None
    row_interval: tuple[float, float] | None

    def weight_table(self) -> pd.DataFrame:
        """Return donors with weight, heaviest first."""
        return weight_table(self.series, self.donor_weights)

    def plots(self) -> dict[str, Figure]:
        """Draw the paths, the gap among its placebos, the weights, and one-left-out."""
        from assay.causal.synthetic.plots import control_figures

        return control_figures(self)


def synthetic_control(
    frame: pd.DataFrame,
    *,
    unit: str,
    period: str,
    outcome: str,
    treated_units: Sequence[Any],
    treatment_start: float,
    donors: Sequence[Any] | None = None,
    end: float | None = None,
    level: float = 0.95,
    n_resamples: int = 0,
    seed: int = 0,
    outcome_unit: str = "",
) -> SyntheticControl:
    """Estimate what a rollout did to the treated units by a synthetic control.

    Parameters
    ----------
    frame : DataFrame
        One row a unit and period, or many (then cells are means). Not changed.
    unit, period, outcome : str
        Columns.
    treated_units : sequence
        Units treated from `treatment_start` on; several are averaged, unweighted.
    treatment_start : float
        First treated period.
    donors : sequence, optional
        Untreated units to draw on; all others by default.
    end : float, optional
        First period to leave out.
    level : float, default=0.95
        Of the intervals.
    n_resamples : int, default=0
        Resamples of the rows for `row_interval`; 0 for none.
    seed : int, default=0
        Of the resamples.
    outcome_unit : str
        As a reader would write it.

    Raises
    ------
    DataError
        If units or periods are missing or overlap, or there are too few periods for
        an interval of this level.

    References
    ----------
    Abadie, Diamond and Hainmueller, "Synthetic Control Methods for Comparative Case
    Studies", Journal of the American Statistical Association, 2010; Abadie, "Using
    Synthetic Controls", Journal of Economic Literature, 2021.
    """
    refuse_constant(frame, outcome)
    cells = read_cells(
        frame, unit=unit, period=period, outcome=outcome, treated_units=treated_units,
        treatment_start=treatment_start, donors=donors, end=end,
    )  # fmt: skip
    series = read_series(cells)
    fit = fit_weights(series)
    gaps = series.treated - series.donors @ fit.weights
    estimate = _estimate(series, gaps, level=level, n=cells.n_rows, unit=outcome_unit)
    evidence = _evidence(cells, series, fit, gaps)
    row_interval = None
    if n_resamples:
        row_interval = bootstrap_interval(
            cells, n_resamples=n_resamples, seed=seed, level=level, start=fit.weights > 0
        )
    return _result(fit, estimate, evidence, row_interval)


def fit_weights(series: Series) -> SimplexFit:
    """Return the donors' weights that follow the treated series before treatment."""
    pre = series.donors[: series.n_pre]
    return simplex_fit(pre.T @ pre, pre.T @ series.treated[: series.n_pre])


def _result(
    fit: SimplexFit,
    estimate: Estimate,
    evidence: Evidence,
    row_interval: tuple[float, float] | None,
) -> SyntheticControl:
    series, gaps = evidence.series, evidence.gaps
    rmspe_pre = _root_mean_square(gaps[: series.n_pre])
    ratio = _root_mean_square(gaps[series.n_pre :]) / max(rmspe_pre, 1e-300)
    return SyntheticControl(
        estimate=estimate,
        diagnostics=_diagnostics(fit, rmspe_pre, ratio, evidence),
        assumptions=assess(evidence),
        series=series,
        donor_weights=fit.weights,
        synthetic=series.donors @ fit.weights,
        gaps=gaps,
        rmspe_pre=rmspe_pre,
        rmspe_ratio=ratio,
        optimality_residual=fit.optimality_residual,
        space=evidence.space,
        left_out=evidence.left_out,
        time_placebo=evidence.time_placebo,
        row_interval=row_interval,
    )


def _estimate(
    series: Series, gaps: Floats, *, level: float, n: int, unit: str
) -> Estimate:
    att = float(gaps[series.n_pre :].mean())
    return Estimate(
        estimand="att",
        value=att,
        standard_error=float("nan"),
        interval=conformal_interval(series, att, level=level),
        level=level,
        p_value=float(conformal_p_values(series, np.zeros(1))[0]),
        n=n,
        unit=unit,
        method="synthetic control, permutation over periods",
    )


def _evidence(cells: Cells, series: Series, fit: SimplexFit, gaps: Floats) -> Evidence:
    return Evidence(
        series=series,
        weights=fit.weights,
        gaps=gaps,
        space=placebo_in_space(series, gaps) if series.n_donors >= 3 else None,
        left_out=leave_one_out(series, fit.weights),
        time_placebo=_time_placebo(series),
        noise=donor_noise(cells, series),
    )


def _time_placebo(series: Series) -> tuple[float, float] | None:
    """Return mean gap and p value where treatment is pretended before its start."""
    early = made_up_start(series)
    if early is None:
        return None
    gaps = early.treated - early.donors @ fit_weights(early).weights
    return (
        float(gaps[early.n_pre :].mean()),
        float(conformal_p_values(early, np.zeros(1))[0]),
    )


def _diagnostics(
    fit: SimplexFit, rmspe_pre: float, ratio: float, evidence: Evidence
) -> Mapping[str, float]:
    series, space = evidence.series, evidence.space
    n_pre = series.n_pre
    change = series.treated[n_pre:].mean() - series.treated[:n_pre].mean()
    pool = series.donors.mean(axis=1)
    drift = pool[n_pre:].mean() - pool[:n_pre].mean()
    found = {
        "before_after_difference": float(change),
        "equal_weights_difference_in_differences": float(change - drift),
        "pre_mean": float(series.treated[:n_pre].mean()),
        "post_mean": float(series.treated[n_pre:].mean()),
        "mspe_pre": rmspe_pre**2,
        "rmspe_pre": rmspe_pre,
        "rmspe_ratio": ratio,
        "optimality_residual": fit.optimality_residual,
        "donors_used": float(np.count_nonzero(fit.weights > 1e-3)),
        "effective_donors": float(1 / np.sum(fit.weights**2)),
        "donor_noise_share": evidence.noise_share,
    }
    if space is not None:
        found["placebo_p_value"] = space.p_value
        found["placebo_ratio_p_value"] = space.ratio_p_value
    return MappingProxyType(found)


def _root_mean_square(values: Floats) -> float:
    return float(np.sqrt(np.mean(values**2)))
