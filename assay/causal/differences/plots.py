"""Figures of the differences family; none touches matplotlib's global state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from assay.causal.figures import MUTED, OTHERS, TREATED, blank

if TYPE_CHECKING:
    from assay.causal.differences.bacon import Decomposition
    from assay.causal.differences.event_study import EventStudy
    from assay.causal.differences.group_time import GroupTime
    from assay.causal.differences.honest import Honest
    from assay.causal.differences.regression import Regression
    from assay.causal.differences.two_by_two import TwoByTwo


def two_by_two_figures(result: TwoByTwo) -> dict[str, Figure]:
    """Draw the two changes and, where periods are known, the paths behind them."""
    unit = result.estimate.unit or "mean outcome"
    figure, axes = blank("", unit)
    untreated, treated = result.means
    expected = treated[0] + untreated[1] - untreated[0]
    axes.plot([0, 1], untreated, "o-", color=OTHERS, label="untreated")
    axes.plot([0, 1], treated, "o-", color=TREATED, label="treated")
    axes.plot(
        [0, 1], [treated[0], expected], "o--", color=MUTED, label="treated, expected"
    )
    axes.annotate(
        "", (1.02, treated[1]), (1.02, expected), arrowprops={"arrowstyle": "<->"}
    )
    difference = result.diagnostics["raw_difference_in_differences"]
    axes.text(1.04, (treated[1] + expected) / 2, f"{difference:+.4g}", va="center")
    axes.set_xticks([0, 1], ["before", "after"])
    axes.set_xlim(-0.15, 1.3)
    axes.legend(frameon=False)
    figures = {"two_by_two": figure}
    if result.trends.size:
        figure, axes = blank("period", unit)
        periods, others, group = result.trends.T
        axes.plot(periods, others, "o-", color=OTHERS, markersize=3, label="untreated")
        axes.plot(periods, group, "o-", color=TREATED, markersize=3, label="treated")
        axes.legend(frameon=False)
        figures["paths"] = figure
    return figures


def coefficient_figures(regression: Regression, level: float) -> dict[str, Figure]:
    """Draw the slopes of a regression with their intervals, scaled by their errors."""
    table = regression.table(level)
    figure, axes = blank("coefficient over its standard error", "")
    ratio = table["coefficient"] / table["standard_error"]
    half = (table["upper"] - table["coefficient"]) / table["standard_error"]
    rows = np.arange(len(table))[::-1]
    axes.errorbar(ratio, rows, xerr=half, fmt="o", color=OTHERS, capsize=3)
    axes.axvline(0, color=MUTED, linewidth=1)
    axes.set_yticks(rows, list(table.index))
    axes.set_ylim(-0.6, len(table) - 0.4)
    return {"coefficients": figure}


def event_study_figures(result: EventStudy) -> dict[str, Figure]:
    """Draw the coefficients by event time, the reference included."""
    table = result.table().rename(columns={"coefficient": "effect"})
    return {"event_study": path_figure(table, "periods since the start")}


def path_figure(table: pd.DataFrame, xlabel: str) -> Figure:
    """Draw effects with intervals, those before the start in another colour.

    The first column of `table` is the horizontal axis; ``effect``, ``lower``,
    ``upper`` and optionally ``band_lower``, ``band_upper`` follow.
    """
    figure, axes = blank(xlabel, "effect")
    x = table.iloc[:, 0].to_numpy(dtype=np.float64)
    effect = table["effect"].to_numpy(dtype=np.float64)
    low = effect - table["lower"].to_numpy(dtype=np.float64)
    high = table["upper"].to_numpy(dtype=np.float64) - effect
    by_event = "period" in xlabel and "since" in xlabel
    before = x < 0 if by_event else np.zeros(x.size, dtype=bool)
    for chosen, colour in ((before, MUTED), (~before, TREATED)):
        bars = np.vstack([low[chosen], high[chosen]])
        axes.errorbar(
            x[chosen], effect[chosen], yerr=bars, fmt="o", color=colour, capsize=3
        )
    if "band_lower" in table:
        axes.fill_between(
            x,
            table["band_lower"].to_numpy(dtype=np.float64),
            table["band_upper"].to_numpy(dtype=np.float64),
            color=OTHERS,
            alpha=0.12,
            linewidth=0,
            label="uniform band",
        )
        axes.legend(frameon=False)
    axes.axhline(0, color=MUTED, linewidth=1)
    if by_event:
        axes.axvline(-0.5, color=MUTED, linewidth=1, linestyle=":")
    return figure


def group_time_figures(result: GroupTime) -> dict[str, Figure]:
    """Draw effects by cohort over periods, and their mean by event time."""
    figure, axes = blank("period", "effect")
    starts = np.unique(result.cohorts)
    width = float(np.min(np.diff(np.unique(result.periods)), initial=1.0)) * 0.6
    errors = result.standard_errors
    for position, start in enumerate(starts):
        chosen = result.cohorts == start
        shift = width * ((position + 0.5) / starts.size - 0.5)
        axes.errorbar(
            result.periods[chosen] + shift,
            result.effects[chosen],
            yerr=1.96 * errors[chosen],
            fmt="o",
            markersize=4,
            capsize=2,
            label=f"first treated {start:g}",
        )
    axes.axhline(0, color=MUTED, linewidth=1)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if starts.size <= 12:
        axes.legend(frameon=False)
    dynamic = path_figure(result.aggregate("dynamic").table(), "periods since the start")
    return {"group_time": figure, "event_time": dynamic}


def bacon_figures(result: Decomposition) -> dict[str, Figure]:
    """Draw each comparison's value against its weight."""
    figure, axes = blank("weight", "two by two estimate")
    labels = {
        "treated_never": ("treated against never treated", OTHERS, "o"),
        "earlier_later": ("earlier against later", MUTED, "s"),
        "later_earlier": ("later against earlier (forbidden)", TREATED, "x"),
    }
    for kind, (label, colour, marker) in labels.items():
        found = [c for c in result.comparisons if c.kind == kind]
        axes.scatter(
            [c.weight for c in found],
            [c.value for c in found],
            color=colour,
            marker=marker,
            label=label,
        )
    axes.axhline(result.value, color=MUTED, linewidth=1, linestyle="--")
    axes.legend(frameon=False)
    return {"bacon": figure}


def honest_figures(result: Honest) -> dict[str, Figure]:
    """Draw the honest intervals beside the original one."""
    name = "times the largest violation before"
    if result.restriction == "smoothness":
        name = "change of slope a period"
    figure, axes = blank(f"bound on the violation: {name}", "effect")
    rows = np.arange(result.bounds.size + 1)
    intervals = np.vstack([result.original, result.intervals])
    middle = intervals.mean(axis=1)
    half = intervals[:, 1] - middle
    axes.errorbar(
        rows[1:], middle[1:], yerr=half[1:], fmt="none", color=OTHERS, capsize=5
    )
    axes.errorbar(
        rows[:1], middle[:1], yerr=half[:1], fmt="none", color=TREATED, capsize=5
    )
    axes.axhline(0, color=MUTED, linewidth=1)
    axes.set_xticks(rows, ["original", *(f"{bound:g}" for bound in result.bounds)])
    axes.set_title(f"zero is excluded up to {result.breakdown:.3g}", fontsize=10)
    return {"honest": figure}
