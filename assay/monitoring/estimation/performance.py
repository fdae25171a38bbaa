"""Performance before labels: what the probabilities themselves imply, and its limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from assay.contract import CostMatrix
from assay.evaluation.interval import Interval
from assay.monitoring.estimation.cells import Cells, cell_metrics, gather
from assay.monitoring.estimation.recalibration import (
    Floats,
    Recalibration,
    log_odds,
)

LEVEL = 0.90
N_DRAWS = 500
FEWEST_ROWS = 50
LOST_CALIBRATION = 0.01
"""p-value of matured labels under which calibration counts as lost."""

MOST_OUTSIDE = 0.05
"""Share of scores beyond those of the reference above which nothing is estimated."""

_BLOCK_VALUES = 2_000_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """Performance of a window whose labels are not known yet.

    Attributes
    ----------
    n_rows : int
        Rows of the window.
    metrics : dict of str to Interval
        By name, see `assay.monitoring.estimation.cells.cell_metrics`; empty where
        nothing can be told. An interval holds the metric that these very rows will
        show once their labels are known, with its level.
    reasons : tuple of str
        Why nothing can be told; empty where it can.
    """

    n_rows: int
    metrics: dict[str, Interval]
    reasons: tuple[str, ...]

    @property
    def can_tell(self) -> bool:
        """True where an estimate was made."""
        return not self.reasons


def estimate_performance(
    probabilities: ArrayLike,
    recalibration: Recalibration,
    *,
    threshold: float,
    costs: CostMatrix,
    rng: np.random.Generator,
    matured: Recalibration | None = None,
    concept_drift: str = "",
    reference_range: tuple[float, float] = (0.0, 1.0),
    level: float = LEVEL,
) -> Estimate:
    """Return what the window's probabilities imply, or why nothing can be told.

    Parameters
    ----------
    probabilities : array-like of shape (n_rows,)
        The champion's probabilities of the window.
    recalibration : Recalibration
        Of labelled rows that the champion did not learn from: it corrects the
        probabilities and says how well they are known.
    threshold : float in (0, 1)
        Probability at or above which the adverse action is taken.
    costs : CostMatrix
        Cost of each pair of action and outcome.
    rng : Generator
        Draws calibrations and outcomes.
    matured : Recalibration, optional
        Of the newest matured labels, fitted on the champion's own probabilities too.
    concept_drift : str, default=""
        What a detector of `assay.monitoring.concept` says; empty where it is silent.
    reference_range : tuple of float
        Lowest and highest probability of the reference.
    level : float in (0, 1)
        Level of the intervals.

    Raises
    ------
    DataError
        If a probability is NaN or outside [0, 1].

    Notes
    -----
    Confidence-based performance estimation: given the features, an outcome is a coin
    with the calibrated probability, so that every metric has a law. It holds while the
    law of the label given the features does; under concept drift the numbers are void,
    and none is given. Intervals come from 500 draws of the calibration and of the
    outcomes, so that they hold both what is not known and what is not decided yet.

    References
    ----------
    NannyML, "Confidence-based Performance Estimation", 2022; J. Kivimäki, J. Białek,
    J. Nurminen, W. Kuberski, "Confidence-based Estimators for Predictive Performance in
    Model Monitoring", JAIR, 2025.
    """
    stated = np.asarray(probabilities, dtype=np.float64)
    odds = log_odds(stated)
    reasons = _reasons(stated, recalibration, matured, concept_drift, reference_range)
    if reasons:
        return Estimate(len(stated), {}, reasons)
    cells = gather(stated, threshold)
    likely = cells.means(recalibration.probabilities(stated)) * cells.n_rows
    values = cell_metrics(cells, likely, costs)
    values["auc"] = np.asarray(expected_auc(stated, recalibration.probabilities(stated)))
    draws = _draws(cells, cells.means(odds), recalibration, costs, rng)
    return Estimate(
        len(stated),
        {
            name: _interval(float(value), draws[name], level)
            for name, value in values.items()
        },
        (),
    )


def expected_auc(scores: ArrayLike, probabilities: ArrayLike) -> float:
    """Return the AUC to expect if outcomes are coins with these probabilities.

    Parameters
    ----------
    scores : array-like of shape (n_rows,)
        What ranks the rows.
    probabilities : array-like of shape (n_rows,)
        Chance that each is bad.

    Returns
    -------
    float
        Expected wins over expected pairs of two different rows; NaN where no row can
        be bad or none good.

    Examples
    --------
    >>> expected_auc([0.1, 0.9], [0.0, 1.0])
    1.0
    """
    order = np.argsort(np.asarray(scores), kind="stable")
    ranked = np.asarray(scores, dtype=np.float64)[order]
    bad = np.asarray(probabilities, dtype=np.float64)[order]
    starts = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1]))
    tied_bad, tied_good = np.add.reduceat(bad, starts), np.add.reduceat(1 - bad, starts)
    itself = float((bad * (1 - bad)).sum())
    wins = float((tied_bad * (np.cumsum(tied_good) - tied_good / 2)).sum()) - itself / 2
    pairs = float(bad.sum() * (1 - bad).sum()) - itself
    return wins / pairs if pairs > 0 else float("nan")


def _reasons(
    stated: Floats,
    recalibration: Recalibration,
    matured: Recalibration | None,
    concept_drift: str,
    reference_range: tuple[float, float],
) -> tuple[str, ...]:
    found = []
    if len(stated) < FEWEST_ROWS:
        found.append(f"{len(stated)} rows; {FEWEST_ROWS} are the fewest to estimate from")
    if concept_drift:
        found.append(f"concept drift: {concept_drift}")
    p_value = 1.0 if matured is None else matured.p_value(recalibration)
    if matured is not None and p_value < LOST_CALIBRATION:
        found.append(
            f"calibration is lost: {matured.n_rows} matured labels give intercept "
            f"{matured.intercept:+.2f} and slope {matured.slope:.2f}, the reference "
            f"{recalibration.intercept:+.2f} and {recalibration.slope:.2f}, p "
            f"{p_value:.1e}"
        )
    low, high = reference_range
    outside = float(np.mean((stated < low) | (stated > high))) if len(stated) else 0.0
    if outside > MOST_OUTSIDE:
        found.append(
            f"{outside:.1%} of the scores lie outside the reference's "
            f"[{low:.4f}, {high:.4f}], where calibration was never checked"
        )
    return tuple(found)


def _draws(
    cells: Cells,
    odds: Floats,
    recalibration: Recalibration,
    costs: CostMatrix,
    rng: np.random.Generator,
) -> dict[str, Floats]:
    lines = rng.multivariate_normal(
        [recalibration.intercept, recalibration.slope],
        recalibration.matrix(),
        size=N_DRAWS,
    )
    n_blocks = max(1, N_DRAWS * len(odds) // _BLOCK_VALUES)
    found: list[dict[str, Floats]] = []
    for block in np.array_split(lines, n_blocks):
        chances = expit(block[:, :1] + block[:, 1:] * odds)
        n_bad = rng.binomial(cells.n_rows.astype(np.int64), chances)
        found.append(cell_metrics(cells, n_bad.astype(np.float64), costs))
    return {name: np.concatenate([one[name] for one in found]) for name in found[0]}


def _interval(value: float, draws: Floats, level: float) -> Interval:
    known = draws[~np.isnan(draws)]
    if np.isnan(value) or len(known) < len(draws) / 2:
        return Interval(value, float("nan"), float("nan"), level)
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value, float(min(low, value)), float(max(high, value)), level)
