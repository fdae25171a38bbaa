"""Figures of the synthetic family; none touches matplotlib's global state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from assay.causal.synthetic.control import SyntheticControl
    from assay.causal.synthetic.tuned import TunedControl
    from assay.causal.synthetic.weighted_differences import WeightedDifferences

OWN, SYNTHETIC, MUTED = "#b3401f", "#1f5a8c", "#8a8a8a"


def control_figures(result: SyntheticControl | TunedControl) -> dict[str, Figure]:
    """Draw the paths, the gap among its placebos, the weights, and one-left-out."""
    figures = {
        "paths": _paths(result),
        "gaps": _gaps(result),
        "weights": _weights(result),
    }
    if result.left_out:
        figures["left_out"] = _left_out(result)
    return figures


def tuned_figures(result: TunedControl) -> dict[str, Figure]:
    """Draw what `control_figures` does, and how the penalty was chosen."""
    figures = control_figures(result)
    tuned = result.tuned
    if tuned.penalties.size:
        figure, axes = _blank("penalty", "squared error, predicted")
        axes.plot(tuned.penalties, tuned.errors, "o-", color=SYNTHETIC, markersize=3)
        axes.axvline(tuned.penalty, color=OWN, linestyle=":", label="chosen")
        positive = tuned.penalties[tuned.penalties > 0]
        axes.set_xscale("symlog", linthresh=float(positive.min()))
        axes.legend(frameon=False)
        figures["penalty"] = figure
    return figures


def differences_figures(result: WeightedDifferences) -> dict[str, Figure]:
    """Draw both paths, the donors' shifted to meet the treated before treatment."""
    series = result.series
    figure, axes = _blank("period", result.estimate.unit or "outcome")
    axes.plot(
        series.periods, series.treated, "o-", color=OWN, markersize=3, label="treated"
    )
    axes.plot(
        series.periods, series.treated - result.gaps, "o-", color=SYNTHETIC,
        markersize=3, label="weighted donors, shifted",
    )  # fmt: skip
    axes.axvline(_start(series.periods, series.n_pre), color=MUTED, linestyle="--")
    shade = axes.twinx()
    shade.bar(
        series.periods[: series.n_pre], result.period_weights, color=MUTED, alpha=0.35
    )
    shade.set_ylim(0, 5 * max(float(result.period_weights.max()), 1e-12))
    shade.set_yticks([])
    shade.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    return {"paths": figure}


def _blank(xlabel: str, ylabel: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(7.2, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.grid(axis="y", color="#e4e4e4", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)
    if xlabel == "period":
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure, axes


def _start(periods: np.ndarray, n_pre: int) -> float:
    return float(periods[n_pre - 1] + periods[n_pre]) / 2


def _paths(result: SyntheticControl | TunedControl) -> Figure:
    series = result.series
    figure, axes = _blank("period", result.estimate.unit or "outcome")
    axes.plot(series.periods, series.treated, color=OWN, linewidth=2, label="treated")
    axes.plot(
        series.periods, result.synthetic, color=SYNTHETIC, linewidth=2, linestyle="--",
        label="synthetic",
    )  # fmt: skip
    axes.axvline(_start(series.periods, series.n_pre), color=MUTED, linestyle=":")
    axes.legend(frameon=False)
    return figure


def _gaps(result: SyntheticControl | TunedControl) -> Figure:
    series = result.series
    figure, axes = _blank("period", "treated minus synthetic")
    if result.space is not None:
        axes.plot(
            series.periods, result.space.gaps, color=MUTED, linewidth=0.7, alpha=0.5
        )
        axes.plot([], [], color=MUTED, linewidth=0.7, label="donors, as if treated")
    axes.plot(series.periods, result.gaps, color=OWN, linewidth=2.2, label="treated")
    axes.axhline(0, color=MUTED, linewidth=1)
    axes.axvline(_start(series.periods, series.n_pre), color=MUTED, linestyle=":")
    axes.legend(frameon=False)
    return figure


def _weights(result: SyntheticControl | TunedControl) -> Figure:
    table = result.weight_table()
    figure, axes = _blank("weight", "")
    places = np.arange(len(table))[::-1]
    axes.barh(places, table["weight"], color=SYNTHETIC, alpha=0.8)
    axes.set_yticks(places, [str(name) for name in table["donor"]])
    return figure


def _left_out(result: SyntheticControl | TunedControl) -> Figure:
    figure, axes = _blank("mean gap after treatment", "")
    places = np.arange(len(result.left_out))[::-1]
    axes.plot([item.att for item in result.left_out], places, "o", color=SYNTHETIC)
    axes.axvline(result.estimate.value, color=OWN, linewidth=1.5)
    axes.axvline(0, color=MUTED, linewidth=1)
    axes.set_yticks(places, [f"without {item.donor}" for item in result.left_out])
    return figure
