"""Figures of the experiments family."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assay.causal.estimate import critical_value
from assay.causal.figures import MUTED, OTHERS, TREATED, blank

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from assay.causal.estimate import Estimate
    from assay.causal.experiments.arms import Arms
    from assay.causal.experiments.cuped import Adjusted
    from assay.causal.experiments.sequential import Sequential
    from assay.causal.experiments.switchback import Switchback


def arm_figures(arms: Arms, estimate: Estimate) -> dict[str, Figure]:
    """Draw both means with their intervals."""
    figure, axes = blank("", estimate.unit or "mean outcome")
    half = critical_value(estimate.level) * np.sqrt(arms.variances / arms.counts)
    for x, colour in ((0, OTHERS), (1, TREATED)):
        axes.errorbar(x, arms.means[x], yerr=half[x], fmt="o", color=colour, capsize=4)
    axes.set_xticks([0, 1], ["control", "treated"])
    axes.set_xlim(-0.6, 1.6)
    low, high = estimate.interval
    axes.set_title(
        f"difference {estimate.value:+.4g} [{low:.4g}, {high:.4g}]", fontsize=10
    )
    return {"arms": figure}


def adjustment_figures(result: Adjusted) -> dict[str, Figure]:
    """Draw the estimate with and without adjustment."""
    figure, axes = blank("effect", "")
    plain = result.diagnostics["unadjusted_difference"]
    error = result.diagnostics["unadjusted_standard_error"]
    half = critical_value(result.estimate.level) * error
    middle = result.estimate.value
    adjusted = result.estimate.interval[1] - middle
    axes.errorbar(plain, 1, xerr=half, fmt="o", color=MUTED, capsize=4)
    axes.errorbar(middle, 0, xerr=adjusted, fmt="o", color=TREATED, capsize=4)
    axes.axvline(0, color=MUTED, linewidth=1)
    axes.set_yticks([1, 0], ["plain", "adjusted"])
    axes.set_ylim(-0.6, 1.6)
    return {"adjustment": figure}


def switchback_figures(result: Switchback) -> dict[str, Figure]:
    """Draw block means over time, coloured by treatment."""
    figure, axes = blank("period", result.estimate.unit or "mean outcome of the block")
    period, treated, outcome = result.block_means.T
    axes.plot(period, outcome, color="#d9d9d9", linewidth=1)
    for value, colour, label in ((0, OTHERS, "off"), (1, TREATED, "on")):
        chosen = treated == value
        axes.scatter(period[chosen], outcome[chosen], color=colour, s=18, label=label)
    axes.legend(frameon=False)
    return {"blocks": figure}


def sequential_figures(result: Sequential) -> dict[str, Figure]:
    """Draw the confidence sequence against the rows seen."""
    figure, axes = blank("rows seen", "difference")
    table = result.table()
    n = table["n"].to_numpy(dtype=np.float64)
    axes.fill_between(
        n,
        table["lower"].to_numpy(dtype=np.float64),
        table["upper"].to_numpy(dtype=np.float64),
        color=OTHERS,
        alpha=0.15,
        linewidth=0,
        label="always-valid interval",
    )
    axes.plot(n, table["difference"].to_numpy(dtype=np.float64), color=TREATED)
    axes.axhline(0, color=MUTED, linewidth=1)
    stop = result.diagnostics["stopped_at_n"]
    if np.isfinite(stop):
        axes.axvline(stop, color=MUTED, linestyle=":", label="first significant look")
    axes.legend(frameon=False)
    return {"sequence": figure}
