"""Rows with uncertain outcomes, sorted by score and gathered into cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.contract import CostMatrix

Floats: TypeAlias = NDArray[np.float64]

MOST_CELLS = 5_000


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Rows by rising score; up to 5,000 rows each is a cell of its own.

    Attributes
    ----------
    scores : ndarray of shape (n_cells,)
        Mean stated probability.
    squares : ndarray of shape (n_cells,)
        Sum of the squared stated probabilities.
    n_rows : ndarray of shape (n_cells,)
        Rows of each cell.
    is_adverse : ndarray of bool, shape (n_cells,)
        Whether the cell is at or above the threshold; no cell spans it.
    """

    scores: Floats
    squares: Floats
    n_rows: Floats
    is_adverse: NDArray[np.bool_]
    starts: NDArray[np.intp]
    order: NDArray[np.intp]

    def means(self, values: ArrayLike) -> Floats:
        """Return the mean of a value of each row, by cell."""
        rows = np.asarray(values, dtype=np.float64)[self.order]
        return np.add.reduceat(rows, self.starts) / self.n_rows


def gather(scores: ArrayLike, threshold: float) -> Cells:
    """Return the cells of some rows.

    Parameters
    ----------
    scores : array-like of shape (n_rows,)
        Stated probabilities; at least one.
    threshold : float
        Probability at or above which the adverse action is taken.
    """
    stated = np.asarray(scores, dtype=np.float64)
    order = np.argsort(stated, kind="stable")
    ordered = stated[order]
    cuts = np.linspace(0, len(ordered), min(len(ordered), MOST_CELLS) + 1)[:-1]
    turn = np.searchsorted(ordered, threshold, side="left")
    starts = np.unique(np.append(cuts.astype(np.intp), turn))
    starts = starts[starts < len(ordered)]
    n_rows = np.diff(np.append(starts, len(ordered))).astype(np.float64)
    sums = np.add.reduceat(ordered, starts)
    squares = np.add.reduceat(ordered**2, starts)
    return Cells(sums / n_rows, squares, n_rows, starts >= turn, starts, order)


def cell_metrics(cells: Cells, n_bad: Floats, costs: CostMatrix) -> dict[str, Floats]:
    """Return metrics from bad rows by cell, expected or drawn.

    Parameters
    ----------
    cells : Cells
        The rows.
    n_bad : ndarray of shape (..., n_cells)
        Bad rows of each cell; need not be whole.
    costs : CostMatrix
        Cost of each pair of action and outcome.

    Returns
    -------
    dict of str to ndarray of shape (...)
        ``auc`` (NaN where an outcome is absent), ``brier``, ``cost`` a decision,
        ``default_rate``, ``accepted_default_share`` and the four shares of the
        confusion matrix.
    """
    n_total = cells.n_rows.sum()
    n_good = cells.n_rows - n_bad
    adverse = cells.is_adverse
    shares = {
        "true_positive_share": n_bad[..., adverse].sum(axis=-1) / n_total,
        "false_positive_share": n_good[..., adverse].sum(axis=-1) / n_total,
        "true_negative_share": n_good[..., ~adverse].sum(axis=-1) / n_total,
        "false_negative_share": n_bad[..., ~adverse].sum(axis=-1) / n_total,
    }
    cost = (
        costs.true_positive * shares["true_positive_share"]
        + costs.false_positive * shares["false_positive_share"]
        + costs.true_negative * shares["true_negative_share"]
        + costs.false_negative * shares["false_negative_share"]
    )
    accepted = cells.n_rows[~adverse].sum()
    bad_accepted = shares["false_negative_share"] * n_total
    squared = cells.squares.sum() + (n_bad * (1 - 2 * cells.scores)).sum(axis=-1)
    return {
        "auc": _auc(n_bad, n_good, cells.scores),
        "brier": squared / n_total,
        "cost": cost,
        "default_rate": n_bad.sum(axis=-1) / n_total,
        "accepted_default_share": bad_accepted / accepted
        if accepted
        else np.full(bad_accepted.shape, np.nan),
        **shares,
    }


def _auc(n_bad: Floats, n_good: Floats, scores: Floats) -> Floats:
    """Return the chance that a bad row outranks a good one, ties counted half."""
    ties = np.flatnonzero(np.append(True, scores[1:] != scores[:-1]))
    bad = np.add.reduceat(n_bad, ties, axis=-1)
    good = np.add.reduceat(n_good, ties, axis=-1)
    below = np.cumsum(good, axis=-1) - good / 2
    pairs = bad.sum(axis=-1) * good.sum(axis=-1)
    wins = (bad * below).sum(axis=-1)
    found: Floats = np.full(pairs.shape, np.nan)
    np.divide(wins, pairs, out=found, where=pairs > 0)
    return found
