"""Metrics that are functions of sums over rows: losses, calibration, decisions."""

from __future__ import annotations

from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from assay.contract import CostMatrix
from assay.errors import DataError
from assay.evaluation.ranking import Scored

Floats: TypeAlias = NDArray[np.float64]

N_BINS = 10
"""Bins of the expected calibration error, of equal numbers of rows."""

_SHARES = (
    "brier",
    "log_loss",
    "cost",
    "approval_share",
    "true_positive_share",
    "false_positive_share",
    "true_negative_share",
    "false_negative_share",
)
_LINE_SUMS = 7


class SumMetrics:
    """Metrics of one model's rows that need only sums of per-row columns.

    Parameters
    ----------
    rows : Scored
        Sorted rows.
    threshold : float
        Probability at or above which the adverse action is taken.
    costs : CostMatrix
        Cost of each pair of action and outcome.

    Notes
    -----
    Expected calibration error: rows in order of probability are cut into ten groups of
    equal size (ties stay together, so groups may differ), and the absolute gaps between
    mean probability and bad share are averaged by size. It is biased upwards, the more
    the fewer the rows. The slope is that of a logistic regression of the label on the
    log-odds (1 when calibrated). The intercept is what such a regression adds with its
    slope held at 1 (0 when calibrated; calibration in the large): fitted together with
    the slope it would be read off at a probability of one half, where few rows are. A
    resample takes one Newton step from the full fit, which is the same to first order.

    References
    ----------
    Van Calster, Nieboer, Vergouwe, De Cock, Pencina, Steyerberg (2016). A calibration
    hierarchy for risk models was defined. Journal of Clinical Epidemiology 74.
    """

    def __init__(self, rows: Scored, threshold: float, costs: CostMatrix) -> None:
        y, p = rows.labels, rows.probabilities
        adverse = (p >= threshold).astype(np.float64)
        inside = np.clip(p, np.finfo(np.float64).eps, 1 - np.finfo(np.float64).eps)
        cells = (
            adverse * y,
            adverse * (1 - y),
            (1 - adverse) * (1 - y),
            (1 - adverse) * y,
        )
        prices = (
            costs.true_positive,
            costs.false_positive,
            costs.true_negative,
            costs.false_negative,
        )
        log_loss = -(y * np.log(inside) + (1 - y) * np.log1p(-inside))
        cost = sum(price * cell for price, cell in zip(prices, cells, strict=True))
        self._edges = _bin_edges(rows)
        log_odds = logit(inside)
        self._slope, cut = calibration_line(log_odds, y)
        self._level = _level_fit(log_odds, y)
        self._columns = np.column_stack(
            [
                (p - y) ** 2,
                log_loss,
                cost,
                1 - adverse,
                *cells,
                *_steps(log_odds, y, self._slope, cut, self._level),
                *_binned(y - p, self._edges),
            ]
        )

    def values(self, weights: Floats) -> dict[str, Floats]:
        """Return each metric for each set of row weights, (n_sets, n_rows)."""
        means = (weights @ self._columns) / weights.sum(axis=1, keepdims=True)
        found = dict(zip(_SHARES, means.T, strict=False))
        accepted = found["approval_share"]
        bad_share = np.full_like(accepted, np.nan)
        np.divide(
            found["false_negative_share"], accepted, out=bad_share, where=accepted > 0
        )
        first = len(_SHARES)
        last = first + _LINE_SUMS
        slope, intercept = _one_step(means[:, first:last])
        return found | {
            "accepted_default_share": bad_share,
            "ece": np.abs(means[:, last:]).sum(axis=1),
            "calibration_slope": self._slope + slope,
            "calibration_intercept": self._level + intercept,
        }

    def influence(self) -> dict[str, Floats]:
        """Return each row's influence on each metric, in sorted order, (n_rows,)."""
        columns = self._columns
        means = columns.mean(axis=0)
        centred = columns - means
        found = dict(zip(_SHARES, centred.T, strict=False))
        accepted, missed = means[3], means[7]
        if accepted > 0:
            found["accepted_default_share"] = (
                columns[:, 7] - missed / accepted * columns[:, 3]
            ) / accepted
        first = len(_SHARES)
        last = first + _LINE_SUMS
        found["ece"] = centred[:, last:] @ np.sign(means[last:])
        curvature = means[[first + 2, first + 3, first + 3, first + 4]].reshape(2, 2)
        steps = columns[:, first : first + 2] @ np.linalg.pinv(curvature)
        found["calibration_slope"] = steps[:, 0]
        found["calibration_intercept"] = columns[:, last - 2] / means[last - 1]
        return found


