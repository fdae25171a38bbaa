"""Rows in order of their score, and the weighted metrics that the order gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import DataError

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Scored:
    """Labels and probabilities, checked, in rising order of probability.

    Attributes
    ----------
    labels, probabilities : ndarray of shape (n_rows,)
        In rising order of probability.
    order : ndarray of shape (n_rows,)
        Position that each had in the input.
    starts : ndarray of shape (n_groups,)
        First position of each group of equal probability.
    group : ndarray of shape (n_rows,)
        Group of each row.
    """

    labels: Floats
    probabilities: Floats
    order: Ints
    starts: Ints
    group: Ints

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.labels)

    @property
    def n_positives(self) -> int:
        """Number of bad outcomes."""
        return int(self.labels.sum())

    def input_order(self, values: Floats) -> Floats:
        """Return row values, shape (n_rows,), in the order of the input."""
        found = np.empty_like(values)
        found[self.order] = values
        return found


def scored(labels: ArrayLike, probabilities: ArrayLike) -> Scored:
    """Return labels and probabilities checked and sorted.

    Raises
    ------
    DataError
        If lengths differ, a label is not 0 or 1, a class is absent, or a probability is
        NaN or outside [0, 1].
    """
    outcome = np.asarray(labels, dtype=np.float64)
    chance = np.asarray(probabilities, dtype=np.float64)
    if outcome.ndim != 1 or outcome.shape != chance.shape:
        raise DataError(
            f"labels have shape {outcome.shape} and probabilities {chance.shape}; give "
            "two 1-D arrays of one length"
        )
    n_odd = int(np.count_nonzero((outcome != 0) & (outcome != 1)))
    if n_odd:
        raise DataError(f"{n_odd} of {len(outcome)} labels are neither 0 nor 1")
    n_odd = int(np.count_nonzero(~((chance >= 0) & (chance <= 1))))
    if n_odd:
        raise DataError(
            f"{n_odd} of {len(chance)} probabilities are NaN or outside [0, 1]"
        )
    n_positives = int(outcome.sum())
    if not 0 < n_positives < len(outcome):
        raise DataError(
            f"{n_positives} of {len(outcome)} outcomes are bad; metrics need both "
            "outcomes: wait for labels or take a longer window"
        )
    order = np.argsort(chance, kind="stable")
    ranked = chance[order]
    is_start = np.r_[True, ranked[1:] > ranked[:-1]]
    starts = np.flatnonzero(is_start)
    return Scored(outcome[order], ranked, order, starts, np.cumsum(is_start) - 1)


def ranking_metrics(rows: Scored, weights: Floats) -> dict[str, Floats]:
    """Return AUC, average precision and KS distance for each set of row weights.

    Parameters
    ----------
    rows : Scored
        Sorted rows.
    weights : ndarray of shape (n_sets, n_rows)
        How often each row counts; sets that lack a class give NaN.

    Returns
    -------
    dict of str to ndarray of shape (n_sets,)
        ``auc``: share of pairs of a bad and a good row in which the bad one has the
        higher probability, ties half. ``average_precision``: scikit-learn's, steps at
        distinct probabilities. ``ks``: largest gap between the distribution functions
        of the two classes.
    """
    bad = weights * rows.labels
    good = weights - bad
    if len(rows.starts) < rows.n_rows:
        bad = np.add.reduceat(bad, rows.starts, axis=1)
        good = np.add.reduceat(good, rows.starts, axis=1)
    bad_to, good_to = np.cumsum(bad, axis=1), np.cumsum(good, axis=1)
    n_bad, n_good = bad_to[:, -1:].copy(), good_to[:, -1:].copy()
    n_bad[n_bad <= 0] = np.nan
    n_good[n_good <= 0] = np.nan
    pairs = np.einsum("ij,ij->i", bad, good_to - 0.5 * good)
    bad_from = n_bad - bad_to + bad
    from_here = bad_from + (n_good - good_to + good)
    precision = np.divide(
        bad_from, from_here, out=np.zeros_like(bad_from), where=from_here > 0
    )
    return {
        "auc": pairs / (n_bad * n_good)[:, 0],
        "average_precision": np.einsum("ij,ij->i", bad, precision) / n_bad[:, 0],
        "ks": np.abs(good_to / n_good - bad_to / n_bad).max(axis=1),
    }


def ranking_influence(rows: Scored) -> dict[str, Floats]:
    """Return how much each row moves each ranking metric.

    Returns
    -------
    dict of str to ndarray of shape (n_rows,)
        Influence values in sorted order: mean zero, and the metric's variance is about
        their mean square over n_rows. For AUC they are DeLong's placements.

    References
    ----------
    E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, "Comparing the areas under two or
    more correlated receiver operating characteristic curves", Biometrics, 1988.
    """
    y, n = rows.labels, rows.n_rows
    bad = np.add.reduceat(y, rows.starts)
    good = np.add.reduceat(1 - y, rows.starts)
    bad_to, good_to = np.cumsum(bad), np.cumsum(good)
    n_bad, n_good = bad_to[-1], good_to[-1]
    share = n_bad / n
    auc_good = ((good_to - 0.5 * good) / n_good)[rows.group]
    auc_bad = ((n_bad - bad_to + 0.5 * bad) / n_bad)[rows.group]
    auc = np.sum(y * auc_good) / n_bad
    bad_from, good_from = n_bad - bad_to + bad, n_good - good_to + good
    total = bad_from + good_from
    precision = np.sum(bad * bad_from / total) / n_bad
    # A row counts in the precision of every group at or below its own.
    as_bad = np.cumsum(bad / total - bad * bad_from / total**2)[rows.group]
    as_good = np.cumsum(-bad * bad_from / total**2)[rows.group]
    own = (bad_from / total)[rows.group]
    gaps = good_to / n_good - bad_to / n_bad
    widest = int(np.argmax(np.abs(gaps)))
    below = (rows.group <= widest).astype(np.float64)
    shares = good_to[widest] / n_good, bad_to[widest] / n_bad
    return {
        "auc": y / share * (auc_good - auc) + (1 - y) / (1 - share) * (auc_bad - auc),
        "average_precision": n
        / n_bad
        * (y * (own + as_bad - precision) + (1 - y) * as_good),
        "ks": np.sign(gaps[widest])
        * ((1 - y) / (1 - share) * (below - shares[0]) - y / share * (below - shares[1])),
    }
