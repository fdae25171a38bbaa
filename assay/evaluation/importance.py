"""How much of the AUC hangs on each feature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.evaluation.interval import LEVEL, Interval, normal_interval
from assay.evaluation.ranking import ranking_influence, ranking_metrics, scored

Floats: TypeAlias = NDArray[np.float64]


def permutation_importance(
    labels: Floats,
    matrix: Floats,
    names: Sequence[str],
    probabilities: Callable[[Floats], Floats],
    *,
    rng: np.random.Generator,
    n_repeats: int = 3,
    most_rows: int = 10_000,
    level: float = LEVEL,
) -> dict[str, Interval]:
    """Return the AUC lost when a feature's values are dealt anew, largest loss first.

    Parameters
    ----------
    labels : ndarray of shape (n_rows,)
        Outcomes.
    matrix : ndarray of shape (n_rows, n_features)
        Design matrix of rows that the model has not seen; it is not changed.
    names : sequence of str, length n_features
        Names of its columns.
    probabilities : callable
        From a design matrix to probabilities.
    rng : Generator
        Draws rows and permutations.
    n_repeats : int
        Permutations that are averaged.
    most_rows : int
        Larger matrices are sampled down to this.

    Returns
    -------
    dict of str to Interval
        Loss in AUC; the interval is by the paired influence of rows, so that it covers
        the choice of rows. Correlated features share their loss: a small value does not
        say that a feature carries nothing.

    References
    ----------
    A. Fisher, C. Rudin, F. Dominici, "All models are wrong, but many are useful",
    Journal of Machine Learning Research, 2019.
    """
    if len(labels) > most_rows:
        chosen = np.sort(rng.choice(len(labels), most_rows, replace=False))
        if 0 < labels[chosen].sum() < most_rows:
            labels, matrix = labels[chosen], matrix[chosen]
    whole, whole_influence = _auc(labels, probabilities(matrix))
    found = {}
    n_rows = len(labels)
    for column, name in enumerate(names):
        shuffled = np.tile(matrix, (n_repeats, 1))
        shuffled[:, column] = np.concatenate(
            [rng.permutation(matrix[:, column]) for _ in range(n_repeats)]
        )
        chances = probabilities(shuffled).reshape(n_repeats, n_rows)
        losses, influence = 0.0, np.zeros(n_rows)
        for repeat in chances:
            auc, of_rows = _auc(labels, repeat)
            losses += (whole - auc) / n_repeats
            influence += (whole_influence - of_rows) / n_repeats
        error = float(np.std(influence)) / np.sqrt(n_rows)
        found[name] = normal_interval(losses, error, level)
    return dict(sorted(found.items(), key=lambda item: -item[1].value))


def _auc(labels: Floats, probabilities: Floats) -> tuple[float, Floats]:
    rows = scored(labels, probabilities)
    auc = float(ranking_metrics(rows, np.ones((1, rows.n_rows)))["auc"][0])
    return auc, rows.input_order(ranking_influence(rows)["auc"])
