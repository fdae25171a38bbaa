"""A champion watched over one window: everything measured, and what has to be told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.contract import Contract
from assay.errors import DataError
from assay.evaluation.interval import Interval, share_interval
from assay.monitoring.alarms import Alarm, AlarmPolicy, decide_alarms
from assay.monitoring.concept import Detection, ResidualDetector
from assay.monitoring.distances import ClassifierDrift, ColumnDrift, frame_drift
from assay.monitoring.estimation import (
    Estimate,
    Recalibration,
    estimate_performance,
    fit_recalibration,
)
from assay.monitoring.joint import Joint, joint_drift, told_apart
from assay.monitoring.notices import Notice, drift_notices, refusal_notices
from assay.monitoring.profile import SCORE, NumberProfile, Reference

Floats: TypeAlias = NDArray[np.float64]

RUN_ROWS = 1_000_000.0
"""Matured rows to a false alarm on concept drift, at least, on average."""


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """What is known of a window when it is watched.

    Attributes
    ----------
    rows : DataFrame
        Typed rows that keep the contract.
    probabilities : ndarray of shape (n_rows,)
        The champion's calibrated probabilities of them.
    n_received : int
        Rows received, those outside the contract included.
    matured : ndarray of shape (n_matured, 2)
        Probability and label of rows whose label matured lately, in the order of their
        time; may be empty. They are older than the window.
    matured_at : tuple of datetime
        Event times of these rows, where known.
    start : datetime or None
        First moment of the window, where known.
    """

    rows: pd.DataFrame
    probabilities: Floats
    n_received: int
    matured: Floats
    matured_at: tuple[datetime, ...] = ()
    start: datetime | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """Everything measured of one window.

    Attributes
    ----------
    drifts : tuple of ColumnDrift
        Each feature, text length, the score, and last all features together.
    alarms : tuple of Alarm
        The decisions about them, in the same order.
    outside : Interval
        Share of received rows outside the contract.
    estimate : Estimate
        Performance before labels, or why nothing can be told.
    concept : Detection
        What matured labels say of the champion's probabilities.
    notices : tuple of Notice
        What has to be told.
    told_apart : ClassifierDrift or None
        How well trees tell the window from the reference; None where the bundle keeps
        no sample or the window has too few rows. It is shown and raises no alarm: what
        moves together is among the columns.
    """

    drifts: tuple[ColumnDrift, ...]
    alarms: tuple[Alarm, ...]
    outside: Interval
    estimate: Estimate
    concept: Detection
    notices: tuple[Notice, ...]
    told_apart: ClassifierDrift | None = None


def watch(
    window: Window,
    reference: Reference,
    recalibration: Recalibration | None,
    contract: Contract,
    *,
    threshold: float,
    policy: AlarmPolicy,
    rng: np.random.Generator,
    joint: Joint | None = None,
) -> Watched:
    """Return what a window shows about a champion.

    Parameters
    ----------
    window : Window
        The rows.
    reference : Reference
        Of the champion's bundle.
    recalibration : Recalibration or None
        Of the champion's holdout; None where the holdout was too small for one.
    contract : Contract
        Limits and costs.
    threshold : float in (0, 1)
        The champion's.
    policy : AlarmPolicy
        How often alarms may be false.
    rng : Generator
        Draws the intervals of the estimate, and the halves of the classifier.
    joint : Joint, optional
        What the features looked like together.

    Raises
    ------
    DataError
        If the window has no row that keeps the contract.
    """
    if window.rows.empty:
        raise DataError(
            f"none of {window.n_received} rows of the window keeps the contract; is the "
            "feed broken, or the window before the first row?"
        )
    drifts = frame_drift(reference, window.rows, contract, window.probabilities)
    if joint is not None:
        drifts = (*drifts, joint_drift(joint, window.rows, contract))
    alarms = decide_alarms(drifts, contract.limits, policy)
    n_outside = window.n_received - len(window.rows)
    outside = share_interval(n_outside, window.n_received)
    concept, matured = _labels(window.matured, recalibration)
    estimate = _estimate(
        window, reference, recalibration, contract, threshold, matured, concept, rng
    )
    notices = (
        *drift_notices(drifts, alarms, contract, window.start),
        *refusal_notices(outside, contract),
        *_changed(concept, window, matured),
    )
    apart = told_apart(joint, window.rows, contract, rng) if joint else None
    return Watched(drifts, alarms, outside, estimate, concept, notices, apart)


def _labels(
    matured: Floats, recalibration: Recalibration | None
) -> tuple[Detection, Recalibration | None]:
    """Return what the detector saw, and the calibration of the matured rows."""
    if not len(matured):
        return Detection(None, float("-inf"), ""), None
    stated = matured[:, 0]
    held = recalibration.probabilities(stated) if recalibration else stated
    _, found = ResidualDetector(RUN_ROWS).after(held, matured[:, 1])
    try:
        return found, fit_recalibration(stated, matured[:, 1])
    except DataError:
        return found, None  # too few outcomes of a kind: the detector alone speaks


def _estimate(
    window: Window,
    reference: Reference,
    recalibration: Recalibration | None,
    contract: Contract,
    threshold: float,
    matured: Recalibration | None,
    concept: Detection,
    rng: np.random.Generator,
) -> Estimate:
    if recalibration is None:
        reason = "the bundle holds no calibration of its holdout; train a new version"
        return Estimate(len(window.rows), {}, (reason,))
    scores, span = reference.columns.get(SCORE), (0.0, 1.0)
    if isinstance(scores, NumberProfile) and scores.n_known:
        span = scores.span
    return estimate_performance(
        window.probabilities,
        recalibration,
        threshold=threshold,
        costs=contract.decision.costs,
        rng=rng,
        matured=matured,
        concept_drift=_said(concept),
        reference_range=span,
    )


def _changed(
    concept: Detection, window: Window, matured: Recalibration | None
) -> list[Notice]:
    if not concept.is_alarm:
        return []
    rows, begun = window.matured, change_began(window.matured, concept)
    evidence = {
        "first_row": concept.position,
        "since": window.matured_at[begun].isoformat() if window.matured_at else None,
        "n_matured": len(rows),
        "expected_rate": round(float(rows[:, 0].mean()), 6),
        "realised_rate": round(float(rows[:, 1].mean()), 6),
        "intercept": None if matured is None else round(matured.intercept, 6),
        "slope": None if matured is None else round(matured.slope, 6),
    }
    return [Notice("concept_drift", "label", "critical", _said(concept), evidence)]


def change_began(matured: Floats, concept: Detection) -> int:
    """Return the position of the row from which on outcomes left the probabilities.

    It is where the sum of residuals turned for good before the alarm (E. Page,
    "Continuous inspection schemes", Biometrika, 1954): an estimate, not a test.

    Parameters
    ----------
    matured : ndarray of shape (n_rows, 2)
        Probability and label, oldest first.
    concept : Detection
        An alarm about these rows.
    """
    seen = matured[: (concept.position or 0) + 1]
    sums = np.cumsum(seen[:, 1] - seen[:, 0])
    side = 1.0 if concept.direction == "worse" else -1.0
    before = np.concatenate(([0.0], side * sums[:-1]))
    return int(np.argmin(before))


def _said(concept: Detection) -> str:
    if not concept.is_alarm:
        return ""
    return f"matured labels are {concept.direction} than the probabilities say"
