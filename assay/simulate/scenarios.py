"""Stories of a world that moves, by name, as risk officers tell them."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.simulate.drift import Drift

MONTH = timedelta(days=30)
COMPLAINT_RATE = 0.01
"""Share of applications that end in a complaint in the calm world."""


def silent_failure(start: date) -> tuple[Drift, ...]:
    """Return the drifts of a credit model that fails without a sound.

    Other applicants come over three months; from the second month on a recession raises
    their odds of default, for five months. At an approval share of 70 % before, about
    62 % are approved after, and the default rate of the approved goes from 3 % to above
    5 %; a validation set from before shows nothing of it.

    Examples
    --------
    >>> [each.kind for each in silent_failure(date(2026, 7, 1))][:3]
    ['population', 'population', 'population']
    """
    comers = (Drift("population", start + k * MONTH, 1.0 / 3) for k in range(3))
    harder = (Drift("recession", start + (1 + k) * MONTH, 0.085) for k in range(5))
    return (*comers, *harder)


def complaints(
    applied_at: pd.Series, start: date, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Return who complains: 1 % before `start`, rising to 2 % within six months.

    Parameters
    ----------
    applied_at : Series of datetime, UTC
        Times of the applications.
    start : date
        First day of the new world.
    rng : Generator
        Draws who does.
    """
    begun = (applied_at - pd.Timestamp(start, tz="UTC")) / (6 * MONTH)
    share = np.clip(begun.to_numpy(np.float64), 0.0, 1.0)
    return rng.random(len(applied_at)) < COMPLAINT_RATE * (1.0 + share)
