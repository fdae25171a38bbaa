"""Shapley values of a linear model on prepared columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LinearTable:
    """A linear model with the means of its columns over the training rows.

    Attributes
    ----------
    numeric, flagged, coded : ndarray of int
        Features of the numbers, of the indicators of missing values and of the
        indicators of categories.
    medians, centres, scales : ndarray of shape (n_numeric,)
        What a missing number becomes; what numbers are centred and divided by.
    codes : ndarray of shape (n_coded,)
        Code that each indicator stands for.
    weights, means : ndarray of shape (n_numeric + n_flagged + n_coded,)
        Log-odds a unit of each column, and its mean over the training rows.
    expected : float
        Log-odds at the means.
    n_features : int
        Columns of the design matrix.
    """

    numeric: Ints
    flagged: Ints
    coded: Ints
    medians: Floats
    centres: Floats
    scales: Floats
    codes: Floats
    weights: Floats
    means: Floats
    expected: float
    n_features: int

    def contributions(self, matrix: Floats) -> Floats:
        """Return the Shapley value of each feature, shape (n_rows, n_features).

        A feature's number and indicators count as one: their values add up.
        """
        parts = (self._columns(matrix) - self.means) * self.weights
        owners = np.concatenate((self.numeric, self.flagged, self.coded))
        slots = (np.arange(len(matrix))[:, None] * self.n_features + owners).ravel()
        sums = np.asarray(
            np.bincount(slots, parts.ravel(), len(matrix) * self.n_features),
            dtype=np.float64,
        )
        return sums.reshape(len(matrix), self.n_features)

    def _columns(self, matrix: Floats) -> Floats:
        numbers = matrix[:, self.numeric]
        numbers = np.where(np.isnan(numbers), self.medians, numbers)
        return np.concatenate(
            (
                (numbers - self.centres) / self.scales,
                np.isnan(matrix[:, self.flagged]),
                matrix[:, self.coded] == self.codes,
            ),
            axis=1,
        )


def linear_table(
    columns: Any,  # noqa: ANN401 # a fitted transformer, untyped
    classifier: Any,  # noqa: ANN401 # a fitted LogisticRegression, untyped
    matrix: Floats,
    slope: float = 1.0,
    intercept: float = 0.0,
) -> LinearTable:
    """Return the table of a logistic regression on prepared columns.

    Parameters
    ----------
    columns : LinearColumns
        Fitted, from `assay.models.estimators`.
    classifier : LogisticRegression
        Fitted on its columns.
    matrix : ndarray of shape (n_rows, n_features)
        Training rows, whose means are the baseline.
    slope, intercept : float
        Calibration of the log-odds.

    Notes
    -----
    Of a linear function with independent columns the Shapley value is the weight times
    the distance from the mean, and a feature's columns add up.

    References
    ----------
    E. Strumbelj, I. Kononenko, "Explaining prediction models and individual predictions
    with feature contributions", Knowledge and Information Systems, 2014.
    """
    means = columns.transform(matrix).mean(axis=0)
    weights = np.ravel(classifier.coef_)
    return LinearTable(
        numeric=columns.numeric_.astype(np.int64),
        flagged=columns.flagged_.astype(np.int64),
        coded=columns.coded_.astype(np.int64),
        medians=columns.medians_,
        centres=columns.means_,
        scales=columns.scales_,
        codes=columns.codes_,
        weights=weights * slope,
        means=means,
        expected=slope * float(means @ weights + classifier.intercept_[0]) + intercept,
        n_features=matrix.shape[1],
    )
