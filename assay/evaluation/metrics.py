"""Every metric of a model on labelled rows, with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.contract import CostMatrix
from assay.evaluation.auc import delong_interval
from assay.evaluation.columns import SumMetrics
from assay.evaluation.interval import LEVEL, Interval
from assay.evaluation.ranking import Scored, ranking_influence, ranking_metrics, scored
from assay.evaluation.resampling import (
    intervals_of_influence,
    intervals_of_resamples,
    resample_counts,
)

Floats: TypeAlias = NDArray[np.float64]
Number = TypeVar("Number", float, Floats)
Method: TypeAlias = Literal["bootstrap", "influence"]

MOST_RESAMPLED_ROWS = 50_000
"""Above this, intervals come from influence values instead of resamples."""

_CELLS = ("true_positive", "false_positive", "true_negative", "false_negative")
_UNBOUNDED = ("cost", "log_loss", "calibration_slope", "calibration_intercept")


@dataclass(frozen=True, slots=True)
class Confusion:
    """Rows by action and outcome at the threshold; positive is the adverse action."""

    true_positives: int
    false_positives: int
    true_negatives: int
    false_negatives: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a model reached on labelled rows.

    Attributes
    ----------
    n_rows, n_positives : int
        Rows, and bad outcomes among them.
    threshold : float
        Probability at or above which the adverse action is taken.
    metrics : dict of str to Interval
        By name, see `evaluate`. A metric that is not defined on these rows (the default
        share among accepted rows when none is) is left out.
    confusion : Confusion
        Counts at the threshold.
    method : {"bootstrap", "influence"}
        Where the intervals come from.
    n_resamples : int
        Resamples that were used; 0 for influence values.
    auc_delong : Interval
        AUC with DeLong's interval, as a check.
    """

    n_rows: int
    n_positives: int
    threshold: float
    metrics: dict[str, Interval]
    confusion: Confusion
    method: Method
    n_resamples: int
    auc_delong: Interval


def evaluate(
    labels: ArrayLike,
    probabilities: ArrayLike,
    *,
    threshold: float,
    costs: CostMatrix,
    rng: np.random.Generator,
    n_resamples: int = 1000,
    level: float = LEVEL,
) -> Evaluation:
    """Return all metrics of one model on labelled rows, each with its interval.

    Parameters
    ----------
    labels, probabilities : array-like of shape (n_rows,)
        Outcomes, 0 or 1, and calibrated probabilities of 1.
    threshold : float in (0, 1)
        Probability at or above which the adverse action is taken.
    costs : CostMatrix
        Cost of each pair of action and outcome.
    rng : Generator
        Draws the resamples.
    n_resamples : int
        Resamples up to 50,000 rows; above, influence values are used.
    level : float
        Level of the intervals.

    Returns
    -------
    Evaluation
        ``auc``, ``average_precision``, ``ks`` (distance, in [0, 1]), ``brier``,
        ``log_loss`` (nats), ``ece``, ``calibration_slope``, ``calibration_intercept``,
        ``cost`` (the contract's unit, per decision), ``approval_share``,
        ``accepted_default_share`` and the four shares of the confusion matrix.

    Raises
    ------
    DataError
        If a value is NaN or out of range, or one outcome is absent.

    Notes
    -----
    Percentile intervals of resamples of rows with replacement, shifted by the mean
    difference between resamples and estimate: plug-in KS and ECE grow when rows repeat,
    so that unshifted percentiles may not even hold the estimate. Resamples that lack an
    outcome are left out. Influence values give the same interval to first order and
    take one pass; docs/methods/metrics.md compares both.

    References
    ----------
    B. Efron, R. Tibshirani, *An Introduction to the Bootstrap*, 1993; F. Hampel, "The
    influence curve and its role in robust estimation", JASA, 1974.
    """
    model = _Measured(scored(labels, probabilities), threshold, costs)
    values = model.values()
    n_rows = model.rows.n_rows
    is_large = n_rows > MOST_RESAMPLED_ROWS
    if is_large:
        metrics = intervals_of_influence(values, model.influence(), level)
    else:
        draws = map(model.resampled, resample_counts(n_rows, n_resamples, rng))
        metrics = intervals_of_resamples(values, draws, level)
    shares = [values[f"{cell}_share"] * n_rows for cell in _CELLS]
    return Evaluation(
        n_rows=n_rows,
        n_positives=model.rows.n_positives,
        threshold=threshold,
        metrics={name: _in_range(name, found) for name, found in metrics.items()},
        confusion=Confusion(*(round(share) for share in shares)),
        method="influence" if is_large else "bootstrap",
        n_resamples=0 if is_large else n_resamples,
        auc_delong=delong_interval(labels, probabilities, level=level),
    )


def compare_on_holdout(
    labels: ArrayLike,
    champion_probabilities: ArrayLike,
    challenger_probabilities: ArrayLike,
    *,
    champion_threshold: float,
    challenger_threshold: float,
    costs: CostMatrix,
    rng: np.random.Generator,
    n_resamples: int = 1000,
    level: float = LEVEL,
) -> dict[str, Interval]:
    """Return challenger minus champion for each metric, paired row by row.

    Both models are measured on the same resamples of the same rows, so that what they
    have in common cancels. Parameters, methods and names are those of `evaluate`; a
    metric that either lacks is left out.

    Raises
    ------
    DataError
        As `evaluate`, or if the models scored different numbers of rows.
    """
    champion = _Measured(
        scored(labels, champion_probabilities), champion_threshold, costs
    )
    challenger = _Measured(
        scored(labels, challenger_probabilities), challenger_threshold, costs
    )
    values = _difference(challenger.values(), champion.values())
    n_rows = champion.rows.n_rows
    if n_rows > MOST_RESAMPLED_ROWS:
        influence = _difference(challenger.influence(), champion.influence())
        return intervals_of_influence(values, influence, level)
    draws = (
        _difference(challenger.resampled(counts), champion.resampled(counts))
        for counts in resample_counts(n_rows, n_resamples, rng)
    )
    return intervals_of_resamples(values, draws, level)


class _Measured:
    """One model's rows with everything that resamples need."""

    def __init__(self, rows: Scored, threshold: float, costs: CostMatrix) -> None:
        self.rows = rows
        self._sums = SumMetrics(rows, threshold, costs)

    def values(self) -> dict[str, float]:
        everyone = np.ones((1, self.rows.n_rows))
        return {name: float(found[0]) for name, found in self._weighted(everyone).items()}

    def resampled(self, counts: Floats) -> dict[str, Floats]:
        """Return metrics of resamples whose counts are in the input's order."""
        return self._weighted(counts[:, self.rows.order])

    def influence(self) -> dict[str, Floats]:
        """Return influence values in the input's order."""
        found = ranking_influence(self.rows) | self._sums.influence()
        return {name: self.rows.input_order(values) for name, values in found.items()}

    def _weighted(self, weights: Floats) -> dict[str, Floats]:
        return ranking_metrics(self.rows, weights) | self._sums.values(weights)


def _in_range(name: str, found: Interval) -> Interval:
    """Return the interval cut to [0, 1] where the metric cannot leave it."""
    if name in _UNBOUNDED:
        return found
    return replace(found, low=max(0.0, found.low), high=min(1.0, found.high))


def _difference(
    challenger: Mapping[str, Number], champion: Mapping[str, Number]
) -> dict[str, Number]:
    return {
        name: challenger[name] - champion[name] for name in challenger if name in champion
    }
