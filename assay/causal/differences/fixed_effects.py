"""Two-way fixed effects, with a warning where it compares the wrong units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.causal.assumptions import Assumption, limit, untestable
from assay.causal.differences.absorption import absorb
from assay.causal.differences.cells import (
    Cells,
    control_columns,
    split_controls,
    squeeze,
)
from assay.causal.differences.clusters import path_assumption
from assay.causal.differences.coefficients import coefficient_estimate
from assay.causal.differences.regression import (
    Counted,
    Errors,
    Reference,
    Regression,
    regress,
)
from assay.causal.estimate import Estimate
from assay.causal.panel import numeric, present, refuse_constant

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class FixedEffects:
    """Result of :func:`fixed_effects`.

    Attributes
    ----------
    estimate : Estimate
        Coefficient of the treatment.
    diagnostics : mapping of str to float
        Counts, the estimate without fixed effects, homoskedastic error, and the share
        of treated rows that enter with negative weight.
    assumptions : tuple of Assumption
        Clusters, homogeneous effects, parallel trends.
    regression : Regression
        All slopes.
    """

    estimate: Estimate
    diagnostics: Mapping[str, float]
    assumptions: tuple[Assumption, ...]
    regression: Regression

    def plots(self) -> dict[str, Figure]:
        """Draw the slopes with their intervals."""
        from assay.causal.differences.plots import coefficient_figures

        return coefficient_figures(self.regression, self.estimate.level)


def fixed_effects(
    frame: pd.DataFrame,
    *,
    outcome: str,
    treatment: str,
    absorbed: Sequence[str],
    cluster: str | None = None,
    controls: Sequence[str] = (),
    errors: Errors | None = None,
    counted: Counted = "outside",
    reference: Reference = "student",
    level: float = 0.95,
    unit: str = "",
) -> FixedEffects:
    """Estimate the coefficient of a treatment with one or two sets of fixed effects.

    Parameters
    ----------
    frame : DataFrame
        One row an observation. Not changed.
    outcome, treatment : str
        Numeric columns.
    absorbed : sequence of str
        One or two columns: usually unit and period.
    cluster : str, optional
        Column of the units that were assigned together.
    controls : sequence of str
        Numbers enter as they are, anything else as dummies.
    errors : {"cluster", "jackknife", "robust", "iid"}, optional
        Default: ``"cluster"`` with a cluster column, else ``"robust"``.
    counted : {"outside", "all"}, default="outside"
        How fixed effects count in the small-sample factor; ``"all"`` gives the
        clustered errors of linearmodels' ``PanelOLS``.
    reference : {"student", "normal"}, default="student"
        Law of p value and interval.
    level, unit
        As in :class:`~assay.causal.estimate.Estimate`.

    Raises
    ------
    DataError
        If the treatment does not vary within the fixed effects, or as `squeeze` does.

    Notes
    -----
    With a treatment that starts at different times and effects that grow, already
    treated units serve as comparison and enter with negative weight; their share is
    in the diagnostics [1]_. Then use ``group_time_effects``.

    References
    ----------
    .. [1] C. de Chaisemartin and X. D'Haultfoeuille, "Two-Way Fixed Effects
       Estimators with Heterogeneous Treatment Effects", American Economic Review
       110 (2020).
    """
    refuse_constant(frame, outcome)
    cells = _controlled_cells(frame, outcome, treatment, absorbed, cluster, controls)
    extra, names = control_columns(cells, controls)
    names = [treatment, *names]
    design = np.column_stack([cells.columns[treatment], *extra])
    chosen = errors or ("robust" if cluster is None else "cluster")
    fit = regress(
        cells, design, names,
        absorbed=absorbed, cluster=cluster, errors=chosen, counted=counted,
    )  # fmt: skip
    plain = regress(cells, design, names, absorbed=absorbed, errors="iid")
    constant = np.column_stack([design, np.ones(cells.counts.size)])
    naive = regress(cells, constant, [*names, "constant"], errors="iid")
    negative = negative_weight_share(cells, treatment, absorbed)
    method = f"fixed effects of {' and '.join(absorbed)}, {chosen} errors"
    estimate = coefficient_estimate(fit, 0, reference, level, unit, method)
    diagnostics = {
        "n_clusters": float(fit.n_clusters),
        "n_parameters": float(fit.n_parameters),
        "standard_error_iid": float(plain.standard_errors[0]),
        "naive_without_fixed_effects": float(naive.coefficients[0]),
        "negative_weight_share": negative,
    }
    assumptions = _assumptions(cells, treatment, cluster, negative)
    return FixedEffects(estimate, diagnostics, assumptions, fit)


def negative_weight_share(cells: Cells, treatment: str, absorbed: Sequence[str]) -> float:
    """Return the share of treated rows that the estimate counts negatively.

    NaN where the treatment is not 0/1.
    """
    treated = cells.columns[treatment]
    if not np.isin(treated, (0.0, 1.0)).all() or not absorbed:
        return float("nan")
    kept = absorb(treated[:, None], cells.counts, [cells.factors[n] for n in absorbed])
    residual = kept.residuals[:, 0]
    on = treated == 1
    wrong = on & (residual < -1e-10)
    return float(cells.counts[wrong].sum() / cells.counts[on].sum())


def _controlled_cells(
    frame: pd.DataFrame,
    outcome: str,
    treatment: str,
    absorbed: Sequence[str],
    cluster: str | None,
    controls: Sequence[str],
) -> Cells:
    present(frame, [treatment])
    numbers, categories = split_controls(frame, controls)
    columns = {treatment: numeric(frame, treatment)} | numbers
    factors = [*absorbed, *categories]
    if cluster is not None and cluster not in factors:
        factors.append(cluster)
    return squeeze(frame, outcome, columns=columns, factors=factors)


def _assumptions(
    cells: Cells, treatment: str, cluster: str | None, negative: float
) -> tuple[Assumption, ...]:
    assumptions = [_homogeneous(negative)]
    if cluster is not None:
        group = cells.factors[cluster]
        assumptions.append(path_assumption(cells, treatment, group))
    trends = untestable(
        "parallel trends",
        "without the treatment treated and untreated would have moved in parallel",
        "run event_study on the same data for evidence from the periods before",
    )
    return (*assumptions, trends)


def _homogeneous(negative: float) -> Assumption:
    name = "one effect for all"
    statement = "the effect does not differ by cohort or grow with time since the start"
    advice = "use group_time_effects, which compares with not yet treated units only"
    if np.isnan(negative):
        return untestable(name, statement, advice)
    share = limit("negative_weight_share")
    return Assumption(
        name=name,
        statement=statement,
        tested=True,
        statistic=negative,
        threshold=share,
        state="doubtful" if negative > share else "holds",
        finding=f"{negative:.1%} of the treated rows enter with negative weight",
        advice=advice if negative > share else "",
    )
