"""Figures of a model on its holdout, drawn without a display or global state."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from assay.contract import Contract
from assay.evaluation.interval import Interval, share_interval
from assay.evaluation.metrics import Evaluation
from assay.evaluation.ranking import Scored, scored

Floats: TypeAlias = NDArray[np.float64]

BAD, GOOD, QUIET = "#b3341f", "#1f6f8b", "#8a8f98"
N_CALIBRATION_BINS = 10
MOST_POINTS = 2_000
MOST_FEATURES = 20


def evaluation_plots(
    labels: Floats,
    probabilities: Floats,
    evaluation: Evaluation,
    importance: Mapping[str, Interval],
    contract: Contract,
) -> dict[str, Figure]:
    """Return the figures by name, for a model's holdout.

    Parameters
    ----------
    labels, probabilities : ndarray of shape (n_rows,)
        Outcomes and calibrated probabilities of the holdout.
    evaluation : Evaluation
        Their metrics; threshold and intervals are taken from it.
    importance : mapping of str to Interval
        AUC lost by feature, largest first; the first twenty are shown.
    contract : Contract
        Words for actions.

    Returns
    -------
    dict of str to Figure
        ``roc``, ``precision_recall``, ``calibration``, ``gain``, ``confusion``,
        ``importance``, ``scores``. `png` turns one into bytes.
    """
    rows = scored(labels, probabilities)
    return {
        "roc": _roc(rows, evaluation),
        "precision_recall": _precision_recall(rows, evaluation),
        "calibration": _calibration(rows, evaluation),
        "gain": _gain(rows, evaluation),
        "confusion": _confusion(evaluation, contract),
        "importance": _importance(importance),
        "scores": _scores(rows, evaluation),
    }


def png(figure: Figure, *, dots_per_inch: int = 120) -> bytes:
    """Return a figure as PNG; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dots_per_inch, metadata={"Software": None})
    return buffer.getvalue()


