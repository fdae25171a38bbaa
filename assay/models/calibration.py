"""From log-odds to calibrated probabilities, and from costs to a threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from assay.contract import CostMatrix
from assay.errors import DataError

Floats: TypeAlias = NDArray[np.float64]

_STEPS = 100


@dataclass(frozen=True, slots=True)
class Calibrator:
    """``probability = 1 / (1 + exp(-(slope * log_odds + intercept)))``, slope > 0."""

    slope: float
    intercept: float

    def probabilities(self, log_odds: Floats) -> Floats:
        """Return calibrated probabilities, same shape as `log_odds`."""
        return np.asarray(expit(self.slope * log_odds + self.intercept))


def logistic_calibration(log_odds: Floats, labels: Floats) -> Calibrator:
    """Fit Platt's calibration on rows that the estimator has not seen.

    Parameters
    ----------
    log_odds : ndarray of shape (n_rows,)
        Raw scores of the estimator.
    labels : ndarray of shape (n_rows,)
        0 or 1, both present.

    Raises
    ------
    DataError
        If the scores are constant or rank the wrong way round (slope not above 0).

    Notes
    -----
    Targets are Platt's smoothed ones, (n_1 + 1)/(n_1 + 2) and 1/(n_0 + 2), so that a
    solution exists even when the classes separate. Two parameters keep the ranking,
    need few rows and are exact in a graph; isotonic calibration needs thousands of
    rows, makes ties and converts with jumps.

    References
    ----------
    J. Platt, "Probabilistic outputs for support vector machines", 1999; H.-T. Lin,
    C.-J. Lin, R. C. Weng, "A note on Platt's probabilistic outputs", Machine Learning,
    2007.

    Examples
    --------
    >>> scores = np.array([-2.0, -1.0, 1.0, 2.0])
    >>> fit = logistic_calibration(scores, np.array([0.0, 1.0, 0.0, 1.0]))
    >>> round(fit.slope, 3), round(fit.intercept, 3) == 0
    (0.202, True)
    """
    n_bad = float(labels.sum())
    n_good = len(labels) - n_bad
    spread = float(np.std(log_odds))
    if not spread > 0:
        raise DataError(
            f"the model gives all {len(labels)} calibration rows the same score; it has "
            "learned nothing to calibrate: check the features"
        )
    targets = np.where(labels == 1, (n_bad + 1) / (n_bad + 2), 1 / (n_good + 2))
    centre = float(np.mean(log_odds))
    slope, intercept = _newton((log_odds - centre) / spread, targets)
    fitted = Calibrator(slope / spread, intercept - slope * centre / spread)
    if not fitted.slope > 0:
        raise DataError(
            f"calibration has slope {fitted.slope:.3g} on {len(labels)} rows: the model "
            "ranks bad cases below good ones on rows that it has not seen. Check that "
            "the label means 1 = bad throughout and that the data has not changed"
        )
    return fitted


def cost_threshold(costs: CostMatrix) -> float:
    """Return the probability at which both actions cost the same on average.

    At or above it the positive (adverse) action is cheaper, given calibrated
    probabilities.

    References
    ----------
    C. Elkan, "The foundations of cost-sensitive learning", IJCAI, 2001, equation 2.

    Examples
    --------
    >>> cost_threshold(CostMatrix(unit="USD", false_positive=450, false_negative=2600))
    0.14754098360655737
    """
    refusing_good = costs.false_positive - costs.true_negative
    accepting_bad = costs.false_negative - costs.true_positive
    return refusing_good / (refusing_good + accepting_bad)


def empirical_threshold(
    probabilities: Floats, labels: Floats, costs: CostMatrix
) -> tuple[float, float]:
    """Return the threshold of least cost on these very rows, and that cost a row.

    It is a comparison, not a choice: it follows the noise of its rows.

    Examples
    --------
    >>> costs = CostMatrix(unit="USD", false_positive=1, false_negative=5)
    >>> empirical_threshold(np.array([0.1, 0.2, 0.3]), np.array([0.0, 1.0, 1.0]), costs)
    (0.2, 0.0)
    """
    order = np.argsort(probabilities, kind="stable")
    ranked, bad = probabilities[order], labels[order]
    starts = np.flatnonzero(np.r_[True, np.diff(ranked) > 0])
    n_bad_below = np.r_[0.0, np.cumsum(bad)][starts]
    n_good_below = starts - n_bad_below
    n_bad, n_good = float(bad.sum()), float(len(bad) - bad.sum())
    total = (
        costs.false_negative * n_bad_below
        + costs.true_positive * (n_bad - n_bad_below)
        + costs.true_negative * n_good_below
        + costs.false_positive * (n_good - n_good_below)
    )
    accept_all = costs.false_negative * n_bad + costs.true_negative * n_good
    best = int(np.argmin(total))
    if accept_all < total[best]:
        return 1.0, accept_all / len(bad)
    return float(ranked[starts[best]]), float(total[best]) / len(bad)


def decisions(probabilities: Floats, threshold: float) -> NDArray[np.bool_]:
    """Return True where the positive (adverse) action is taken, at the threshold too.

    Examples
    --------
    >>> decisions(np.array([0.1, 0.2, 0.3]), 0.2)
    array([False,  True,  True])
    """
    return np.asarray(probabilities >= threshold)


def _newton(scores: Floats, targets: Floats) -> tuple[float, float]:
    """Minimise the log loss over slope and intercept, halving steps that overshoot."""
    design = np.column_stack((scores, np.ones_like(scores)))
    weights = np.zeros(2)
    loss = _log_loss(design @ weights, targets)
    for _ in range(_STEPS):
        shares = expit(design @ weights)
        gradient = design.T @ (shares - targets)
        curvature = design.T @ (design * (shares * (1 - shares))[:, None])
        curvature += 1e-12 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        scale = 1.0
        while (tried := _log_loss(design @ (weights - scale * step), targets)) > loss:
            scale /= 2
            if scale < 1e-10:
                return float(weights[0]), float(weights[1])
        weights, done = weights - scale * step, loss - tried <= 1e-14 * abs(loss)
        loss = tried
        if done:
            break
    return float(weights[0]), float(weights[1])


def _log_loss(log_odds: Floats, targets: Floats) -> float:
    return float(np.sum(np.logaddexp(0, log_odds) - targets * log_odds))
