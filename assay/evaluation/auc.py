"""The interval of one AUC: DeLong's as published, and one that thin groups can trust."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import expit, logit
from scipy.stats import norm

from assay.evaluation.interval import LEVEL, Interval, normal_interval
from assay.evaluation.ranking import Scored, ranking_influence, ranking_metrics, scored


def delong_interval(
    labels: ArrayLike, probabilities: ArrayLike, *, level: float = LEVEL
) -> Interval:
    """Return the AUC with DeLong's interval, normal on the AUC's own scale.

    With ten bad outcomes and an AUC of 0.9 its lower end is above the truth six times
    as often as it says (docs/results/promotion_gate.md): `auc_interval` is for deciding.

    References
    ----------
    DeLong, DeLong, Clarke-Pearson, Biometrics, 1988; the variance by placements is that
    of X. Sun, W. Xu, "Fast implementation of DeLong's algorithm", IEEE Signal
    Processing Letters, 2014.

    Examples
    --------
    >>> print(delong_interval([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]))
    0.7500 [0.0570, 1.0000]
    """
    value, error = _value_and_error(scored(labels, probabilities))
    found = normal_interval(value, error, level)
    return Interval(value, max(0.0, found.low), min(1.0, found.high), level)


def auc_interval(
    labels: ArrayLike, probabilities: ArrayLike, *, level: float = LEVEL
) -> Interval:
    """Return the AUC with an interval that holds in small groups and at 0 and 1.

    Parameters
    ----------
    labels, probabilities : array-like of shape (n_rows,)
        Outcomes, 0 or 1, and probabilities in [0, 1].
    level : float in (0, 1)
        Level of the interval.

    Raises
    ------
    DataError
        If a value is out of range, or one outcome is absent.

    Notes
    -----
    The outer ends of two intervals: DeLong's, taken on the log-odds of the AUC, and
    Newcombe's, which solves for the AUCs that the estimate does not speak against. The
    first follows the scores' own spread; the second knows how few rows there are, also
    where every pair is in order and DeLong's variance is zero.

    References
    ----------
    R. G. Newcombe, "Confidence intervals for an effect size measure based on the
    Mann-Whitney statistic. Part 2: asymptotic methods and evaluation", Statistics in
    Medicine, 2006, method 5; M. S. Pepe, *The Statistical Evaluation of Medical Tests
    for Classification and Prediction*, 2003, for the log-odds.

    Examples
    --------
    >>> print(auc_interval([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]))
    0.7500 [0.0693, 0.9918]
    """
    rows = scored(labels, probabilities)
    value, error = _value_and_error(rows)
    low, high = _newcombe(value, rows.n_positives, rows.n_rows, level)
    if 0 < value < 1:
        reach = float(norm.ppf(0.5 + level / 2)) * error / (value * (1 - value))
        centre = float(logit(value))
        low = min(low, float(expit(centre - reach)))
        high = max(high, float(expit(centre + reach)))
    return Interval(value, min(low, value), max(high, value), level)


def _value_and_error(rows: Scored) -> tuple[float, float]:
    """Return the AUC and DeLong's standard error."""
    auc = float(ranking_metrics(rows, np.ones((1, rows.n_rows)))["auc"][0])
    influence = ranking_influence(rows)["auc"]
    variance = 0.0
    for outcome in (0, 1):
        placed = influence[rows.labels == outcome]
        if len(placed) > 1:
            shares = placed * len(placed) / rows.n_rows
            variance += float(np.var(shares, ddof=1)) / len(placed)
    return auc, sqrt(variance)


def _newcombe(value: float, n_bad: int, n_rows: int, level: float) -> tuple[float, float]:
    """Return the ends of Newcombe's interval; those of 1 - AUC are its mirror."""
    low = _newcombe_low(value, n_bad, n_rows - n_bad, level)
    return low, 1 - _newcombe_low(1 - value, n_bad, n_rows - n_bad, level)


def _newcombe_low(value: float, n_bad: int, n_good: int, level: float) -> float:
    """Return the smallest AUC that the estimate does not speak against."""
    if value <= 0:
        return 0.0
    z = float(norm.ppf(0.5 + level / 2))
    weight = (n_bad + n_good) / 2 - 1

    def beyond(auc: float) -> float:
        ties = weight * ((1 - auc) / (2 - auc) + auc / (1 + auc))
        variance = auc * (1 - auc) * (1 + ties) / (n_bad * n_good)
        return (value - auc) ** 2 - z * z * variance

    # At an AUC of 1 the variance is 0 and 1 itself a root: the other one is wanted.
    return float(brentq(beyond, 0.0, min(value, 1 - 1e-9), xtol=1e-12))
