"""Effects by matching on the propensity, with Abadie and Imbens's standard errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from assay.causal.propensity.greedy import greedy_picks
from assay.causal.propensity.logistic import LogisticFit
from assay.causal.propensity.matching_errors import estimation_effect, residual_variances
from assay.causal.propensity.neighbours import SAME_SCORE, nearest
from assay.causal.rows import Bools, Floats
from assay.errors import DataError

MatchingEstimand: TypeAlias = Literal["att", "ate"]


@dataclass(frozen=True, slots=True)
class Matched:
    """An effect by matching.

    Attributes
    ----------
    value : float
        Mean difference between matched rows and their matches.
    standard_error : float
        Of Abadie and Imbens (2016) where the score was estimated, else of (2006).
    standard_error_given_score : float
        Of Abadie and Imbens (2006), as if the score were known.
    weights : ndarray of shape (n_rows,)
        Weight of each row in the comparison; 0 where it was not used.
    n_matched, n_dropped : int
        Rows that found a match, and rows that did not within the caliper.
    largest_distance : float
        Between a row and its farthest match.
    gaps : ndarray of shape (n_matched,)
        Treated minus untreated outcome of each matched row and its matches.
    """

    value: float
    standard_error: float
    standard_error_given_score: float
    weights: Floats
    n_matched: int
    n_dropped: int
    largest_distance: float
    gaps: Floats


@dataclass(frozen=True, slots=True)
class _Side:
    """Rows of one arm matched with the other."""

    gaps: Floats
    uses: Floats
    squared_uses: Floats
    matched: Bools
    distance: float


def matched_difference(
    outcome: Floats,
    treated: Bools,
    propensity: Floats,
    *,
    estimand: MatchingEstimand = "att",
    n_neighbours: int = 1,
    with_replacement: bool = True,
    caliper: float | None = None,
    fit: LogisticFit | None = None,
    design: Floats | None = None,
) -> Matched:
    """Return the effect by nearest neighbours on the propensity.

    Parameters
    ----------
    outcome, treated, propensity : ndarray of shape (n_rows,)
    estimand : {"att", "ate"}, default="att"
    n_neighbours : int, default=1
        Matches of each row; all rows tied at the last distance count, in equal shares.
    with_replacement : bool, default=True
        Whether an untreated row may serve several treated ones. Without, treated rows
        choose up to `n_neighbours` in falling order of propensity, and tied untreated
        rows serve in equal shares; only for the ATT.
    caliper : float, optional
        Largest distance in propensity; rows without a match inside it are dropped, and
        the estimate is about the others.
    fit, design : LogisticFit and ndarray of shape (n_rows, n_columns), optional
        The regression behind `propensity`, to account for its estimation [2]_.

    Raises
    ------
    DataError
        If an arm is too small or no row finds a match.

    Notes
    -----
    Averaging ties makes the estimate a function of the data and not of the order of the
    rows. The bootstrap is not valid for matching with replacement [3]_; these errors are.

    References
    ----------
    .. [1] A. Abadie and G. W. Imbens, "Large sample properties of matching estimators
       for average treatment effects", Econometrica 74, 2006.
    .. [2] A. Abadie and G. W. Imbens, "Matching on the estimated propensity score",
       Econometrica 84, 2016.
    .. [3] A. Abadie and G. W. Imbens, "On the failure of the bootstrap for matching
       estimators", Econometrica 76, 2008.
    """
    if estimand not in ("att", "ate"):
        raise ValueError(f"estimand of matching must be 'att' or 'ate', got {estimand!r}")
    if estimand == "ate" and not with_replacement:
        raise ValueError("matching without replacement is for estimand 'att' only")
    arms = (treated, ~treated) if estimand == "ate" else (treated,)
    sides = []
    for arm in arms:
        match = _with_replacement if with_replacement else _without_replacement
        sides.append(match(outcome, arm, propensity, n_neighbours, caliper))
    return _combine(outcome, treated, propensity, sides, fit, design)


def _with_replacement(
    outcome: Floats, arm: Bools, score: Floats, n_neighbours: int, caliper: float | None
) -> _Side:
    windows = nearest(score[arm], score[~arm], n_neighbours)
    near = windows.distance <= (np.inf if caliper is None else caliper + SAME_SCORE)
    if not near.any():
        raise DataError(
            f"none of {near.size} rows has a match within a caliper of {caliper:g}; "
            f"the closest is at {windows.distance.min():.3g}: widen the caliper"
        )
    windows = type(windows)(
        windows.order, windows.first[near], windows.last[near], windows.distance[near]
    )
    matched, uses, squared = np.zeros_like(arm), np.zeros(arm.size), np.zeros(arm.size)
    matched[np.flatnonzero(arm)[near]] = True
    uses[~arm], squared[~arm] = windows.uses(), windows.uses(2)
    gaps = outcome[matched] - windows.means(outcome[~arm])
    return _Side(gaps, uses, squared, matched, float(windows.distance.max()))


def _without_replacement(
    outcome: Floats, arm: Bools, score: Floats, n_neighbours: int, caliper: float | None
) -> _Side:
    pool = np.flatnonzero(~arm)
    pool = pool[np.argsort(score[pool], kind="stable")]
    starts = np.flatnonzero(np.append(True, np.diff(score[pool]) > SAME_SCORE))
    sizes = np.diff(np.append(starts, pool.size))
    targets = np.flatnonzero(arm)
    targets = targets[np.argsort(-score[targets], kind="stable")]
    limit = np.inf if caliper is None else caliper + SAME_SCORE
    picks, distance = greedy_picks(
        score[targets], score[pool][starts], sizes, n_neighbours, limit
    )
    if not any(picks):
        raise DataError(
            f"none of {targets.size} treated rows found a match among {pool.size} "
            f"untreated ones within {limit:g}; widen the caliper"
        )
    group_mean = np.add.reduceat(outcome[pool], starts) / sizes
    group_uses, group_squares = np.zeros(starts.size), np.zeros(starts.size)
    matched, imputed = np.zeros_like(arm), np.zeros(arm.size)
    for row, mine in zip(targets.tolist(), picks, strict=True):
        total = sum(mine.values())
        for group, count in mine.items():
            matched[row] = True
            imputed[row] += count / total * group_mean[group]
            group_uses[group] += count / total
            group_squares[group] += (count / total) ** 2
    uses, squares = np.zeros(arm.size), np.zeros(arm.size)
    # Tied rows serve in equal shares, so each carries its part of the group's use.
    uses[pool] = np.repeat(group_uses / sizes, sizes)
    squares[pool] = np.repeat(group_squares / sizes**2, sizes)
    return _Side(outcome[matched] - imputed[matched], uses, squares, matched, distance)


def _combine(
    outcome: Floats,
    treated: Bools,
    propensity: Floats,
    sides: list[_Side],
    fit: LogisticFit | None,
    design: Floats | None,
) -> Matched:
    gaps, uses, squares, used = _joined(treated, sides)
    n_used = int(used.sum())
    value = float(gaps[used].mean())
    noise = np.zeros(outcome.size)
    for arm in (treated, ~treated):
        noise[arm] = residual_variances(propensity[arm], outcome[arm])
    spread = float(np.sum((gaps[used] - value) ** 2))
    # A row of the target arm also stands for itself, hence 2 K.
    extra = float(noise @ (uses**2 - squares + 2 * uses * used))
    variance = max(spread + extra, 0.0) / n_used**2
    adjusted = variance
    if fit is not None and design is not None and n_used == _n_targets(treated, sides):
        change = estimation_effect(
            outcome, treated, propensity, fit, design, att=len(sides) == 1
        )
        adjusted = max(variance + change, 0.0)
    return Matched(
        value,
        float(np.sqrt(adjusted)),
        float(np.sqrt(variance)),
        uses + used,
        n_used,
        _n_targets(treated, sides) - n_used,
        max(side.distance for side in sides),
        gaps[used],
    )


def _joined(treated: Bools, sides: list[_Side]) -> tuple[Floats, Floats, Floats, Bools]:
    gaps = np.zeros(treated.size)
    used = np.zeros_like(treated)
    for side in sides:
        used |= side.matched
        gaps[side.matched] = np.where(treated[side.matched], side.gaps, -side.gaps)
    uses = np.sum([side.uses for side in sides], axis=0)
    squares = np.sum([side.squared_uses for side in sides], axis=0)
    return gaps, uses, squares, used


def _n_targets(treated: Bools, sides: list[_Side]) -> int:
    return treated.size if len(sides) == 2 else int(treated.sum())
