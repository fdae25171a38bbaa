"""How far one score's distribution lies from another's on the same rows."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from assay.errors import DataError
from assay.evaluation.columns import calibration_line
from assay.evaluation.interval import LEVEL, Interval
from assay.evaluation.resampling import intervals_of_resamples

Floats: TypeAlias = NDArray[np.float64]

N_BINS = 10
_ADDED = 0.5  # a count, so that an empty bin is not infinitely far


def score_shift(
    champion: ArrayLike,
    challenger: ArrayLike,
    *,
    rng: np.random.Generator,
    n_resamples: int = 1000,
    level: float = LEVEL,
) -> Interval:
    """Return the PSI of the challenger's scores against the champion's, in nats.

    Parameters
    ----------
    champion, challenger : array-like of shape (n_rows,)
        Scores of the same rows.
    rng : Generator
        Draws the resamples.
    n_resamples : int
        Of rows, both scores together.
    level : float
        Level of the interval.

    Returns
    -------
    Interval
        PSI over the champion's deciles; half a row is added to each bin.

    Raises
    ------
    DataError
        If there is no row, a score is not finite, or the numbers of rows differ.
    """
    old, new = (np.asarray(x, dtype=np.float64) for x in (champion, challenger))
    if old.ndim != 1 or old.shape != new.shape or old.size == 0:
        raise DataError(
            f"scores have shapes {old.shape} and {new.shape}; give two 1-D arrays of "
            "the same rows, at least one"
        )
    n_odd = int(np.count_nonzero(~(np.isfinite(old) & np.isfinite(new))))
    if n_odd:
        raise DataError(f"{n_odd} of {len(old)} rows have a score that is not finite")
    levels = np.linspace(0, 1, N_BINS + 1)[1:-1]
    deciles = np.quantile(old, levels, method="inverted_cdf")  # scores that occur
    edges = np.unique(deciles)
    k = len(edges) + 1
    pairs = np.searchsorted(edges, old, side="right") * k
    pairs += np.searchsorted(edges, new, side="right")
    counts = np.bincount(pairs, minlength=k * k)
    drawn = rng.multinomial(len(old), counts / len(old), size=n_resamples)
    value = float(_psi(counts.reshape(1, k, k))[0])
    draws = {"psi": _psi(drawn.reshape(-1, k, k))}
    found = intervals_of_resamples({"psi": value}, [draws], level)["psi"]
    return Interval(found.value, max(0.0, found.low), found.high, level)


def at_the_outcomes(labels: ArrayLike, probabilities: ArrayLike) -> Floats:
    """Return probabilities after their own calibration line on these rows.

    Parameters
    ----------
    labels, probabilities : array-like of shape (n_rows,)
        Outcomes 0 and 1, and probabilities of 1 in [0, 1].

    Returns
    -------
    ndarray of shape (n_rows,)
        In the order of the probabilities where they rank better than chance.

    Notes
    -----
    When the world has moved, an old model's level is wrong and every honest successor's
    scores lie elsewhere. What is left of a shift after the old scores were brought to
    the outcomes is what the outcomes do not explain.
    """
    y = np.asarray(labels, dtype=np.float64)
    least = np.finfo(np.float64).eps
    inside = np.clip(np.asarray(probabilities, dtype=np.float64), least, 1 - least)
    log_odds = logit(inside)
    slope, cut = calibration_line(log_odds, y)
    return np.asarray(expit(slope * log_odds + cut))


def _psi(joint: NDArray[np.int64]) -> Floats:
    """Return the PSI of each joint table of bins, (n_sets, k, k), old by new."""
    old, new = joint.sum(axis=2) + _ADDED, joint.sum(axis=1) + _ADDED
    p, q = old / old.sum(axis=1, keepdims=True), new / new.sum(axis=1, keepdims=True)
    return np.asarray(((q - p) * np.log(q / p)).sum(axis=1))
