"""The mean AUC over folds, with an interval that respects how folds are made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.errors import DataError
from assay.evaluation.interval import LEVEL, Interval, normal_interval
from assay.evaluation.ranking import ranking_influence, ranking_metrics, scored

Floats: TypeAlias = NDArray[np.float64]


def mean_fold_auc(
    folds: Sequence[tuple[Floats, Floats]], *, level: float = LEVEL
) -> Interval:
    """Return the mean of the folds' AUCs with its influence-function interval.

    Parameters
    ----------
    folds : sequence of (labels, log_odds)
        Outcomes and raw scores of each fold's test rows; no row is in two folds.
    level : float
        Level of the interval.

    Raises
    ------
    DataError
        If there is no fold or one holds a single class.

    Notes
    -----
    The spread of five AUCs says little about their mean: folds share training rows. The
    variance is the mean square influence of the test rows within their folds, over the
    number of test rows. The interval is about the AUC of models fitted on this much
    data, given these training rows.

    References
    ----------
    E. LeDell, M. Petersen, M. van der Laan, "Computationally efficient confidence
    intervals for cross-validated area under the ROC curve estimates", Electronic
    Journal of Statistics, 2015.
    """
    if not folds:
        raise DataError("no folds; give at least one")
    aucs, squares, n_rows = [], [], 0
    for labels, log_odds in folds:
        rows = scored(labels, _spread(log_odds))
        aucs.append(float(ranking_metrics(rows, np.ones((1, rows.n_rows)))["auc"][0]))
        squares.append(float(np.mean(ranking_influence(rows)["auc"] ** 2)))
        n_rows += rows.n_rows
    error = np.sqrt(np.mean(squares) / n_rows)
    return normal_interval(float(np.mean(aucs)), float(error), level)


def _spread(log_odds: Floats) -> Floats:
    """Return ranks scaled into (0, 1): ties stay, and no sigmoid can make new ones."""
    distinct, ranks = np.unique(log_odds, return_inverse=True)
    return np.asarray((ranks + 0.5) / len(distinct))
