"""Figures of the discontinuity family; none touches matplotlib's global state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from assay.causal.discontinuity.checks import Check
    from assay.causal.discontinuity.design import Discontinuity

LEFT, RIGHT, MUTED = "#1f5a8c", "#b3401f", "#8a8a8a"


def discontinuity_figures(result: Discontinuity) -> dict[str, Figure]:
    """Draw the jump, the rows per bin, the bandwidth sweep and the other checks."""
    figures = {"jump": _jump(result), "density": _density(result)}
    sweep = [check for check in result.checks if check.kind == "bandwidth"]
    others = [check for check in result.checks if check.kind != "bandwidth"]
    if sweep:
        figures["bandwidths"] = _sweep(result, sweep)
    if others:
        figures["checks"] = _checks(others)
    return figures


def _blank(xlabel: str, ylabel: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(7.2, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.grid(axis="y", color="#e4e4e4", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _jump(result: Discontinuity) -> Figure:
    bins = result.bins
    figure, axes = _blank("running variable", result.estimate.unit or "mean outcome")
    for chosen, colour, curve, name in (
        (~bins.is_right, LEFT, bins.curve_left, "below"),
        (bins.is_right, RIGHT, bins.curve_right, "at or above"),
    ):
        axes.errorbar(
            bins.middles[chosen], bins.means[chosen],
            yerr=1.96 * np.nan_to_num(bins.errors[chosen]),
            fmt="o", color=colour, markersize=4, elinewidth=0.8, alpha=0.75, label=name,
        )  # fmt: skip
        axes.plot(curve[:, 0], curve[:, 1], color=colour, linewidth=2.2)
    axes.axvline(bins.cutoff, color=MUTED, linestyle="--", linewidth=1)
    low, high = result.estimate.interval
    axes.set_title(
        f"jump {result.estimate.value:.4g}, interval [{low:.4g}, {high:.4g}]",
        loc="left", fontsize=10,
    )  # fmt: skip
    axes.legend(frameon=False)
    return figure


def _density(result: Discontinuity) -> Figure:
    bins = result.bins
    figure, axes = _blank("running variable", "rows per bin, per unit")
    for chosen, colour in ((~bins.is_right, LEFT), (bins.is_right, RIGHT)):
        middles = bins.middles[chosen]
        width = 2 * float(np.min(np.abs(middles - bins.cutoff), initial=np.inf))
        axes.bar(
            middles, bins.counts[chosen] / width, width=0.92 * width, color=colour,
            alpha=0.75,
        )  # fmt: skip
    axes.axvline(bins.cutoff, color=MUTED, linestyle="--", linewidth=1)
    axes.set_title(
        f"density test p = {result.density.p_value:.3g}", loc="left", fontsize=10
    )
    return figure


def _sweep(result: Discontinuity, sweep: list[Check]) -> Figure:
    figure, axes = _blank("bandwidth", "jump with robust interval")
    own = float(np.mean(result.local.bandwidths.main))
    low, high = result.estimate.interval
    points = [(c.value, c.jump, *c.robust_interval, LEFT) for c in sweep]
    points.append((own, result.estimate.value, low, high, RIGHT))
    for width, jump, bottom, top, colour in sorted(points):
        axes.vlines(width, bottom, top, color=colour, linewidth=1.5)
        axes.plot([width], [jump], "o", color=colour, markersize=5)
    axes.axhline(0, color=MUTED, linewidth=1)
    axes.set_title("red: the bandwidth chosen", loc="left", fontsize=10)
    return figure


def _checks(checks: list[Check]) -> Figure:
    figure, axes = _blank("jump over its standard error", "")
    places = np.arange(len(checks))[::-1]
    ratios = [
        check.bias_corrected / check.robust_standard_error
        if check.robust_standard_error > 0
        else 0.0
        for check in checks
    ]
    axes.errorbar(ratios, places, xerr=1.96, fmt="o", color=LEFT, capsize=3)
    axes.axvline(0, color=MUTED, linewidth=1)
    axes.set_yticks(places, [f"{check.kind} {check.label}" for check in checks])
    axes.set_ylim(-0.6, len(checks) - 0.4)
    return figure
