"""The frame that every causal figure is drawn in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TREATED, OTHERS, MUTED = "#b3401f", "#1f5a8c", "#8a8a8a"


def blank(xlabel: str, ylabel: str) -> tuple[Figure, Axes]:
    """Return an empty figure, outside matplotlib's global state, and its axes."""
    figure = Figure(figsize=(7.2, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.grid(axis="y", color="#e4e4e4", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes
