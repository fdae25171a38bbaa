"""Two groups, before and after: the difference of their changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.causal.assumptions import Assumption, untestable
from assay.causal.differences.cells import (
    Cells,
    control_columns,
    grouped_sums,
    split_controls,
    squeeze,
)
from assay.causal.differences.clusters import cluster_assumption
from assay.causal.differences.coefficients import coefficient_estimate
from assay.causal.differences.regression import Errors, Reference, Regression, regress
from assay.causal.differences.trends import trend_assumption, untested_trends
from assay.causal.estimate import Estimate, two_sided_p
from assay.causal.panel import Floats, binary, numeric, present, refuse_constant
from assay.errors import DataError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

EFFECT = "treated:post"


@dataclass(frozen=True, slots=True)
class TwoByTwo:
    """Result of :func:`two_by_two`.

    Attributes
    ----------
    estimate : Estimate
        The ATT: coefficient of treated times post.
    diagnostics : mapping of str to float
        Changes of both groups, the raw estimate, what a comparison of the treated
        alone or of the post-period alone would have said, and the pre-trend test.
    assumptions : tuple of Assumption
        Parallel trends, clusters, no anticipation, no spillover.
    counts, means : ndarray of shape (2, 2)
        Rows and mean outcome by treated (rows) and post (columns).
    regression : Regression
        All coefficients.
    trends : ndarray of shape (n_periods, 3)
        Period, mean outcome of the untreated, of the treated; empty without `period`.
    """

    estimate: Estimate
    diagnostics: Mapping[str, float]
    assumptions: tuple[Assumption, ...]
    counts: Floats
    means: Floats
    regression: Regression
    trends: Floats

    def plots(self) -> dict[str, Figure]:
        """Draw the four means with the path the treated would have taken."""
        from assay.causal.differences.plots import two_by_two_figures

        return two_by_two_figures(self)


def two_by_two(
    frame: pd.DataFrame,
    *,
    outcome: str,
    treated: str,
    post: str,
    cluster: str | None = None,
    controls: Sequence[str] = (),
    period: str | None = None,
    errors: Errors | None = None,
    reference: Reference = "student",
    level: float = 0.95,
    unit: str = "",
) -> TwoByTwo:
    """Estimate the ATT of a change that reached one of two groups.

    Parameters
    ----------
    frame : DataFrame
        One row an observation, repeated or not. Not changed.
    outcome, treated, post : str
        Numeric outcome; 0/1 columns for the group and for the time after the start.
    cluster : str, optional
        Column of the units that were assigned together. Without it errors are robust
        to heteroskedasticity only, and the report says so.
    controls : sequence of str
        Numbers enter as they are, anything else as one dummy a level but the first.
    period : str, optional
        Numeric time. With it, the slopes of both groups before the start are compared.
    errors : {"cluster", "jackknife", "robust", "iid"}, optional
        Default: ``"cluster"`` with a cluster column, else ``"robust"``.
    reference : {"student", "normal"}, default="student"
        Law for p values and intervals: Student with G - 1 degrees, or normal.
    level : float, default=0.95
        Of the interval.
    unit : str
        Unit of the outcome.

    Returns
    -------
    TwoByTwo
        Estimate, table of means, assumptions.

    Raises
    ------
    DataError
        If a cell of the two by two is empty, a column does not vary, or controls are
        collinear.

    References
    ----------
    .. [1] J. D. Angrist and J.-S. Pischke, *Mostly Harmless Econometrics*, 2009, ch. 5.
    """
    refuse_constant(frame, outcome)
    present(frame, [outcome, treated, post])
    columns = {treated: binary(frame, treated), post: binary(frame, post)}
    cells = _controlled_cells(frame, outcome, columns, cluster, controls, period)
    counts, means = _two_by_two_means(cells, treated, post)
    design, names = _design(cells, treated, cells.columns[post], controls)
    chosen = errors or ("robust" if cluster is None else "cluster")
    fit = regress(cells, design, names, cluster=cluster, errors=chosen)
    at = fit.position(EFFECT)
    method = f"two by two difference-in-differences, {chosen} errors"
    estimate = coefficient_estimate(fit, at, reference, level, unit, method)
    diagnostics = _naive_numbers(means)
    plain = regress(cells, design, names, errors="iid")
    diagnostics["standard_error_iid"] = float(plain.standard_errors[at])
    trends, trend = np.empty((0, 3)), untested_trends()
    if period is not None:
        trends = _paths(cells, treated, period)
        trend = _pre_trend(
            cells, treated, post, period, controls, cluster, reference, diagnostics
        )
    assumptions = (trend, _independence(cells, treated, cluster), *_stated())
    return TwoByTwo(estimate, diagnostics, assumptions, counts, means, fit, trends)


def _controlled_cells(
    frame: pd.DataFrame,
    outcome: str,
    columns: Mapping[str, Floats],
    cluster: str | None,
    controls: Sequence[str],
    period: str | None,
) -> Cells:
    numbers, categories = split_controls(frame, controls)
    factors = [*([] if cluster is None else [cluster]), *categories]
    chosen = {**columns, **numbers}
    if period is not None:
        chosen[period] = numeric(frame, period)
    return squeeze(frame, outcome, columns=chosen, factors=factors)


def _independence(cells: Cells, treated: str, cluster: str | None) -> Assumption:
    if cluster is not None:
        return cluster_assumption(cells.factors[cluster], cells.columns[treated])
    return untestable(
        "independent rows",
        "rows were assigned one by one, not in clusters",
        "name the cluster column if units were assigned together",
    )


def _design(
    cells: Cells, treated: str, time: Floats, controls: Sequence[str]
) -> tuple[Floats, list[str]]:
    group = cells.columns[treated]
    columns = [np.ones_like(group), group, time, group * time]
    extra, names = control_columns(cells, controls)
    return np.column_stack([*columns, *extra]), [
        "intercept",
        "treated",
        "post",
        EFFECT,
        *names,
    ]


def _two_by_two_means(cells: Cells, treated: str, post: str) -> tuple[Floats, Floats]:
    corner = (2 * cells.columns[treated] + cells.columns[post]).astype(np.intp)
    counts = np.bincount(corner, weights=cells.counts, minlength=4)
    if (counts == 0).any():
        empty = int(np.flatnonzero(counts == 0)[0])
        raise DataError(
            f"no rows with {treated} = {empty // 2} and {post} = {empty % 2}, so a "
            "change cannot be compared; widen the data until all four cells are filled"
        )
    sums = grouped_sums(corner, cells.counts * cells.means, 4)
    means = np.asarray(sums / counts, dtype=np.float64)
    return counts.astype(np.float64).reshape(2, 2), means.reshape(2, 2)


def _naive_numbers(means: Floats) -> dict[str, float]:
    change = means[:, 1] - means[:, 0]
    return {
        "change_untreated": float(change[0]),
        "change_treated": float(change[1]),
        "raw_difference_in_differences": float(change[1] - change[0]),
        "naive_before_after": float(change[1]),
        "naive_post_difference": float(means[1, 1] - means[0, 1]),
    }


def _paths(cells: Cells, treated: str, period: str) -> Floats:
    times, codes = np.unique(cells.columns[period], return_inverse=True)
    corner = 2 * codes + cells.columns[treated].astype(np.intp)
    counts = np.bincount(corner, weights=cells.counts, minlength=2 * times.size)
    sums = grouped_sums(corner, cells.counts * cells.means, 2 * times.size)
    means = np.divide(sums, counts, out=np.full(sums.size, np.nan), where=counts > 0)
    return np.column_stack([times, means.reshape(-1, 2)])


def _pre_trend(
    cells: Cells,
    treated: str,
    post: str,
    period: str,
    controls: Sequence[str],
    cluster: str | None,
    reference: Reference,
    diagnostics: dict[str, float],
) -> Assumption:
    before = cells.subset(cells.columns[post] == 0)
    n_periods = np.unique(before.columns[period]).size
    if n_periods < 2:
        return untested_trends()
    start = before.columns[period].max()
    design, names = _design(before, treated, before.columns[period] - start, controls)
    errors: Errors = "robust" if cluster is None else "cluster"
    fit = regress(before, design, names, cluster=cluster, errors=errors)
    at = fit.position(EFFECT)
    slope, error = float(fit.coefficients[at]), float(fit.standard_errors[at])
    p_value = two_sided_p(slope, error, fit.degrees if reference == "student" else np.inf)
    diagnostics["pre_trend_slope_difference"] = slope
    diagnostics["pre_trend_standard_error"] = error
    diagnostics["pre_trend_p_value"] = p_value
    return trend_assumption(
        slope / error if error else 0.0,
        p_value,
        f"over {n_periods} periods before the start the treated moved by {slope:+.4g} a "
        f"period against the others (standard error {error:.2g}, p {p_value:.3g})",
    )


def _stated() -> tuple[Assumption, ...]:
    return (
        untestable(
            "no anticipation",
            "the treated did not change before the start because they saw it coming",
            "move the start to the announcement if there was one",
        ),
        untestable(
            "no spillover",
            "the untreated were not affected by the treatment of the others",
            "choose an untreated group that shares no customers or queues",
        ),
    )
