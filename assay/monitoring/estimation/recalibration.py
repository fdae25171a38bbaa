"""What labelled rows say about the probabilities of a champion."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit
from scipy.stats import chi2

from assay.errors import BundleError, DataError

Floats: TypeAlias = NDArray[np.float64]

CALIBRATION = "calibration.json"
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

    def p_value(self, against: Recalibration | None = None) -> float:
        """Return the chance of lines so far apart if both were of one law.

        Parameters
        ----------
        against : Recalibration, optional
            An earlier line of the same model, on other rows; without one the line
            of perfect calibration, 0 and 1.
        """
        intercept, slope = (against.intercept, against.slope) if against else (0.0, 1.0)
        spread = self.matrix() + (against.matrix() if against else 0.0)
        away = np.array([self.intercept - intercept, self.slope - slope])
        return float(chi2.sf(away @ np.linalg.solve(spread, away), 2))

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

    Notes
    -----
    Newton's steps are our own: on rows that separate, Logit of statsmodels 0.15
    overflows with warnings, and its GLM can return a line where there is none.

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


def recalibration_bytes(recalibration: Recalibration) -> bytes:
    """Return a recalibration as JSON; the same one gives the same bytes."""
    return json.dumps(asdict(recalibration), sort_keys=True).encode()


def read_recalibration(content: bytes) -> Recalibration:
    """Return the recalibration of a bundle's file.

    Raises
    ------
    BundleError
        If the file does not read.
    """
    try:
        found = json.loads(content)
        first, shared, second = map(float, found["covariance"])
        return Recalibration(
            float(found["intercept"]),
            float(found["slope"]),
            (first, shared, second),
            int(found["n_rows"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise BundleError(f"{CALIBRATION} does not read: {error}") from error
