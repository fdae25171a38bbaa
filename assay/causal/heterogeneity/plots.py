"""Figures of effects that differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.causal.estimate import Estimate, critical_value
from assay.causal.heterogeneity.ranking import QiniCurve

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_INK, _ACCENT = "#1f5a8a", "#b0532a"


def qini_plot(curve: QiniCurve) -> Figure:
    """Draw the gain of treating the most promising rows first."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    half = critical_value(curve.qini.level) * curve.gain_error
    axes.fill_between(
        curve.share, curve.gain - half, curve.gain + half, color=_INK, alpha=0.15,
        linewidth=0,
    )  # fmt: skip
    axes.plot(curve.share, curve.gain, color=_INK, label="most promising first")
    axes.plot(curve.share, curve.random, color="0.4", linestyle="--", label="at random")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of rows treated")
    axes.set_ylabel("gain per row of the whole")
    low, high = curve.qini.interval
    axes.set_title(f"Qini {curve.qini.value:.4g} [{low:.4g}, {high:.4g}]")
    axes.legend(loc="upper left", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def group_plot(table: pd.DataFrame, estimate: Estimate) -> Figure:
    """Draw the measured and the predicted effect by group."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    effect = table["effect"].to_numpy()
    half = table["upper"].to_numpy() - effect
    places = table["group"].to_numpy()
    axes.errorbar(
        places, effect, yerr=half, fmt="o", color=_INK, capsize=3, label="measured"
    )
    axes.plot(places, table["predicted"], "D", color=_ACCENT, label="predicted")
    axes.axhline(estimate.value, color="0.4", linestyle="--", label="average effect")
    axes.axhline(0, color="0.2", linewidth=0.8)
    axes.set_xticks(places, [f"{int(place)}" for place in places])
    axes.set_xlabel("group by predicted effect, largest first")
    axes.set_ylabel(f"effect {estimate.unit}".strip())
    axes.set_title("Effect by group")
    axes.legend(loc="best", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure
