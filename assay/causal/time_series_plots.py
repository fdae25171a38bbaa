"""Figures of the interrupted time series."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assay.causal.figures import MUTED, OTHERS, TREATED, blank

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from assay.causal.time_series import InterruptedSeries


def interrupted_figures(result: InterruptedSeries) -> dict[str, Figure]:
    """Draw the series with its continued trend, and the placebo dates."""
    figure, axes = blank("period", result.estimate.unit or "outcome")
    after = result.periods >= result.start
    axes.plot(result.periods, result.outcomes, "o", markersize=3, color=OTHERS)
    axes.plot(result.periods[~after], result.expected[~after], color=MUTED)
    axes.plot(
        result.periods[after], result.expected[after], "--", color=MUTED,
        label="trend continued",
    )  # fmt: skip
    axes.axvline(result.start, color=TREATED, linewidth=1, label="start")
    axes.legend(frameon=False)
    figures = {"series": figure}
    if result.placebos.size:
        figure, axes = blank("pretended start", "t ratio of the level change")
        axes.plot(result.placebos[:, 0], result.placebos[:, 2], "o", color=MUTED)
        change = result.diagnostics["level_change"]
        error = result.diagnostics["level_change_standard_error"]
        axes.plot([result.start], [change / error], "o", color=TREATED)
        for bound in (-1.96, 1.96):
            axes.axhline(bound, color=MUTED, linewidth=1, linestyle=":")
        limit = 1.1 * max(2.5, float(np.abs(result.placebos[:, 2]).max()))
        low, high = axes.get_ylim()
        axes.set_ylim(min(low, -limit), max(high, limit))
        figures["placebo_dates"] = figure
    return figures
