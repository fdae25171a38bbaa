"""Units seen over periods: rollouts, donors, a series."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from benchmarks.causal.worlds.world import World


def rollout(
    rng: np.random.Generator,
    *,
    design: str = "two_by_two",
    n_units: int = 60,
    n_periods: int = 14,
    start: int = 8,
    effect: float = 0.3,
    trend: float = 0.0,
    n_treated: int | None = None,
    staggered: bool = False,
) -> World:
    """Branches seen every week; `trend` is the treated branches' own slope."""
    n_treated = n_units // 2 if n_treated is None else n_treated
    unit = np.repeat(np.arange(n_units), n_periods)
    week = np.tile(np.arange(n_periods), n_units)
    is_treated = (unit < n_treated).astype(float)
    cohort = np.where(is_treated == 1, float(start), 0.0)
    if staggered:
        cohort = np.where(is_treated == 1, start - 2.0 + 2 * (unit % 3), 0.0)
    on = ((cohort > 0) & (week >= cohort)).astype(float)
    y = (
        rng.normal(size=n_units)[unit]
        + 0.3 * rng.normal(size=n_periods)[week]
        + trend * week * is_treated
        + effect * on
        + 0.5 * rng.normal(size=unit.size)
    )
    frame = pd.DataFrame(
        {
            "unit": unit,
            "week": week,
            "treated": is_treated.astype(int),
            "post": (week >= start).astype(int),
            "on": on.astype(int),
            "cohort": cohort,
            "y": y,
        }
    )
    panel = {"unit_column": "unit", "period": "week", "cohort": "cohort"}
    absorbed = {"treatment": "on", "absorbed": ["unit", "week"], "cluster": "unit"}
    options: dict[str, dict[str, Any]] = {
        "two_by_two": {
            "treated": "treated",
            "post": "post",
            "cluster": "unit",
            "period": "week",
        },
        "fixed_effects": absorbed,
        "wild_bootstrap": absorbed | {"n_draws": 999},
    }
    return World(frame, design, options.get(design, panel), effect)


def donors(
    rng: np.random.Generator,
    *,
    n_donors: int = 12,
    n_pre: int = 40,
    n_post: int = 10,
    effect: float = 2.0,
    outside: float = 0.0,
    design: str = "synthetic_control",
) -> World:
    """One treated unit that is a mixture of donors; `outside` lifts it over them."""
    n = n_pre + n_post
    factors = np.cumsum(rng.normal(size=(n, 2)), axis=0)
    loads = rng.uniform(0.2, 1, size=(n_donors, 2))
    series = factors @ loads.T + 0.4 * rng.normal(size=(n, n_donors))
    weights = rng.dirichlet(np.ones(4))
    mixed = factors @ (weights @ loads[:4]) + 0.4 * rng.normal(size=n)
    treated = mixed + outside * np.linspace(1, 2, n)
    treated[n_pre:] += effect
    every = np.column_stack([treated, series])
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(n_donors + 1), n),
            "week": np.tile(np.arange(n), n_donors + 1),
            "y": every.T.ravel(),
        }
    )
    options = {
        "unit": "unit",
        "period": "week",
        "treated_units": [0],
        "treatment_start": n_pre,
    }
    return World(frame, design, options, effect)


def upgraded(
    rng: np.random.Generator,
    *,
    n: int = 80,
    start: int = 50,
    effect: float = 1.0,
    wander: float = 0.0,
    dependence: float = 0.2,
) -> World:
    """Interrupt a series by everybody's upgrade; `wander` is a random walk in it."""
    noise = np.empty(n)
    noise[0] = rng.normal()
    for t in range(1, n):
        noise[t] = dependence * noise[t - 1] + rng.normal()
    walk = wander * np.cumsum(rng.normal(size=n))
    week = np.arange(n)
    y = 10 + 0.05 * week + effect * (week >= start) + 0.5 * noise + walk
    frame = pd.DataFrame({"week": week, "y": y})
    return World(frame, "interrupted_series", {"period": "week", "start": start}, effect)
