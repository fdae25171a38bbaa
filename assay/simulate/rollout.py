"""A model's rollout over branches, week by week, with a known effect."""

from __future__ import annotations

import numpy as np
import pandas as pd

from assay.errors import ConfigError


def simulate_rollout(
    *,
    n_branches: int = 60,
    n_weeks: int = 24,
    start: int = 14,
    effect: float = 0.03,
    trend: float = 0.0,
    seed: int = 7,
) -> pd.DataFrame:
    """Return a panel of branches, half of which got a new model in week `start`.

    Parameters
    ----------
    n_branches, n_weeks : int
        At least 4 branches and 4 weeks.
    start : int
        First week with the new model for wave 1; inside the weeks.
    effect : float
        Change of the approval share that the model causes.
    trend : float
        A slope a week of wave 1's own, which breaks parallel trends.
    seed : int
        The same seed gives the same rows.

    Returns
    -------
    DataFrame
        One row a branch and week: ``branch``, ``week``, ``wave`` (1 or 2), ``wave_1``
        and ``after`` (0 or 1), ``cohort`` (start week, 0 for wave 2),
        ``approved_share`` in [0, 1], ``cost_usd`` an application, ``applications``.

    Raises
    ------
    ConfigError
        If the sizes leave no branch or week on a side.
    """
    if n_branches < 4 or n_weeks < 4 or not 0 < start < n_weeks:
        raise ConfigError(
            f"{n_branches} branches over {n_weeks} weeks with start {start} leave a side "
            "empty; take 4 branches and 4 weeks or more and a start between them"
        )
    rng = np.random.default_rng(seed)
    branch = np.repeat(np.arange(n_branches), n_weeks)
    week = np.tile(np.arange(n_weeks), n_branches)
    first = (branch < n_branches // 2).astype(np.int64)
    after = (week >= start).astype(np.int64)
    level = 0.55 + 0.05 * rng.standard_normal(n_branches)[branch]
    season = 0.01 * np.sin(2 * np.pi * week / 12) + 0.002 * week
    noise = 0.015 * rng.standard_normal(branch.size)
    moved = effect * first * after + trend * week * first
    approved = np.clip(level + season + moved + noise, 0, 1)
    cost = 21 + 3 * rng.standard_normal(n_branches)[branch] - 1.5 * first * after
    return pd.DataFrame(
        {
            "branch": branch,
            "week": week,
            "wave": 2 - first,
            "wave_1": first,
            "after": after,
            "cohort": np.where(first == 1, start, 0),
            "approved_share": approved,
            "cost_usd": cost + rng.standard_normal(branch.size),
            "applications": rng.poisson(80, size=branch.size),
        }
    )
