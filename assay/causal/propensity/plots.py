"""Figures of a propensity design."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from assay.causal.assumptions import limit
from assay.causal.propensity.balance import Balance
from assay.causal.rows import Bools, Floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BEFORE, _AFTER = "#b0532a", "#1f5a8a"
_MOST_COVARIATES = 30


def love_plot(balance: Sequence[Balance]) -> Figure:
    """Draw standardised differences before and after adjustment, largest on top.

    Parameters
    ----------
    balance : sequence of Balance
        The thirty with the largest raw difference are drawn.
    """
    from matplotlib.figure import Figure

    ranked = sorted(balance, key=lambda row: (-abs(row.raw), row.covariate))
    rows = ranked[:_MOST_COVARIATES][::-1]
    figure = Figure(figsize=(7, 1.4 + 0.3 * max(len(rows), 3)), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(rows))
    before, after = [abs(r.raw) for r in rows], [abs(r.adjusted) for r in rows]
    axes.hlines(places, after, before, color="0.8", linewidth=1.5, zorder=1)
    axes.scatter(
        before, places, color=_BEFORE, marker="o", s=36, label="before", zorder=2
    )
    axes.scatter(after, places, color=_AFTER, marker="D", s=30, label="after", zorder=3)
    edge = limit("balance_doubtful")
    axes.axvline(edge, color="0.4", linestyle="--", linewidth=1)
    axes.annotate(
        f"limit {edge:g}", (edge, 1.0), (3, -2), xycoords=("data", "axes fraction"),
        textcoords="offset points", va="top", fontsize=8, color="0.3",
    )  # fmt: skip
    axes.set_yticks(places, [row.covariate for row in rows])
    axes.set_ylim(-0.7, len(rows) - 0.3)
    axes.set_xlim(left=-0.02 * max([*before, *after, edge]))
    axes.set_xlabel("absolute standardised difference")
    axes.set_title("Balance of covariates")
    axes.legend(loc="lower right", frameon=False)
    _clean(axes)
    return figure


def overlap_plot(treated: Bools, propensity: Floats, n_bins: int = 40) -> Figure:
    """Draw the propensities of the two arms, treated up and untreated down.

    Parameters
    ----------
    treated, propensity : ndarray of shape (n_rows,)
    n_bins : int, default=40
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    edges = np.linspace(0, 1, n_bins + 1)
    for arm, sign, colour, label in (
        (treated, 1, _AFTER, "treated"),
        (~treated, -1, _BEFORE, "untreated"),
    ):
        share = np.histogram(propensity[arm], edges)[0] / max(int(arm.sum()), 1)
        axes.bar(
            edges[:-1], sign * share, width=np.diff(edges), align="edge", color=colour,
            alpha=0.85, label=f"{label} ({int(arm.sum()):,} rows)",
        )  # fmt: skip
    edge = limit("propensity_edge")
    for place in (edge, 1 - edge):
        axes.axvline(place, color="0.4", linestyle="--", linewidth=1)
    axes.axhline(0, color="0.2", linewidth=0.8)
    axes.yaxis.set_major_formatter(lambda value, _: f"{abs(value):.0%}")
    axes.set_xlim(0, 1)
    axes.set_xlabel("propensity: probability of treatment given the covariates")
    axes.set_ylabel("share of the arm's rows")
    axes.set_title("Overlap")
    axes.legend(loc="best", frameon=False)
    _clean(axes)
    return figure


def _clean(axes: object) -> None:
    spines = getattr(axes, "spines")  # noqa: B009 # matplotlib types it as a proxy
    spines[["top", "right"]].set_visible(False)
