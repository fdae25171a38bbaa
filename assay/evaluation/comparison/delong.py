"""The difference of two AUCs on the same rows, by DeLong's method."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from assay.errors import DataError
from assay.evaluation.interval import LEVEL, Interval, normal_interval
from assay.evaluation.ranking import ranking_influence, ranking_metrics, scored


def auc_gain(
    labels: ArrayLike,
    champion_probabilities: ArrayLike,
    challenger_probabilities: ArrayLike,
    *,
    level: float = LEVEL,
) -> Interval:
    """Return the challenger's AUC minus the champion's, with DeLong's interval.

    Parameters
    ----------
    labels : array-like of shape (n_rows,)
        Outcomes, 0 or 1.
    champion_probabilities, challenger_probabilities : array-like of shape (n_rows,)
        Probabilities in [0, 1] of the same rows.
    level : float
        Level of the interval.

    Raises
    ------
    DataError
        If a value is out of range, an outcome is absent, or the numbers of rows differ.

    Notes
    -----
    A difference that is 0 on every placement, as of two scores of one order, has the
    interval [0, 0].

    References
    ----------
    E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, "Comparing the areas under two or
    more correlated receiver operating characteristic curves", Biometrics, 1988.
    """
    outcomes = np.asarray(labels, dtype=np.float64)
    both = [
        scored(outcomes, p) for p in (champion_probabilities, challenger_probabilities)
    ]
    aucs = [float(ranking_metrics(r, np.ones((1, r.n_rows)))["auc"][0]) for r in both]
    champion, challenger = (r.input_order(ranking_influence(r)["auc"]) for r in both)
    if min(both[0].n_positives, both[0].n_rows - both[0].n_positives) < 2:
        raise DataError("two rows of each outcome are the fewest that have a variance")
    variance = 0.0
    for outcome in (0, 1):
        part = (challenger - champion)[outcomes == outcome]
        placed = part * len(part) / len(outcomes)
        variance += float(np.var(placed, ddof=1)) / len(part)
    return normal_interval(aucs[1] - aucs[0], float(np.sqrt(variance)), level)
