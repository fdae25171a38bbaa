"""What a model's decisions save against treating everyone alike."""

from __future__ import annotations

import numpy as np

from assay.contract import CostMatrix
from assay.evaluation.interval import LEVEL, Interval
from assay.evaluation.ranking import scored
from assay.evaluation.resampling import intervals_of_resamples


def cost_saved(
    labels: np.ndarray,
    probabilities: np.ndarray,
    *,
    threshold: float,
    costs: CostMatrix,
    rng: np.random.Generator,
    n_resamples: int = 1000,
    level: float = LEVEL,
) -> Interval:
    """Return the cost of the better constant decision minus the model's, per decision.

    Parameters
    ----------
    labels, probabilities : ndarray of shape (n_rows,)
        Outcomes and calibrated probabilities.
    threshold : float
        Probability at or above which the adverse action is taken.
    costs : CostMatrix
        Cost of each pair of action and outcome; the result is in its unit.
    rng : Generator
        Draws the resamples, which are of rows: a table of four cells says all of them.

    Raises
    ------
    DataError
        If a value is out of range or one outcome is absent.
    """
    rows = scored(labels, probabilities)
    cell = 2 * rows.labels.astype(np.int64) + (rows.probabilities >= threshold)
    counts = np.bincount(cell, minlength=4)
    drawn = rng.multinomial(rows.n_rows, counts / rows.n_rows, size=n_resamples)
    prices = np.array(
        [
            costs.true_negative,
            costs.false_positive,
            costs.false_negative,
            costs.true_positive,
        ]
    )

    def saved(tables: np.ndarray) -> np.ndarray:
        good, bad = tables[:, :2].sum(axis=1), tables[:, 2:].sum(axis=1)
        approve = prices[0] * good + prices[2] * bad
        refuse = prices[1] * good + prices[3] * bad
        return np.asarray((np.minimum(approve, refuse) - tables @ prices) / rows.n_rows)

    value = float(saved(counts[None])[0])
    return intervals_of_resamples({"saved": value}, [{"saved": saved(drawn)}], level)[
        "saved"
    ]
