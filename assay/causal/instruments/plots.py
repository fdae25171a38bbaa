"""Figures of an instrumental design."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assay.causal.estimate import Estimate, critical_value
from assay.causal.instruments.anderson_rubin import AndersonRubin

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_INK, _ACCENT = "#1f5a8a", "#b0532a"


def confidence_plot(set_: AndersonRubin, estimate: Estimate) -> Figure:
    """Draw the Anderson-Rubin p value along the effects, with both intervals."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(set_.effects, set_.p_values, color=_INK, label="Anderson-Rubin p value")
    left, right = float(set_.effects[0]), float(set_.effects[-1])
    for low, high in set_.pieces:
        low, high = max(low, left), min(high, right)
        if low < high:
            axes.axvspan(low, high, color=_INK, alpha=0.12, linewidth=0)
    axes.axhline(1 - estimate.level, color="0.4", linestyle="--", linewidth=1)
    axes.errorbar(
        estimate.value, 0.5,
        xerr=[[estimate.value - estimate.interval[0]],
              [estimate.interval[1] - estimate.value]],
        fmt="o", color=_ACCENT, capsize=4, label=f"{estimate.method}",
    )  # fmt: skip
    axes.axvline(0, color="0.2", linewidth=0.8)
    axes.set_xlim(left, right)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel(f"effect {estimate.unit}".strip())
    axes.set_ylabel("p value")
    axes.set_title(f"Effects not rejected (Anderson-Rubin set, {set_.shape})")
    axes.legend(loc="upper right", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def first_stage_plot(first_stage: pd.DataFrame) -> Figure:
    """Draw every instrument's push on the treatment, in its own standard errors."""
    from matplotlib.figure import Figure

    ratios = (first_stage["coefficient"] / first_stage["standard_error"]).to_numpy()
    places = np.arange(ratios.size)
    figure = Figure(figsize=(7, 1.4 + 0.3 * max(ratios.size, 3)), layout="constrained")
    axes = figure.subplots()
    axes.barh(places, ratios, color=_INK, height=0.6)
    edge = critical_value(0.95)
    for place in (-edge, edge):
        axes.axvline(place, color="0.4", linestyle="--", linewidth=1)
    axes.axvline(0, color="0.2", linewidth=0.8)
    axes.set_yticks(places, first_stage["instrument"].tolist())
    axes.set_ylim(-0.7, ratios.size - 0.3)
    axes.set_xlabel("first-stage coefficient in standard errors")
    axes.set_title("How far each instrument moves the treatment")
    axes.spines[["top", "right"]].set_visible(False)
    return figure
