"""Whether outcomes still follow the champion's probabilities, looked at after each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from assay.errors import ConfigError, DataError
from assay.monitoring.estimation.recalibration import log_odds

Floats: TypeAlias = NDArray[np.float64]

MOVES = (-1.0, -0.5, -0.25, 0.25, 0.5, 1.0)
"""Moves of the log-odds that the detector bets on, with equal stakes."""

_BLOCK = 100_000


@dataclass(frozen=True, slots=True)
class Detection:
    """What a detector saw in some rows.

    Attributes
    ----------
    position : int or None
        First row at which the alarm was up, counted over all rows ever seen, from 0;
        None while it is silent.
    evidence : float
        Largest log of the statistic over its alarm limit; 0 and above is an alarm.
    direction : {"worse", "better", ""}
        Where the outcomes went at the alarm: more bad ones, or fewer.
    """

    position: int | None
    evidence: float
    direction: str

    @property
    def is_alarm(self) -> bool:
        """True where the outcomes no longer follow the probabilities."""
        return self.position is not None


@dataclass(frozen=True, slots=True)
class ResidualDetector:
    """An e-detector on matured labels; never changed, `after` returns the next one.

    Attributes
    ----------
    run_rows : float
        Average number of rows to a false alarm, at least, while calibration holds.
    n_rows : int
        Rows seen.
    log_sums : tuple of float
        State: log of the Shiryaev-Roberts sum of each bet.

    Notes
    -----
    For a calibrated probability p the likelihood ratio of the moved against the stated
    log-odds has mean 1. Sums of its products over all starts, mixed over the moves,
    grow by 1 a row on average, so that reaching `run_rows` takes at least as many rows
    on average, whatever the probabilities and however often one looks.

    References
    ----------
    J. Shin, A. Ramdas, A. Rinaldo, "E-detectors: a nonparametric framework for
    sequential change detection", New England Journal of Statistics in Data Science,
    2024; A. Shiryaev, 1963; S. Roberts, 1966.

    Examples
    --------
    >>> detector, found = ResidualDetector(1_000).after([0.1] * 50, [1] * 50)
    >>> found.is_alarm, found.direction
    (True, 'worse')
    """

    run_rows: float = 100_000.0
    n_rows: int = 0
    log_sums: tuple[float, ...] = (-np.inf,) * len(MOVES)

    def __post_init__(self) -> None:
        if not self.run_rows > 1:
            raise ConfigError(f"run_rows is {self.run_rows:g} and must be above 1")

    def after(
        self, probabilities: ArrayLike, labels: ArrayLike
    ) -> tuple[ResidualDetector, Detection]:
        """Return the detector after some rows, in the order in which they matured.

        Parameters
        ----------
        probabilities : array-like of shape (n_rows,)
            Calibrated probabilities, in [0, 1].
        labels : array-like of shape (n_rows,)
            Outcomes, 0 or 1.

        Raises
        ------
        DataError
            If a value is out of range or the lengths differ.
        """
        odds, outcomes = log_odds(probabilities), np.asarray(labels, dtype=np.float64)
        if outcomes.shape != odds.shape or not np.isin(outcomes, (0.0, 1.0)).all():
            raise DataError("labels must be 0 or 1, one a probability")
        sums, limit = np.array(self.log_sums), np.log(self.run_rows)
        found = Detection(None, -np.inf, "")
        for start in range(0, len(odds), _BLOCK):
            part = slice(start, start + _BLOCK)
            path = _log_sums(sums, odds[part], outcomes[part])
            sums = path[-1]
            found = _stronger(found, path, limit, self.n_rows + start)
        after = replace(
            self, n_rows=self.n_rows + len(odds), log_sums=tuple(map(float, sums))
        )
        return after, found


def _log_sums(before: Floats, odds: Floats, outcomes: Floats) -> Floats:
    """Return log sums after each row, of shape (n_rows, n_moves)."""
    moved = odds[:, None] + np.array(MOVES)
    stated = expit(odds)[:, None]
    ratio = np.where(
        outcomes[:, None] == 1,
        expit(moved) / stated,
        expit(-moved) / (1 - stated),
    )
    products = np.cumsum(np.log(ratio), axis=0)
    # S_t = C_t (S_0 + sum over s of 1 / C_(s-1)), in logs, C being the products.
    starts = np.vstack((np.logaddexp(before, 0.0), -products[:-1]))
    found: Floats = products + np.logaddexp.accumulate(starts, axis=0)
    return found


def _stronger(found: Detection, path: Floats, limit: float, offset: int) -> Detection:
    mixed = np.logaddexp.reduce(path, axis=1) - np.log(len(MOVES)) - limit
    evidence = max(found.evidence, float(mixed.max()))
    if found.is_alarm or evidence < 0:
        return replace(found, evidence=evidence)
    first = int(np.argmax(mixed >= 0))
    direction = "worse" if MOVES[int(np.argmax(path[first]))] > 0 else "better"
    return Detection(offset + first, evidence, direction)
