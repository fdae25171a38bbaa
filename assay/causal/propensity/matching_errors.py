"""What Abadie and Imbens's standard errors of matching are made of."""

from __future__ import annotations

import numpy as np

from assay.causal.propensity.logistic import LogisticFit
from assay.causal.propensity.neighbours import SAME_SCORE, nearest
from assay.causal.rows import Bools, Floats
from assay.errors import DataError


def residual_variances(scores: Floats, outcome: Floats) -> Floats:
    """Return a variance of the outcome given the score for every row of one arm.

    Parameters
    ----------
    scores, outcome : ndarray of shape (n_rows,)
        Of rows of the same arm, at least two.

    Returns
    -------
    ndarray of shape (n_rows,)
        Unbiased where the mean is locally flat: the squared gap to the mean of the l
        nearest other rows, times l / (l + 1) [1]_.

    References
    ----------
    .. [1] A. Abadie and G. W. Imbens, "Large sample properties of matching estimators
       for average treatment effects", Econometrica 74, 2006, section 4.
    """
    if scores.size < 2:
        raise DataError(
            f"an arm of {scores.size} row has no neighbour to take its variance from; "
            "give each arm at least two rows"
        )
    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    gaps = np.diff(ranked)
    distance = np.minimum(np.append(np.inf, gaps), np.append(gaps, np.inf))
    first = np.searchsorted(ranked, ranked - distance - SAME_SCORE, side="left")
    last = np.searchsorted(ranked, ranked + distance + SAME_SCORE, side="right")
    values = (outcome - outcome.mean())[order]
    running = np.concatenate([[0.0], np.cumsum(values)])
    n_others = (last - first - 1).astype(np.float64)
    others = (running[last] - running[first] - values) / n_others
    found = np.empty(scores.size)
    found[order] = n_others / (n_others + 1) * (values - others) ** 2
    return found


def estimation_effect(
    outcome: Floats,
    treated: Bools,
    propensity: Floats,
    fit: LogisticFit,
    design: Floats,
    *,
    att: bool,
    n_neighbours: int = 2,
) -> float:
    """Return what estimating the propensity adds to the variance of matching on it.

    Parameters
    ----------
    outcome, treated, propensity : ndarray of shape (n_rows,)
    fit : LogisticFit
        The regression behind `propensity`.
    design : ndarray of shape (n_rows, n_columns)
    att : bool
        Whether the estimand is the effect on the treated; otherwise everybody's.
    n_neighbours : int, default=2
        Rows from which local covariances are taken.

    Returns
    -------
    float
        Never positive for the ATE; of either sign for the ATT.

    References
    ----------
    .. [1] A. Abadie and G. W. Imbens, "Matching on the estimated propensity score",
       Econometrica 84, 2016, theorem 1 and proposition 1.
    """
    p = propensity
    local: list[Floats] = []
    for arm in (treated, ~treated):
        windows = nearest(p, p[arm], min(n_neighbours, int(arm.sum())))
        local.append(windows.covariances(design[arm], outcome[arm]))
    treated_part, untreated_part = local
    slope = (p * (1 - p))[:, None]
    if not att:
        pull = ((1 - p)[:, None] * treated_part + p[:, None] * untreated_part).mean(
            axis=0
        )
        return -float(pull @ np.linalg.solve(fit.information, pull))
    odds = (p / (1 - p))[:, None]
    share = float(p.mean())
    pull = (slope * (treated_part + odds * untreated_part)).mean(axis=0) / share
    gap = _local_gap(outcome, treated, p)
    effect = float(p @ gap / p.sum())
    push = (design * slope * (gap - effect)[:, None]).mean(axis=0) / share
    pulled = pull @ np.linalg.solve(fit.information, pull)
    return float(push @ np.linalg.solve(fit.information, push) - pulled)


def _local_gap(outcome: Floats, treated: Bools, propensity: Floats) -> Floats:
    means = [
        nearest(propensity, propensity[arm], 1).means(outcome[arm])
        for arm in (treated, ~treated)
    ]
    return np.asarray(means[0] - means[1])
