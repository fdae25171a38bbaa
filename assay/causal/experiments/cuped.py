"""CUPED: use what was known before to hear the effect through less noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.causal.assumptions import Assumption, limit, state_of_test
from assay.causal.differences.cells import Cells, grouped_sums
from assay.causal.differences.regression import regress
from assay.causal.differences.trends import joint_test
from assay.causal.estimate import Estimate, student_estimate
from assay.causal.experiments.arms import (
    Arms,
    no_interference,
    planned_assignment,
    read_arms,
)
from assay.causal.panel import Floats, binary, numeric, refuse_constant
from assay.errors import DataError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Adjusted:
    """Result of :func:`cuped`.

    Attributes
    ----------
    estimate : Estimate
        ATE adjusted for the covariates.
    diagnostics : mapping of str to float
        Unadjusted difference and error, share of variance removed, equivalent rows.
    assumptions : tuple of Assumption
        Covariates untouched by treatment, assignment as planned, no interference.
    arms : Arms
        Unadjusted arms.
    """

    estimate: Estimate
    diagnostics: Mapping[str, float]
    assumptions: tuple[Assumption, ...]
    arms: Arms

    def plots(self) -> dict[str, Figure]:
        """Draw the estimate with and without adjustment."""
        from assay.causal.experiments.plots import adjustment_figures

        return adjustment_figures(self)


def cuped(
    frame: pd.DataFrame,
    *,
    outcome: str,
    treated: str,
    covariates: Sequence[str],
    treated_share: float | None = None,
    level: float = 0.95,
    unit: str = "",
) -> Adjusted:
    """Estimate the ATE with outcomes adjusted by covariates from before assignment.

    Parameters
    ----------
    frame : DataFrame
        One row a unit. Not changed.
    outcome, treated : str
        Numeric outcome and 0/1 assignment.
    covariates : sequence of str
        Numeric columns measured before assignment; the same outcome in an earlier
        period removes most.
    treated_share : float, optional
        Planned share of treatment.
    level, unit
        As in :class:`~assay.causal.estimate.Estimate`.

    Raises
    ------
    DataError
        If no covariate is given, one is collinear, or an arm has too few rows.

    Notes
    -----
    Regression on treatment, centred covariates and their products, with robust
    errors: never worse than the plain difference in large samples [2]_, and equal to
    CUPED's [1]_ where both arms have the same slope.

    References
    ----------
    .. [1] A. Deng, Y. Xu, R. Kohavi and T. Walker, "Improving the Sensitivity of
       Online Controlled Experiments by Utilizing Pre-Experiment Data", WSDM 2013.
    .. [2] W. Lin, "Agnostic notes on regression adjustments to experimental data",
       Annals of Applied Statistics 7 (2013).
    """
    refuse_constant(frame, outcome)
    if not covariates:
        raise DataError("no covariate given; without one use mean_difference")
    arms = read_arms(frame, outcome, treated)
    arm, y = binary(frame, treated), numeric(frame, outcome)
    x = np.column_stack([numeric(frame, name) for name in covariates])
    order = np.lexsort([y, *x.T, arm])
    arm, y, x = arm[order], y[order], x[order]
    x = x - x.mean(axis=0)
    rows = _rows(y)
    design = np.column_stack([np.ones_like(arm), arm, x, arm[:, None] * x])
    names = ["intercept", "treated", *covariates]
    names += [f"treated:{name}" for name in covariates]
    fit = regress(rows, design, names, errors="robust")
    error = float(fit.standard_errors[1])
    estimate = student_estimate(
        "ate", float(fit.coefficients[1]), error, fit.degrees,
        n=fit.n_rows, level=level, unit=unit,
        method="difference in means adjusted by earlier covariates (CUPED)",
    )  # fmt: skip
    kept = (error / arms.standard_error) ** 2 if arms.standard_error else 1.0
    diagnostics = {
        "unadjusted_difference": arms.difference,
        "unadjusted_standard_error": arms.standard_error,
        "variance_removed_share": 1 - kept,
        "equivalent_rows": float(arms.counts.sum()) / kept if kept else float("inf"),
    }
    balance = _untouched(arm, x, covariates, diagnostics)
    assignment = planned_assignment(arms.counts, treated_share)
    return Adjusted(estimate, diagnostics, (balance, assignment, no_interference()), arms)


def _rows(y: Floats) -> Cells:
    return Cells(np.ones_like(y), y, np.zeros_like(y), {}, {}, {})


def _untouched(
    arm: Floats, x: Floats, names: Sequence[str], diagnostics: dict[str, float]
) -> Assumption:
    """Test that the arms do not differ in what was measured before."""
    codes = arm.astype(np.intp)
    counts = np.bincount(codes).astype(np.float64)
    gaps, covariance = np.zeros(x.shape[1]), np.zeros((x.shape[1], x.shape[1]))
    centred = np.empty_like(x)
    for position, column in enumerate(x.T):
        means = grouped_sums(codes, column, 2) / counts
        gaps[position] = means[1] - means[0]
        centred[:, position] = column - means[codes]
    for code in (0, 1):
        part = centred[codes == code]
        covariance += part.T @ part / (counts[code] * (counts[code] - 1))
    statistic, p_value = joint_test(gaps, covariance, int(counts.sum()) - 1)
    diagnostics["covariate_balance_p_value"] = p_value
    state = state_of_test(p_value)
    return Assumption(
        name="covariates untouched",
        statement="the covariates were measured before the treatment could change them",
        tested=True,
        statistic=statistic,
        p_value=p_value,
        threshold=limit("test_level"),
        state=state,
        finding=f"arms differ in {', '.join(names)} with p {p_value:.3g}",
        advice=""
        if state == "holds"
        else "check when the covariates were recorded and how units were assigned",
    )
