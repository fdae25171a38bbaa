"""A window's findings as pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from assay.contract import Contract
from assay.monitoring.alarms import Alarm
from assay.monitoring.profile import SCORE
from assay.monitoring.watch import Watched

MOST_COLUMNS = 20
MOVED, STILL, QUIET = "#b3341f", "#1f6f8b", "#8a8f98"


def watch_plots(watched: Watched, contract: Contract) -> dict[str, Figure]:
    """Return the figures by name: ``stability`` and, where scores are known, ``score``.

    Parameters
    ----------
    watched : Watched
        The window.
    contract : Contract
        Its limit is drawn.
    """
    figures = {"stability": stability_plot(watched.alarms, contract)}
    if any(drift.name == SCORE for drift in watched.drifts):
        figures["score"] = _score(watched)
    return figures


def stability_plot(alarms: Sequence[Alarm], contract: Contract) -> Figure:
    """Return how far each column moved, beside what chance gives and the limit.

    Parameters
    ----------
    alarms : sequence of Alarm
        The decisions about the columns; the ones that moved most are drawn.
    contract : Contract
        Its limit is drawn.
    """
    known = [alarm for alarm in alarms if not np.isnan(alarm.psi)]
    shown = sorted(known, key=lambda alarm: alarm.psi)[-MOST_COLUMNS:]
    figure = Figure(figsize=(6.4, 1.2 + 0.28 * max(len(shown), 4)), layout="constrained")
    axes = figure.add_subplot()
    places = np.arange(len(shown))
    colours = [MOVED if alarm.is_raised else STILL for alarm in shown]
    axes.barh(places, [alarm.psi for alarm in shown], color=colours)
    axes.plot(
        [alarm.psi_null for alarm in shown], places, "|", color="black", markersize=9
    )
    axes.axvline(contract.limits.psi, color=QUIET, linestyle="--", linewidth=1)
    axes.set_yticks(places, [alarm.name for alarm in shown], fontsize=8)
    axes.set_xlabel("PSI in nats; | what chance gives, -- the contract's limit")
    axes.set_title("Stability of each column", loc="left", fontsize=11)
    return figure


def _score(watched: Watched) -> Figure:
    drift = next(one for one in watched.drifts if one.name == SCORE)
    before = drift.reference_counts / max(drift.reference_counts.sum(), 1)
    now = drift.current_counts / max(drift.current_counts.sum(), 1)
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    axes = figure.add_subplot()
    places = np.arange(len(before))
    axes.bar(places - 0.2, before, 0.4, color=QUIET, label="reference")
    axes.bar(places + 0.2, now, 0.4, color=STILL, label="window")
    axes.set_xlabel("bin of the score, lowest first")
    axes.set_ylabel("share of rows")
    axes.set_title("Scores", loc="left", fontsize=11)
    axes.legend(frameon=False)
    return figure