def _axes(title: str, x: str, y: str, *, height: float = 4.6) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(6.0, height), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=11)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(visible=True, color="#e6e8eb", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _shown(evaluation: Evaluation, metric: str) -> str:
    found = evaluation.metrics[metric]
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"


def _counts_from_top(rows: Scored) -> tuple[Floats, Floats]:
    """Return bad and good rows at or above each distinct probability, highest first."""
    bad = np.add.reduceat(rows.labels, rows.starts)[::-1]
    good = np.add.reduceat(1 - rows.labels, rows.starts)[::-1]
    return np.r_[0.0, np.cumsum(bad)], np.r_[0.0, np.cumsum(good)]


def _thinned(*lines: Floats) -> list[Floats]:
    picks = np.unique(np.linspace(0, len(lines[0]) - 1, MOST_POINTS).round().astype(int))
    return [line[picks] for line in lines]


def _at_threshold(rows: Scored, evaluation: Evaluation) -> tuple[float, float]:
    adverse = rows.probabilities >= evaluation.threshold
    return float(rows.labels[adverse].sum()), float((1 - rows.labels[adverse]).sum())


def _roc(rows: Scored, evaluation: Evaluation) -> Figure:
    figure, axes = _axes(
        f"ROC: AUC {_shown(evaluation, 'auc')}",
        "share of good outcomes that get the adverse action",
        "share of bad outcomes that get it",
    )
    n_bad, n_good = rows.n_positives, rows.n_rows - rows.n_positives
    bad, good = _thinned(*_counts_from_top(rows))
    axes.plot([0, 1], [0, 1], color=QUIET, linewidth=1, linestyle=":", label="chance")
    axes.plot(good / n_good, bad / n_bad, color=GOOD, linewidth=2, label="model")
    hits, false_alarms = _at_threshold(rows, evaluation)
    axes.plot(
        false_alarms / n_good,
        hits / n_bad,
        "o",
        color=BAD,
        label=f"threshold {evaluation.threshold:.3f}",
    )
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    axes.legend(frameon=False, loc="lower right")
    return figure


def _precision_recall(rows: Scored, evaluation: Evaluation) -> Figure:
    figure, axes = _axes(
        f"Precision and recall: AP {_shown(evaluation, 'average_precision')}",
        "recall: share of bad outcomes found",
        "precision: share of bad among those found",
    )
    bad, good = (line[1:] for line in _counts_from_top(rows))
    bad, good = _thinned(bad, good)
    share = rows.n_positives / rows.n_rows
    axes.axhline(
        share, color=QUIET, linewidth=1, linestyle=":", label=f"bad share {share:.3f}"
    )
    axes.plot(bad / rows.n_positives, bad / (bad + good), color=GOOD, lw=2, label="model")
    hits, false_alarms = _at_threshold(rows, evaluation)
    if hits + false_alarms > 0:
        axes.plot(
            hits / rows.n_positives,
            hits / (hits + false_alarms),
            "o",
            color=BAD,
            label=f"threshold {evaluation.threshold:.3f}",
        )
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    axes.legend(frameon=False, loc="upper right")
    return figure


def _calibration(rows: Scored, evaluation: Evaluation) -> Figure:
    figure, axes = _axes(
        f"Calibration: ECE {_shown(evaluation, 'ece')}",
        "mean calibrated probability of the bin",
        "share of bad outcomes, 95 % interval",
    )
    bins = np.array_split(np.arange(rows.n_rows), N_CALIBRATION_BINS)
    mean = [float(rows.probabilities[part].mean()) for part in bins if part.size]
    shares = [
        share_interval(float(rows.labels[part].sum()), part.size)
        for part in bins
        if part.size
    ]
    value = np.array([found.value for found in shares])
    reach = np.array([[found.low for found in shares], [found.high for found in shares]])
    top = 1.05 * max(float(reach.max()), max(mean))
    axes.plot([0, top], [0, top], color=QUIET, lw=1, ls=":", label="perfect")
    axes.errorbar(
        mean,
        value,
        yerr=np.abs(reach - value),
        fmt="o",
        color=GOOD,
        capsize=3,
        label=f"{len(mean)} bins of about {rows.n_rows // len(mean):,} rows",
    )
    axes.set(xlim=(0, top), ylim=(0, top))
    axes.legend(frameon=False, loc="upper left")
    return figure


def _gain(rows: Scored, evaluation: Evaluation) -> Figure:
    figure, axes = _axes(
        f"Gain: KS distance {_shown(evaluation, 'ks')}",
        "share of all rows, riskiest first",
        "share of bad outcomes among them",
    )
    bad, good = _thinned(*_counts_from_top(rows))
    best = rows.n_positives / rows.n_rows
    axes.plot([0, 1], [0, 1], color=QUIET, linewidth=1, linestyle=":", label="chance")
    axes.plot([0, best, 1], [0, 1, 1], color=QUIET, linewidth=1, label="perfect")
    axes.plot(
        (bad + good) / rows.n_rows,
        bad / rows.n_positives,
        color=GOOD,
        lw=2,
        label="model",
    )
    refused = 1 - evaluation.metrics["approval_share"].value
    axes.axvline(refused, color=BAD, lw=1, ls="--", label=f"threshold: {refused:.1%}")
    axes.set(xlim=(0, 1), ylim=(0, 1.01))
    axes.legend(frameon=False, loc="lower right")
    return figure


def _confusion(evaluation: Evaluation, contract: Contract) -> Figure:
    figure, axes = _axes(
        f"Rows and shares at the threshold {evaluation.threshold:.3f}\n"
        f"cost {_shown(evaluation, 'cost')} {contract.decision.costs.unit}",
        "outcome",
        "action",
        height=3.8,
    )
    axes.grid(visible=False)
    cells = (
        ("true_negative", "false_negative"),
        ("false_positive", "true_positive"),
    )
    values = [[evaluation.metrics[f"{name}_share"] for name in row] for row in cells]
    axes.imshow(
        [[found.value for found in row] for row in values],
        cmap="Blues",
        vmin=0,
        vmax=1,
        aspect="auto",
    )
    for y, row in enumerate(values):
        for x, found in enumerate(row):
            count = getattr(evaluation.confusion, f"{cells[y][x]}s")
            axes.text(
                x,
                y,
                f"{count:,}\n{found.value:.1%}\n[{found.low:.1%}, {found.high:.1%}]",
                ha="center",
                va="center",
                color="white" if found.value > 0.5 else "#222222",
            )
    axes.set_xticks([0, 1], ["good", "bad"])
    actions = contract.decision.negative_action, contract.decision.positive_action
    axes.set_yticks([0, 1], actions)
    axes.spines[:].set_visible(False)
    return figure


def _importance(importance: Mapping[str, Interval]) -> Figure:
    shown = list(importance.items())[:MOST_FEATURES][::-1]
    figure, axes = _axes(
        "Importance: AUC lost when a feature is dealt anew",
        "loss of AUC on the holdout, 95 % interval",
        "",
        height=1.4 + 0.27 * len(shown),
    )
    value = np.array([found.value for _, found in shown])
    ends = np.array([[f.low for _, f in shown], [f.high for _, f in shown]])
    axes.barh([name for name, _ in shown], value, color=GOOD, height=0.62)
    axes.errorbar(
        value,
        np.arange(len(shown)),
        xerr=np.abs(ends - value),
        fmt="none",
        ecolor="#222222",
        elinewidth=1,
        capsize=2,
    )
    axes.axvline(0, color="#222222", linewidth=0.8)
    axes.grid(visible=False, axis="y")
    return figure


def _scores(rows: Scored, evaluation: Evaluation) -> Figure:
    figure, axes = _axes(
        "Calibrated probabilities by outcome",
        "calibrated probability of a bad outcome",
        "density within the outcome",
    )
    edges = np.linspace(0, 1, 51).tolist()
    for value, name, colour in ((0, "good", GOOD), (1, "bad", BAD)):
        chosen = rows.probabilities[rows.labels == value]
        label = f"{name}: {len(chosen):,} rows"
        axes.hist(chosen, edges, density=True, color=colour, alpha=0.55, label=label)
    threshold = evaluation.threshold
    axes.axvline(threshold, color="#222222", ls="--", label=f"threshold {threshold:.3f}")
    axes.set_xlim(0, 1)
    axes.legend(frameon=False, loc="upper right")
    return figure
