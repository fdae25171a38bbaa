"""Whether predicted effects rank and size real ones: Qini, groups, calibration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from assay.causal.estimate import Estimate, critical_value, normal_estimate
from assay.causal.rows import Floats
from assay.errors import DataError


@dataclass(frozen=True, slots=True)
class QiniCurve:
    """Gain of treating the rows with the largest predicted effects first.

    Attributes
    ----------
    share : ndarray of shape (n_points,)
        Share of rows treated, from 0 to 1.
    gain, gain_error : ndarray of shape (n_points,)
        Effect summed over the rows treated, over all rows, and its standard error.
    random : ndarray of shape (n_points,)
        Gain of treating as many rows at random.
    qini : Estimate
        Area between the curve and the random line; zero if predictions rank nothing.
    area : float
        Area under the curve (AUUC): `qini` and half the average effect.
    """

    share: Floats
    gain: Floats
    gain_error: Floats
    random: Floats
    qini: Estimate
    area: float


def qini_curve(
    effects: Floats, scores: Floats, *, level: float = 0.95, n_points: int = 101
) -> QiniCurve:
    """Return the Qini curve of predicted effects.

    Parameters
    ----------
    effects : ndarray of shape (n_rows,)
        Predictions, made without the rows' own outcomes.
    scores : ndarray of shape (n_rows,)
        Doubly robust scores of the same rows.
    level : float, default=0.95
    n_points : int, default=101

    Notes
    -----
    With scores instead of counted outcomes the curve holds for any assignment with known
    or estimated propensities, and for a fair coin it is Radcliffe's [1]_. Rows with
    equal predictions share their places, so a constant prediction has Qini zero.

    References
    ----------
    .. [1] N. J. Radcliffe, "Using control groups to target on predicted lift", Direct
       Marketing Analytics Journal, 2007.
    .. [2] S. Yadlowsky et al., "Evaluating treatment prioritization rules via
       rank-weighted average treatment effects", Journal of the American Statistical
       Association 120, 2025.
    """
    n = scores.size
    mean = float(scores.mean())
    place = (stats.rankdata(-effects) - 0.5) / n
    parts = (scores - mean) * (0.5 - place)
    qini = normal_estimate(
        "qini",
        float(parts.mean()),
        float(parts.std(ddof=1) / np.sqrt(n)),
        n=n,
        level=level,
        method="area between gain and random gain",
    )
    share = np.linspace(0, 1, n_points)
    # The part of a tie group that a share treats is treated in equal parts.
    order = np.argsort(place, kind="stable")
    _, starts, sizes = np.unique(place[order], return_index=True, return_counts=True)
    sums = np.add.reduceat(scores[order], starts)
    squares = np.add.reduceat(scores[order] ** 2, starts)
    ends = np.append(0, np.cumsum(sizes)) / n
    gain = np.interp(share, ends, np.append(0, np.cumsum(sums)) / n)
    second = np.interp(share, ends, np.append(0, np.cumsum(squares)) / n)
    error = np.sqrt(np.maximum(second - gain**2, 0) / n)
    return QiniCurve(share, gain, error, share * mean, qini, qini.value + mean / 2)


def uplift_by_group(
    effects: Floats, scores: Floats, *, n_groups: int = 10, level: float = 0.95
) -> pd.DataFrame:
    """Return the average effect in groups of rows by predicted effect.

    Parameters
    ----------
    effects, scores : ndarray of shape (n_rows,)
        As in :func:`qini_curve`.
    n_groups : int, default=10
        Groups of (almost) equal size, the first with the largest predictions.
    level : float, default=0.95

    Returns
    -------
    DataFrame
        Columns group, n, predicted, effect, standard_error, lower, upper.

    Raises
    ------
    DataError
        If a group would have fewer than two rows.
    """
    n = scores.size
    if n < 2 * n_groups:
        raise DataError(
            f"{n} rows cannot make {n_groups} groups of two; use fewer groups"
        )
    order = np.lexsort((scores, -effects))
    rows = []
    for number, members in enumerate(np.array_split(order, n_groups), start=1):
        values = scores[members]
        error = float(values.std(ddof=1) / np.sqrt(values.size))
        half = critical_value(level) * error
        effect = float(values.mean())
        predicted = float(effects[members].mean())
        rows.append(
            (number, values.size, predicted, effect, error, effect - half, effect + half)
        )
    return pd.DataFrame(
        rows,
        columns=[
            "group", "n", "predicted", "effect", "standard_error", "lower", "upper"
        ],
    )  # fmt: skip


def calibration_slope(
    effects: Floats, scores: Floats, *, level: float = 0.95
) -> Estimate:
    """Return how much real effects differ where predicted ones differ by one.

    Parameters
    ----------
    effects, scores : ndarray of shape (n_rows,)
        As in :func:`qini_curve`.
    level : float, default=0.95

    Returns
    -------
    Estimate
        Slope of the best linear predictor: 1 when predictions are calibrated, 0 when
        they tell nothing; its p value tests heterogeneity that the model has found. A
        constant prediction has slope 0 and p value 1.

    References
    ----------
    .. [1] V. Chernozhukov, M. Demirer, E. Duflo and I. Fernández-Val, "Fisher-Schultz
       lecture: generic machine learning inference on heterogeneous treatment effects",
       Econometrica 93, 2025.
    """
    centred = effects - effects.mean()
    spread = float(centred @ centred)
    n = scores.size
    if spread <= 1e-20 * max(1.0, float(effects @ effects)):
        slope, error = 0.0, 0.0
    else:
        slope = float(centred @ scores) / spread
        residual = scores - scores.mean() - slope * centred
        error = float(np.sqrt((centred * residual) @ (centred * residual))) / spread
        error *= float(np.sqrt(n / (n - 2)))
    return normal_estimate(
        "slope", slope, error, n=n, level=level, method="best linear predictor"
    )
