"""A test that may be looked at after every request: the wealth of a bettor.

Each request goes to the canary with a known probability, by chance. If the canary is not
worse, no bet on "requests with a high value went to the canary" can be expected to win,
so that the bettor's wealth exceeds 1 / alpha with probability at most alpha, at whatever
time one looks (Ville's inequality). The bet on request t with arm A_t in {0, 1}, value
x_t in [0, 1], share s, centre c_t and margin m multiplies the wealth by

    1 + bet * ((A_t - s) (x_t - c_t) - s (1 - s) m),

whose expectation given the past is 1 + bet * s (1 - s) (mean of the canary - mean of the
champion - m), whatever c_t is, as long as c_t and bet come from the past. Several bets
run side by side, and their average wealth counts, so that none need be chosen.

References
----------
Waudby-Smith, Ramdas, "Estimating means of bounded random variables by betting", Journal
of the Royal Statistical Society B 86, 2024.
Ramdas, Grünwald, Vovk, Shafer, "Game-theoretic statistics and safe anytime-valid
inference", Statistical Science 38, 2023.
Ville, "Étude critique de la notion de collectif", 1939.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FRACTIONS: NDArray[np.float64] = np.asarray(0.9 * 0.5 ** np.arange(6), np.float64)
"""Bets as parts of the largest that cannot lose everything."""
FIRST_CENTRE = 0.5
"""Centre before the first value; it weighs as much as one value."""


def log_growth(
    in_canary: NDArray[np.float64],
    value: NDArray[np.float64],
    centre: NDArray[np.float64],
    *,
    share: float,
    margin: float,
) -> NDArray[np.float64]:
    """Return the logarithm of each bet's factor, shape (..., n_bets).

    Parameters
    ----------
    in_canary : array, shape (...)
        1 where the canary answered, 0 where the champion did.
    value : array, shape (...)
        What is compared, in [0, 1], high is bad.
    centre : array, shape (...)
        Predicted from earlier values alone, in [0, 1].
    share : float in (0, 1)
        Probability of the canary.
    margin : float in [0, 1]
        How much worse than the champion the canary's mean may be.
    """
    allowed = share * (1 - share) * margin
    gain = (in_canary - share) * (value - centre) - allowed
    most_lost = np.maximum((1 - share) * centre, share * (1 - centre)) + allowed
    bets = FRACTIONS / np.expand_dims(most_lost, -1)
    return np.asarray(np.log1p(bets * np.expand_dims(gain, -1)))


def log_wealth(log_wealths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logarithm of the average wealth over the last axis."""
    highest = log_wealths.max(axis=-1, keepdims=True)
    average = np.exp(log_wealths - highest).mean(axis=-1)
    return np.asarray(np.log(average) + highest[..., 0])


def centre_of(total: NDArray[np.float64], n_values: int) -> NDArray[np.float64]:
    """Return the predicted centre after so many values of this total."""
    return np.asarray((FIRST_CENTRE + total) / (1 + n_values))
