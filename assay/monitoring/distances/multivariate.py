"""Drift of columns together: what no single column shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import mannwhitneyu
from sklearn.ensemble import HistGradientBoostingClassifier

from assay.errors import DataError
from assay.monitoring.profile.columns import Floats, NumberProfile, number_profile

KEPT_VARIANCE = 0.65
"""Share of the variance that the axes keep; the rest is what reconstruction loses."""

FEWEST_ROWS = 50


@dataclass(frozen=True, slots=True, eq=False)
class Axes:
    """Principal axes of the reference and the errors of rows they were not fitted on.

    Attributes
    ----------
    centre, scale : ndarray of shape (n_features,)
        Mean and standard deviation; a missing value counts as the mean.
    axes : ndarray of shape (n_axes, n_features)
        Orthonormal rows.
    errors : NumberProfile
        Root mean squared reconstruction errors of the other half of the reference, in
        standard deviations.
    """

    centre: Floats
    scale: Floats
    axes: Floats
    errors: NumberProfile


@dataclass(frozen=True, slots=True)
class ClassifierDrift:
    """How well a classifier tells the window from the reference.

    Attributes
    ----------
    auc : float in [0, 1]
        On rows that it did not learn from; 0.5 where both are alike.
    p_value : float
        Chance of such an AUC or a larger one where both are alike.
    """

    auc: float
    p_value: float


def principal_axes(matrix: ArrayLike, rng: np.random.Generator) -> Axes:
    """Return the axes of one half of the reference, with the errors of the other half.

    Parameters
    ----------
    matrix : array-like of shape (n_rows, n_features)
        Encoded features (`assay.features.design_matrix`); NaN is missing.
    rng : Generator
        Draws the halves. Errors of rows that the axes were fitted on would be too
        small, and every window would seem to have moved.

    Raises
    ------
    DataError
        If a half has fewer than 50 rows.
    """
    rows = _matrix(matrix)
    if len(rows) < 2 * FEWEST_ROWS:
        raise DataError(
            f"{len(rows)} rows are too few for principal axes; give {2 * FEWEST_ROWS}"
        )
    order = rng.permutation(len(rows))
    fitted, other = np.array_split(rows[order], 2)
    known = np.where(np.isnan(fitted).all(axis=0), 0.0, fitted)
    centre, spread = np.nanmean(known, axis=0), np.nanstd(known, axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    _, lengths, axes = np.linalg.svd(_standard(fitted, centre, scale), False)
    kept = np.cumsum(lengths**2) / max(float((lengths**2).sum()), 1e-300)
    n_axes = int(np.searchsorted(kept, KEPT_VARIANCE)) + 1
    axes = axes[: min(n_axes, max(len(axes) - 1, 1))]
    errors = _errors(other, centre, scale, axes)
    return Axes(centre, scale, axes, number_profile(errors, most_points=5_000))


def reconstruction_errors(axes: Axes, matrix: ArrayLike) -> Floats:
    """Return each row's root mean squared reconstruction error, of shape (n_rows,).

    The errors are one more numeric column: compare them with `axes.errors` by
    `number_drift`, under the same calibrated alarm as any feature.

    Raises
    ------
    DataError
        If the window has other features.
    """
    rows = _matrix(matrix)
    if rows.shape[1] != len(axes.centre):
        raise DataError(
            f"the window has {rows.shape[1]} features, the axes {len(axes.centre)}"
        )
    return _errors(rows, axes.centre, axes.scale, axes.axes)


def classifier_drift(
    reference: ArrayLike, current: ArrayLike, rng: np.random.Generator
) -> ClassifierDrift:
    """Return how well boosted trees tell the window from kept reference rows.

    Parameters
    ----------
    reference, current : array-like of shape (n_rows, n_features)
        Encoded features; NaN is missing. The bundle keeps a sample of the reference.
    rng : Generator
        Draws the halves: one is learned from, the AUC is of the other, so that its
        law without drift is exactly that of the rank test.

    Raises
    ------
    DataError
        If a side has fewer than 100 rows or the features differ.

    References
    ----------
    D. Lopez-Paz, M. Oquab, "Revisiting classifier two-sample tests", ICLR 2017; the
    test is that of H. Mann, D. Whitney, 1947.
    """
    before, now = _matrix(reference), _matrix(current)
    if before.shape[1] != now.shape[1] or min(len(before), len(now)) < 2 * FEWEST_ROWS:
        raise DataError(
            f"shapes {before.shape} and {now.shape}: a domain classifier needs the same "
            f"features and {2 * FEWEST_ROWS} rows a side"
        )
    learn_before, test_before = np.array_split(before[rng.permutation(len(before))], 2)
    learn_now, test_now = np.array_split(now[rng.permutation(len(now))], 2)
    side = np.repeat([0, 1], [len(learn_before), len(learn_now)])
    model = HistGradientBoostingClassifier(
        max_iter=50, max_depth=3, class_weight="balanced", random_state=0
    )
    model.fit(np.vstack((learn_before, learn_now)), side)
    found = mannwhitneyu(
        model.predict_proba(test_now)[:, 1],
        model.predict_proba(test_before)[:, 1],
        alternative="greater",
    )
    auc = float(found.statistic) / (len(test_now) * len(test_before))
    return ClassifierDrift(auc, float(found.pvalue))


def _matrix(values: ArrayLike) -> Floats:
    rows = np.asarray(values, dtype=np.float64)
    if rows.ndim != 2:
        raise DataError(f"a matrix of rows and features is needed, not {rows.ndim} axes")
    return rows


def _standard(rows: Floats, centre: Floats, scale: Floats) -> Floats:
    return np.nan_to_num((rows - centre) / scale, nan=0.0)


def _errors(rows: Floats, centre: Floats, scale: Floats, axes: Floats) -> Floats:
    standard = _standard(rows, centre, scale)
    lost = standard - (standard @ axes.T) @ axes
    return np.asarray(np.sqrt(np.mean(lost**2, axis=1)), dtype=np.float64)
