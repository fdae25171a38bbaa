"""Pictures of an examination; each says what its figures came from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from assay.evaluation.plots import BAD, GOOD, QUIET, evaluation_plots, png
from assay.examination.examine import Examination
from assay.pages import Picture
from assay.promotion.evidence import Alternative, Group, Measured, Section

DOTS_PER_INCH = 110
MOST_BARS = 30


def pictures(examination: Examination) -> dict[str, Picture]:
    """Return the pictures of an examination by name, for the report.

    Returns
    -------
    dict of str to Picture
        ``roc``, ``calibration``, ``scores``, ``slices``, ``months``, ``approval`` and
        ``trade_off``; one that has nothing to show is left out.
    """
    subject, evidence = examination.subject, examination.evidence
    drawn = evaluation_plots(
        subject.labels,
        subject.probabilities,
        examination.evaluation,
        {},
        subject.contract,
    )
    made: dict[str, tuple[Figure | None, str, Section]] = {
        "roc": (drawn["roc"], "ROC on the holdout", "metrics"),
        "calibration": (
            drawn["calibration"],
            "Calibration on the holdout, 95 % intervals",
            "metrics",
        ),
        "scores": (drawn["scores"], "Scores by outcome", "metrics"),
        "slices": (_groups(evidence.slices), "AUC by group, 95 % intervals", "slices"),
        "months": (_groups(evidence.months), "AUC by month, 95 % intervals", "months"),
        "approval": (
            _approval(examination),
            "Approval share by group, 95 % intervals",
            "fairness",
        ),
        "trade_off": (
            _trade_off(evidence.alternatives, subject.contract.decision.costs.unit),
            "Cost against the smallest approval ratio of alternatives, 95 % intervals",
            "alternatives",
        ),
    }
    return {
        name: Picture(
            name,
            png(figure, dots_per_inch=DOTS_PER_INCH),
            f"{caption}; from {evidence.origin(section)}",
        )
        for name, (figure, caption, section) in made.items()
        if figure is not None
    }


def _groups(groups: Sequence[Group]) -> Figure | None:
    known = [(f"{g.field} = {g.name}", g.auc) for g in groups if g.auc is not None]
    return _bars(known, "AUC, 95 % interval", lambda axes: axes.axvline(0.5, **_LINE))


def _approval(examination: Examination) -> Figure | None:
    found = [
        (f"{each.field} = {each.group}", each.approval_share)
        for each in examination.evidence.fairness
    ]
    return _bars(found, "approval share, 95 % interval", None)


_LINE: dict[str, Any] = {"color": QUIET, "linewidth": 1, "linestyle": ":"}


def _bars(
    found: Sequence[tuple[str, Measured]],
    label: str,
    more: Callable[[Axes], object] | None,
) -> Figure | None:
    shown = [pair for pair in found if np.isfinite((pair[1].low, pair[1].high)).all()]
    if not shown:
        return None
    few = shown[:MOST_BARS]
    figure, axes = _axes(1.2 + 0.28 * len(few))
    y = np.arange(len(few))[::-1]
    value = np.array([each.value for _, each in few])
    ends = np.array([[each.low for _, each in few], [each.high for _, each in few]])
    axes.errorbar(value, y, xerr=np.abs(ends - value), fmt="o", color=GOOD, capsize=3)
    axes.set_yticks(y, [name for name, _ in few], fontsize=8)
    axes.set_xlabel(label)
    if more is not None:
        more(axes)
    return figure


def _trade_off(alternatives: Sequence[Alternative], unit: str) -> Figure | None:
    if not alternatives:
        return None
    fields = list(dict.fromkeys(each.field for each in alternatives))
    figure = Figure(figsize=(6.0, 3.4 * len(fields)), layout="constrained")
    for position, field in enumerate(fields, start=1):
        axes = figure.add_subplot(len(fields), 1, position)
        _plain_axes(axes)
        here = [each for each in alternatives if each.field == field]
        for each in here:
            is_threshold = each.change.startswith("threshold")
            _point(
                axes, each, GOOD if is_threshold else BAD, "o" if is_threshold else "s"
            )
        first = here[0]
        axes.plot(
            first.smallest_ratio.value - first.ratio_gain.value,
            first.cost.value - first.extra_cost.value,
            "*",
            color="#222222",
            markersize=14,
            zorder=5,
            label="this version",
        )
        axes.axvline(0.8, **_LINE, label="four fifths")
        axes.plot([], [], "o", color=GOOD, label="other threshold")
        axes.plot([], [], "s", color=BAD, label="fewer inputs")
        axes.set_title(field, loc="left", fontsize=10)
        axes.set_xlabel("smallest approval ratio")
        axes.set_ylabel(f"cost, {unit}", fontsize=8)
        if position == 1:
            axes.legend(frameon=False, fontsize=8, loc="upper left")
    return figure


def _point(axes: Axes, each: Alternative, colour: str, mark: str) -> None:
    x, y = each.smallest_ratio, each.cost
    axes.errorbar(
        x.value,
        y.value,
        xerr=[[max(0.0, x.value - x.low)], [max(0.0, x.high - x.value)]],
        yerr=[[max(0.0, y.value - y.low)], [max(0.0, y.high - y.value)]],
        fmt=mark,
        color=colour,
        elinewidth=0.8,
        ecolor=(*to_rgb(colour), 0.3),
    )
    if mark == "o":
        axes.annotate(
            each.change.removeprefix("threshold "),
            (x.value, y.value),
            xytext=(5, 5),
            textcoords="offset points",
            fontsize=7.5,
        )


def _axes(height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(6.0, height), layout="constrained")
    axes = figure.add_subplot()
    _plain_axes(axes)
    return figure, axes


def _plain_axes(axes: Axes) -> None:
    axes.grid(visible=True, color="#e6e8eb", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