def _bin_edges(rows: Scored) -> list[int]:
    """Return where equal-mass bins start, moved back to the start of a tie."""
    wanted = np.linspace(0, rows.n_rows, N_BINS + 1)[:-1].round().astype(np.int64)
    starts = rows.starts[rows.group[np.minimum(wanted, rows.n_rows - 1)]]
    return [*np.unique(starts).tolist(), rows.n_rows]


def _binned(values: Floats, edges: list[int]) -> list[Floats]:
    binned = []
    for start, end in pairwise(edges):
        column = np.zeros_like(values)
        column[start:end] = values[start:end]
        binned.append(column)
    return binned


def calibration_line(log_odds: Floats, y: Floats) -> tuple[float, float]:
    """Return slope and intercept of the label on the log-odds, by damped Newton.

    Parameters
    ----------
    log_odds, y : ndarray of shape (n_rows,)
        Finite log-odds of label 1, and labels 0 and 1.

    Raises
    ------
    DataError
        If the fit does not end in finite numbers.
    """
    if np.ptp(log_odds) == 0:
        return 1.0, float(logit(y.mean()) - log_odds[0])
    weights = np.array([1.0, 0.0])
    for _ in range(50):
        fitted = expit(weights[0] * log_odds + weights[1])
        spread = fitted * (1 - fitted)
        gradient = np.array([(y - fitted) @ log_odds, (y - fitted).sum()])
        cross = spread @ log_odds
        curvature = np.array([[spread @ log_odds**2, cross], [cross, spread.sum()]])
        step = np.linalg.pinv(curvature) @ gradient
        step *= min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-300))
        weights = weights + step
        if float(np.abs(step).max()) < 1e-12:
            break
    if not np.isfinite(weights).all():
        raise DataError(
            f"no calibration slope exists on {len(y)} rows; give more labelled rows"
        )
    return float(weights[0]), float(weights[1])


def _level_fit(log_odds: Floats, y: Floats) -> float:
    """Return what is to be added to all log-odds to fit the label, by damped Newton."""
    level = 0.0
    for _ in range(200):
        fitted = expit(log_odds + level)
        step = (y - fitted).sum() / max((fitted * (1 - fitted)).sum(), 1e-300)
        level += float(np.clip(step, -2.0, 2.0))
        if abs(step) < 1e-12:
            break
    return level


def _steps(
    log_odds: Floats, y: Floats, slope: float, cut: float, level: float
) -> tuple[Floats, ...]:
    """Return per row what a Newton step of the line and of the level needs."""
    fitted, raised = expit(slope * log_odds + cut), expit(log_odds + level)
    spread = fitted * (1 - fitted)
    line = (y - fitted) * log_odds, y - fitted
    curvature = spread * log_odds**2, spread * log_odds, spread
    return *line, *curvature, y - raised, raised * (1 - raised)


def _one_step(sums: Floats) -> tuple[Floats, Floats]:
    by_slope, by_cut, a, b, c, by_level, spread = sums.T
    determinant = a * c - b * b
    usable = determinant > 1e-300
    slope = np.zeros_like(determinant)
    np.divide(c * by_slope - b * by_cut, determinant, out=slope, where=usable)
    level = np.zeros_like(spread)
    np.divide(by_level, spread, out=level, where=spread > 1e-300)
    return slope, level
