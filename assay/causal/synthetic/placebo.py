"""The same estimator where no effect can be: other units, other dates, fewer donors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.causal.synthetic.series import Series
from assay.causal.synthetic.simplex import simplex_batch, simplex_fit
from assay.errors import DataError

Floats: TypeAlias = NDArray[np.float64]

# Donors above this weight carry the estimate, and are left out one by one.
USED_WEIGHT = 1e-3

_BLOCK_VALUES = 1 << 22


@dataclass(frozen=True, slots=True)
class SpacePlacebos:
    """Each donor treated in turn, against the other donors.

    Attributes
    ----------
    gaps : ndarray of shape (n_periods, n_donors)
        Outcome minus synthetic outcome of each donor.
    rmspe_pre, rmspe_ratio : ndarray of shape (n_donors,)
        Fit before treatment; error after over error before.
    rank : int
        Donors whose mean gap after treatment is at least as large as the treated
        unit's, in size.
    p_value : float
        ``(rank + 1) / (n_donors + 1)``.
    ratio_rank : int
        Place of the treated unit's `rmspe_ratio` among all units, 1 being largest.
    ratio_p_value : float
        ``ratio_rank / (n_donors + 1)``.
    """

    gaps: Floats
    rmspe_pre: Floats
    rmspe_ratio: Floats
    rank: int
    p_value: float
    ratio_rank: int
    ratio_p_value: float


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The estimate without one of the donors it rests on."""

    donor: Any
    weight: float
    att: float


def placebo_in_space(series: Series, gaps: Floats) -> SpacePlacebos:
    """Treat each donor in turn and compare it with the treated unit's `gaps`.

    Raises
    ------
    DataError
        With fewer than three donors.
    """
    if series.n_donors < 3:
        raise DataError(
            f"{series.n_donors} donors are too few for placebos in space; it takes three"
        )
    return ranked_among(_gaps_by_left_out(series, series.donors), gaps, series.n_pre)


def ranked_among(placebo_gaps: Floats, gaps: Floats, n_pre: int) -> SpacePlacebos:
    """Return where the treated unit's gaps stand among those of donors.

    Parameters
    ----------
    placebo_gaps : ndarray of shape (n_periods, n_donors)
        Of each donor as if treated.
    gaps : ndarray of shape (n_periods,)
        Of the treated unit.
    n_pre : int
        Periods before treatment.
    """
    pre, post = placebo_gaps[:n_pre], placebo_gaps[n_pre:]
    before, after = _root_mean_square(pre), _root_mean_square(post)
    ratios = after / np.maximum(before, np.finfo(np.float64).tiny)
    own = _root_mean_square(gaps[n_pre:]) / max(
        float(_root_mean_square(gaps[:n_pre])), np.finfo(np.float64).tiny
    )
    att = abs(float(gaps[n_pre:].mean()))
    rank = int(np.count_nonzero(np.abs(post.mean(axis=0)) >= att))
    ratio_rank = 1 + int(np.count_nonzero(ratios >= own))
    n_units = placebo_gaps.shape[1] + 1
    return SpacePlacebos(
        gaps=placebo_gaps,
        rmspe_pre=before,
        rmspe_ratio=ratios,
        rank=rank,
        p_value=(rank + 1) / n_units,
        ratio_rank=ratio_rank,
        ratio_p_value=ratio_rank / n_units,
    )


def placebo_in_time(series: Series, n_pre: int) -> Series:
    """Return the pre-periods as a panel treated after its first `n_pre` periods.

    Raises
    ------
    DataError
        If that leaves fewer than two periods before or none after.
    """
    if not 2 <= n_pre < series.n_pre:
        raise DataError(
            f"a placebo date after {n_pre} of {series.n_pre} pre-periods leaves nothing "
            "to fit on or to look at; choose between 2 and one less than all"
        )
    return replace(
        series,
        periods=series.periods[: series.n_pre],
        n_pre=n_pre,
        treated=series.treated[: series.n_pre],
        donors=series.donors[: series.n_pre],
        treated_units=series.treated_units[: series.n_pre],
    )


def made_up_start(series: Series) -> Series | None:
    """Return the pre-periods as if treatment came two thirds through them.

    None where that leaves fewer than four periods before or two after.
    """
    n_pre = 2 * series.n_pre // 3
    if n_pre < 4 or series.n_pre - n_pre < 2:
        return None
    return placebo_in_time(series, n_pre)


def leave_one_out(series: Series, weights: Floats) -> tuple[LeftOut, ...]:
    """Fit again without each donor of weight above 0.001, heaviest first."""
    used = np.flatnonzero(weights > USED_WEIGHT)
    used = used[np.lexsort((used, -weights[used]))]
    if used.size == series.n_donors == 1:
        return ()
    target = np.broadcast_to(series.treated[:, None], (series.n_periods, used.size))
    gaps = _gaps_by_left_out(series, target, used, weights > 0)
    atts = gaps[series.n_pre :].mean(axis=0)
    return tuple(
        LeftOut(series.donor_names[j], float(weights[j]), float(att))
        for j, att in zip(used, atts, strict=True)
    )


def _gaps_by_left_out(
    series: Series,
    targets: Floats,
    left_out: NDArray[np.intp] | None = None,
    start: NDArray[np.bool_] | None = None,
) -> Floats:
    """Gaps of each target column when one donor may not be used."""
    n_donors = series.n_donors
    dropped = np.arange(n_donors) if left_out is None else left_out
    pre = series.donors[: series.n_pre]
    gram, linear = pre.T @ pre, pre.T @ targets[: series.n_pre]
    gaps = np.empty(targets.shape)
    if start is None:
        start = simplex_fit(gram, linear.mean(axis=1)).weights > 0
    size = max(_BLOCK_VALUES // n_donors**2, 1)
    for first in range(0, dropped.size, size):
        block = slice(first, first + size)
        kept = np.array([np.delete(np.arange(n_donors), j) for j in dropped[block]])
        solved = simplex_batch(
            gram[kept[:, :, None], kept[:, None, :]],
            np.take_along_axis(linear.T[block], kept, axis=1),
            start[kept],
        ).weights
        weights = np.zeros((kept.shape[0], n_donors))
        np.put_along_axis(weights, kept, solved, axis=1)
        gaps[:, block] = targets[:, block] - series.donors @ weights.T
    return gaps


def _root_mean_square(values: Floats) -> Floats:
    return np.asarray(np.sqrt(np.mean(values**2, axis=0)))
