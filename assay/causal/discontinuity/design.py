"""Regression discontinuity: what a rule did to those at its edge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.causal.assumptions import Assumption
from assay.causal.discontinuity.bins import Bins, running_bins
from assay.causal.discontinuity.cells import Sample
from assay.causal.discontinuity.checks import (
    Check,
    bandwidth_sweep,
    check_table,
    covariate_jumps,
    donut_jumps,
    placebo_cutoffs,
)
from assay.causal.discontinuity.density import DensityJump, density_jump
from assay.causal.discontinuity.jump import Jump, LocalSpec, local_jump
from assay.causal.discontinuity.local import cells_within
from assay.causal.discontinuity.ratio import RatioSet
from assay.causal.discontinuity.rows import Rows, read_rows, share_off_rule
from assay.causal.discontinuity.verdicts import Evidence, assess
from assay.causal.estimate import Estimate
from assay.causal.panel import refuse_constant

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats: TypeAlias = NDArray[np.float64]

_SWEEP = (0.5, 0.75, 1.25, 1.5, 2.0)
_DONUT_SHARE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Discontinuity:
    """Result of :func:`sharp_jump` and :func:`fuzzy_jump`.

    Attributes
    ----------
    estimate : Estimate
        Jump at the cutoff, treated minus untreated. Interval, error and p value are
        the robust bias-corrected ones, so the interval is not centred on the value.
    diagnostics : mapping of str to float
        Bandwidths, rows, the conventional interval, the naive difference.
    assumptions : tuple of Assumption
        Bunching, covariates, rows, first stage, placebos, sensitivity.
    local : Jump
        The local fit, right minus left.
    density : DensityJump
        Test of bunching, right against left.
    checks : tuple of Check
        Covariates, placebo cutoffs, bandwidth sweep and donut.
    bins : Bins
        Binned means and fitted curves, for the plot.
    """

    estimate: Estimate
    diagnostics: Mapping[str, float]
    assumptions: tuple[Assumption, ...]
    local: Jump
    density: DensityJump
    checks: tuple[Check, ...]
    bins: Bins

    @property
    def anderson_rubin(self) -> RatioSet | None:
        """Effects not rejected however weak the first stage; None in a sharp design."""
        return self.local.anderson_rubin

    def check_table(self) -> pd.DataFrame:
        """Return all checks, one row each."""
        return check_table(self.checks)

    def plots(self) -> dict[str, Figure]:
        """Draw the jump, the density, the bandwidth sweep and the placebos."""
        from assay.causal.discontinuity.plots import discontinuity_figures

        return discontinuity_figures(self)


def sharp_jump(
    frame: pd.DataFrame,
    *,
    outcome: str,
    running: str,
    cutoff: float,
    treated_above: bool = True,
    treatment: str | None = None,
    covariates: Sequence[str] = (),
    adjust_for: Sequence[str] = (),
    cluster: str | None = None,
    spec: LocalSpec | None = None,
    placebos: Sequence[float] | None = None,
    missing_outcome: Literal["refuse", "drop"] = "refuse",
    outcome_unit: str = "",
) -> Discontinuity:
    """Estimate the effect of a rule that treats everybody on one side of a cutoff.

    Parameters
    ----------
    frame : DataFrame
        One row a decision. Not changed.
    outcome, running : str
        Columns.
    cutoff : float
        Value from which the right side begins.
    treated_above : bool, default=True
        False where the rule treats those below the cutoff.
    treatment : str, optional
        Column of 0 and 1, treatment received: checks that the rule was followed.
    covariates : sequence of str
        Numeric columns fixed before treatment, checked for jumps.
    adjust_for : sequence of str
        Those of them to partial out of the estimate.
    cluster : str, optional
        Column of clusters for the errors.
    spec : LocalSpec, optional
        Order, kernel, bandwidth, variance and level.
    placebos : sequence of float, optional
        Made-up cutoffs; quartiles of either side by default.
    missing_outcome : {"refuse", "drop"}
        What to do with rows without an outcome. Dropped rows still count in the test
        of bunching.
    outcome_unit : str
        As a reader would write it.

    Raises
    ------
    DataError
        If a column is missing or not finite, a side has no rows, or too few for the
        order.

    References
    ----------
    Calonico, Cattaneo and Titiunik, Econometrica, 2014; Cattaneo, Idrobo and Titiunik,
    *A Practical Introduction to Regression Discontinuity Designs*, 2020.
    """
    refuse_constant(frame, outcome)
    rows, everyone = read_rows(
        frame, outcome, running, cutoff, treated_above, treatment, covariates,
        adjust_for, cluster, missing_outcome,
    )  # fmt: skip
    by_rule = replace(rows, treatment=None)
    return _assessed(
        by_rule, everyone, spec or LocalSpec(), placebos, outcome_unit, rows.treatment
    )


def fuzzy_jump(
    frame: pd.DataFrame,
    *,
    outcome: str,
    running: str,
    cutoff: float,
    treatment: str,
    covariates: Sequence[str] = (),
    adjust_for: Sequence[str] = (),
    cluster: str | None = None,
    spec: LocalSpec | None = None,
    placebos: Sequence[float] | None = None,
    missing_outcome: Literal["refuse", "drop"] = "refuse",
    outcome_unit: str = "",
) -> Discontinuity:
    """Estimate the effect on those whom a cutoff moves into treatment.

    The jump of the outcome over the jump of the share treated.

    Parameters
    ----------
    frame, outcome, running, cutoff, covariates, adjust_for, cluster, spec, placebos,
    missing_outcome, outcome_unit
        As in :func:`sharp_jump`.
    treatment : str
        Column of 0 and 1: treatment received.

    Raises
    ------
    DataError
        As :func:`sharp_jump`; also if the treatment never varies or does not jump.
    """
    refuse_constant(frame, outcome)
    rows, everyone = read_rows(
        frame, outcome, running, cutoff, True, treatment, covariates, adjust_for,
        cluster, missing_outcome,
    )  # fmt: skip
    return _assessed(rows, everyone, spec or LocalSpec(), placebos, outcome_unit)


def _assessed(
    rows: Rows,
    everyone: Floats,
    spec: LocalSpec,
    placebos: Sequence[float] | None,
    outcome_unit: str,
    received: Floats | None = None,
) -> Discontinuity:
    sample = rows.sample()
    jump = local_jump(sample, rows.columns, spec)
    density = density_jump(everyone, cutoff=rows.cutoff, kernel="triangular")
    covariates = covariate_jumps(rows, spec.freed())
    fakes = placebo_cutoffs(rows, placebos, spec.freed())
    width = float(np.mean(jump.bandwidths.main))
    ratio = float(np.mean(jump.bandwidths.bias)) / width
    sweep = bandwidth_sweep(sample, rows, [width * f for f in _SWEEP], spec, ratio)
    judged = [sweep[0], sweep[-1]] if len(sweep) == len(_SWEEP) else sweep
    donut = donut_jumps(rows, [_DONUT_SHARE * width], spec.held(jump.bandwidths))
    evidence = Evidence(
        jump=jump, sign=rows.sign, n_values=_values_within(sample, jump, spec),
        density=density, covariates=covariates, placebos=fakes, sweep=judged,
        donut=donut, is_fuzzy=rows.columns.is_fuzzy,
        off_rule=share_off_rule(rows, jump.bandwidths.main, received),
    )  # fmt: skip
    return Discontinuity(
        estimate=_estimate(rows, jump, spec, outcome_unit),
        diagnostics=_diagnostics(rows, jump, density, everyone.size),
        assumptions=assess(evidence),
        local=jump,
        density=density,
        checks=(*covariates, *fakes, *sweep, *donut),
        bins=running_bins(sample, rows, jump, spec),
    )


def _estimate(rows: Rows, jump: Jump, spec: LocalSpec, outcome_unit: str) -> Estimate:
    low, high = sorted(rows.sign * end for end in jump.robust_interval)
    kind = "clustered" if rows.clusters is not None else spec.noise.variance
    return Estimate(
        estimand="late" if rows.columns.is_fuzzy else "jump",
        value=rows.sign * jump.jump,
        standard_error=jump.robust_standard_error,
        interval=(low, high),
        level=spec.level,
        p_value=jump.robust_p_value,
        n=sum(jump.n_effective),
        unit=outcome_unit,
        method=f"local polynomial of order {spec.order}, {spec.kernel} kernel, robust "
        f"bias-corrected interval, {kind} variance",
    )


def _diagnostics(
    rows: Rows, jump: Jump, density: DensityJump, n_all: int
) -> Mapping[str, float]:
    above = rows.running >= rows.cutoff
    naive = float(rows.outcome[above].mean() - rows.outcome[~above].mean())
    low, high = sorted(rows.sign * end for end in jump.interval)
    found = {
        "naive_difference": rows.sign * naive,
        "bandwidth_left": jump.bandwidths.main[0],
        "bandwidth_right": jump.bandwidths.main[1],
        "bias_bandwidth_left": jump.bandwidths.bias[0],
        "bias_bandwidth_right": jump.bandwidths.bias[1],
        "n_left": float(jump.n_effective[0]),
        "n_right": float(jump.n_effective[1]),
        "n_without_outcome": float(n_all - rows.outcome.size),
        "bias_corrected": rows.sign * jump.bias_corrected,
        "conventional_standard_error": jump.standard_error,
        "conventional_low": low,
        "conventional_high": high,
        "density_p_value": density.p_value,
    }
    if rows.columns.is_fuzzy:
        found["treatment_jump"] = jump.treatment_jump
        found["treatment_standard_error"] = jump.treatment_standard_error
    if jump.anderson_rubin is not None:
        found["anderson_rubin_p_value"] = jump.anderson_rubin.p_value
        found["anderson_rubin_lower"] = jump.anderson_rubin.interval[0]
        found["anderson_rubin_upper"] = jump.anderson_rubin.interval[1]
    return MappingProxyType(found)


def _values_within(sample: Sample, jump: Jump, spec: LocalSpec) -> tuple[int, int]:
    left, right = (
        cells_within(side, width, spec.kernel)
        for side, width in zip(
            (sample.left, sample.right), jump.bandwidths.main, strict=True
        )
    )
    return left, right
