"""What labelled rows say about the probabilities of a champion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit
from scipy.stats import chi2

from assay.errors import DataError

Floats: TypeAlias = NDArray[np.float64]

FEWEST_OF_EACH = 10
"""Rows of each outcome without which a calibration is not to be read."""

_NO_LINE = (
    "no line fits: all probabilities are equal, or they separate the outcomes; "
    "take more rows"
)
_MOST_STEPS = 50
_NEAREST = 1e-9


@dataclass(frozen=True, slots=True)
class Recalibration:
    """A straight line through log-odds, and how well it is known.

    Attributes
    ----------
    intercept, slope : float
        Of the true log-odds against the stated ones: 0 and 1 where calibrated.
    covariance : tuple of float
        Variance of the intercept, covariance, variance of the slope.
    n_rows : int
        Labelled rows it was fitted on.
    """

    intercept: float
    slope: float
    covariance: tuple[float, float, float]
    n_rows: int

    def probabilities(self, stated: ArrayLike) -> Floats:
        """Return corrected probabilities, in the shape of `stated`."""
        return expit(self.intercept + self.slope * log_odds(stated))

    def p_value(self) -> float:
        """Return the chance of a line so far from 0 and 1 if calibration held."""
        away = np.array([self.intercept, self.slope - 1.0])
        return float(chi2.sf(away @ np.linalg.solve(self.matrix(), away), 2))

    def matrix(self) -> Floats:
        """Return the covariance as an array of shape (2, 2)."""
        first, shared, second = self.covariance
        return np.array([[first, shared], [shared, second]])


def fit_recalibration(probabilities: ArrayLike, labels: ArrayLike) -> Recalibration:
    """Return the line of labelled rows, by maximum likelihood.

    Parameters
    ----------
    probabilities : array-like of shape (n_rows,)
        Stated probabilities, in [0, 1].
    labels : array-like of shape (n_rows,)
        Outcomes, 0 or 1.

    Raises
    ------
    DataError
        If an outcome has fewer than 10 rows, a value is out of range, or no line fits.

    References
    ----------
    D. Cox, "Two further applications of a model for binary regression", Biometrika,
    1958.

    Examples
    --------
    >>> found = fit_recalibration([0.2] * 50 + [0.8] * 50,
    ...                           [1] * 10 + [0] * 40 + [1] * 40 + [0] * 10)
    >>> abs(found.intercept) < 1e-9, round(found.slope, 9)
    (True, 1.0)
    """
    outcomes = np.asarray(labels, dtype=np.float64)
    odds = log_odds(probabilities)
    if outcomes.shape != odds.shape or not np.isin(outcomes, (0.0, 1.0)).all():
        raise DataError("labels must be 0 or 1, one a probability")
    n_bad = int(outcomes.sum())
    if min(n_bad, len(outcomes) - n_bad) < FEWEST_OF_EACH:
        raise DataError(
            f"{n_bad} bad and {len(outcomes) - n_bad} good rows; a calibration needs "
            f"{FEWEST_OF_EACH} of each: wait for more labels"
        )
    design = np.column_stack((np.ones(len(odds)), odds))
    line = np.array([0.0, 1.0])
    for _ in range(_MOST_STEPS):
        fitted = expit(design @ line)
        information = design.T @ (design * (fitted * (1 - fitted))[:, None])
        try:
            step = np.linalg.solve(information, design.T @ (outcomes - fitted))
        except np.linalg.LinAlgError as error:
            raise DataError(_NO_LINE) from error
        line = line + step
        if np.abs(step).max() < 1e-10:
            inverse = np.linalg.inv(information)
            first, shared, second = inverse[0, 0], inverse[0, 1], inverse[1, 1]
            covariance = float(first), float(shared), float(second)
            return Recalibration(
                float(line[0]), float(line[1]), covariance, len(outcomes)
            )
    raise DataError(_NO_LINE)


def log_odds(probabilities: ArrayLike) -> Floats:
    """Return log-odds; a probability of 0 or 1 counts as one a billionth inside.

    Raises
    ------
    DataError
        If a probability is NaN or outside [0, 1].
    """
    stated = np.asarray(probabilities, dtype=np.float64)
    wrong = ~((stated >= 0) & (stated <= 1))
    if wrong.any():
        raise DataError(
            f"{int(wrong.sum())} of {stated.size} probabilities are not in [0, 1]"
        )
    return logit(np.clip(stated, _NEAREST, 1 - _NEAREST))
