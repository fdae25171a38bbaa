"""Simulated rollouts with known truth: designs as they should be, and broken ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class World:
    """A frame, the design to put to it, and the effect that it holds."""

    frame: pd.DataFrame
    design: str
    options: dict[str, Any]
    truth: float
    outcome: str = "y"


def experiment(
    rng: np.random.Generator,
    *,
    lost: float = 0.0,
    n: int = 800,
    effect: float = 0.3,
    design: str = "mean_difference",
) -> World:
    """Rows drawn one by one; `lost` is the share of treated rows that vanish."""
    treated = rng.permutation(np.arange(n) % 2)
    before = rng.normal(size=n)
    y = 1 + 0.6 * before + effect * treated + rng.normal(size=n)
    frame = pd.DataFrame({"d": treated, "x": before, "y": y, "t": np.arange(n)})
    kept = (treated == 0) | (rng.random(n) >= lost)
    options: dict[str, Any] = {"treated": "d", "treated_share": 0.5}
    if design == "cuped":
        options["covariates"] = ["x"]
    if design == "sequential_test":
        options |= {"order": "t", "effect_scale": 0.3}
    return World(frame[kept].reset_index(drop=True), design, options, effect)


def clusters(
    rng: np.random.Generator,
    *,
    n_clusters: int = 40,
    n_each: int = 20,
    effect: float = 0.3,
) -> World:
    """Whole groups drawn; outcomes of a group go together."""
    drawn = rng.permutation(np.arange(n_clusters) % 2)
    group = np.repeat(np.arange(n_clusters), n_each)
    y = (
        rng.normal(size=n_clusters)[group] * 0.4
        + effect * drawn[group]
        + rng.normal(size=group.size)
    )
    frame = pd.DataFrame({"g": group, "d": drawn[group], "y": y})
    options = {"treated": "d", "cluster": "g"}
    return World(frame, "cluster_difference", options, effect)


def switched(
    rng: np.random.Generator,
    *,
    n_blocks: int = 60,
    n_each: int = 20,
    effect: float = 0.3,
    carryover: float = 0.0,
) -> World:
    """Periods drawn; `carryover` leaks the previous block's arm, less and less."""
    arm = rng.permutation(np.arange(n_blocks) % 2)
    block = np.repeat(np.arange(n_blocks), n_each)
    inside = np.tile(np.arange(n_each), n_blocks)
    previous = np.concatenate([[0], arm[:-1]])
    leak = carryover * np.maximum(1 - inside / 15, 0) * (previous - arm)[block]
    y = 1 + effect * arm[block] + leak + rng.normal(size=block.size) * 0.5
    frame = pd.DataFrame(
        {"t": block * n_each + inside, "b": block, "d": arm[block], "y": y}
    )
    options: dict[str, Any] = {
        "treated": "d",
        "period": "t",
        "block": "b",
        "carryover_periods": n_each // 4,
    }
    return World(frame, "switchback", options, effect)


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


def cutoff(
    rng: np.random.Generator,
    *,
    n: int = 3000,
    effect: float = 0.4,
    bunched: float = 0.0,
    sharp: bool = True,
    jumping: float = 0.0,
    decimals: int = 15,
) -> World:
    """Let a score decide; `bunched` moves that share of near misses over the line."""
    score = rng.normal(size=n)
    able = rng.normal(size=n)
    near = (score < 0) & (score > -0.3) & (rng.random(n) < bunched)
    score = np.where(near, -score, score).round(decimals)
    above = score >= 0
    chance = np.where(above, 0.85, 0.15)
    d = above.astype(float) if sharp else (rng.random(n) < chance).astype(float)
    x = able + jumping * above
    y = 0.5 * score + 0.2 * score**2 + effect * d + 0.3 * able + rng.normal(size=n) * 0.5
    frame = pd.DataFrame({"score": score, "d": d.astype(int), "x": x, "y": y})
    options: dict[str, Any] = {"running": "score", "cutoff": 0.0, "covariates": ["x"]}
    if not sharp:
        options["treatment"] = "d"
    return World(frame, "sharp_jump" if sharp else "fuzzy_jump", options, effect)


def chosen(
    rng: np.random.Generator,
    *,
    design: str = "doubly_robust_effect",
    n: int = 1500,
    effect: float = 0.3,
    strength: float = 0.5,
) -> World:
    """Rows choose by what is seen; `strength` above 3 leaves no overlap."""
    x = rng.normal(size=(n, 2))
    pull = strength * (x[:, 0] + 0.5 * x[:, 1])
    d = (rng.random(n) < 1 / (1 + np.exp(-pull))).astype(int)
    y = x @ [0.5, -0.3] + effect * d + rng.normal(size=n)
    frame = pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "d": d, "y": y})
    options = {"treatment": "d", "covariates": ["a", "b"]}
    return World(frame, design, options, effect)


def nudged(
    rng: np.random.Generator,
    *,
    n: int = 1500,
    effect: float = 0.5,
    strength: float = 0.6,
    n_instruments: int = 1,
) -> World:
    """Instruments that move the treatment; near zero `strength` they hardly do."""
    z = rng.normal(size=(n, n_instruments))
    hidden = rng.normal(size=n)
    d = strength * z[:, 0] + hidden + rng.normal(size=n)
    y = effect * d + hidden + rng.normal(size=n)
    names = [f"z{i}" for i in range(n_instruments)]
    frame = pd.DataFrame(z, columns=names).assign(d=d, y=y)
    options = {"treatment": "d", "instruments": names}
    return World(frame, "instrumented_effect", options, effect)


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


def differing(rng: np.random.Generator, *, n: int = 2000, strength: float = 0.0) -> World:
    """Effects that grow with `a`, of a treatment drawn (or, with `strength`, chosen)."""
    x = rng.normal(size=(n, 2))
    d = (rng.random(n) < 1 / (1 + np.exp(-strength * x[:, 0]))).astype(int)
    y = x @ [0.5, -0.3] + (0.3 + 0.4 * x[:, 0]) * d + rng.normal(size=n)
    frame = pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "d": d, "y": y})
    options = {"treatment": "d", "covariates": ["a", "b"], "probability": 0.5}
    if strength:
        options.pop("probability")
    return World(frame, "heterogeneous_effects", options, 0.3)


def _rollouts(design: str, **how: float) -> Callable[..., World]:
    return lambda rng: rollout(rng, design=design, **how)


VALID: dict[str, Callable[..., World]] = {
    "experiment": experiment,
    "experiment, CUPED": lambda rng: experiment(rng, design="cuped"),
    "experiment, watched": lambda rng: experiment(rng, design="sequential_test"),
    "clusters drawn": clusters,
    "switchback": switched,
    "two by two": _rollouts("two_by_two"),
    "fixed effects": _rollouts("fixed_effects"),
    "wild bootstrap": _rollouts("wild_bootstrap"),
    "event study": _rollouts("event_study"),
    "group-time": _rollouts("group_time_effects", staggered=True),
    "interaction-weighted": _rollouts("interaction_weighted", staggered=True),
    "imputation": _rollouts("imputed_effects", staggered=True),
    "synthetic control": donors,
    "synthetic differences": lambda rng: donors(
        rng, design="synthetic_difference_in_differences"
    ),
    "sharp cutoff": cutoff,
    "cutoff on a score of two decimals": lambda rng: cutoff(rng, decimals=2),
    "fuzzy cutoff": lambda rng: cutoff(rng, sharp=False),
    "weighting": lambda rng: chosen(rng, design="weighted_effect"),
    "matching": lambda rng: chosen(rng, design="matched_effect"),
    "doubly robust": chosen,
    "instrument": nudged,
    "interrupted series": upgraded,
    "effects by row": differing,
}

BROKEN: dict[str, Callable[..., World]] = {
    "experiment that lost a quarter of the treated": lambda rng: experiment(
        rng, lost=0.25
    ),
    "switchback that carries over": lambda rng: switched(rng, carryover=0.6),
    "two by two, own trend": _rollouts("two_by_two", trend=0.08),
    "event study, own trend": _rollouts("event_study", trend=0.08),
    "group-time, own trend": _rollouts("group_time_effects", trend=0.08, staggered=True),
    "imputation, own trend": _rollouts("imputed_effects", trend=0.08, staggered=True),
    "one treated branch": _rollouts("two_by_two", n_treated=1),
    "donors as many as weeks before": lambda rng: donors(rng, n_donors=38),
    "treated unit outside its donors": lambda rng: donors(rng, outside=15.0),
    "synthetic differences, own trend": lambda rng: donors(
        rng, outside=15.0, design="synthetic_difference_in_differences"
    ),
    "bunching at the cutoff": lambda rng: cutoff(rng, bunched=0.6),
    "covariate that jumps": lambda rng: cutoff(rng, jumping=0.6),
    "no overlap, weighting": lambda rng: chosen(
        rng, design="weighted_effect", strength=5.0
    ),
    "no overlap, matching": lambda rng: chosen(
        rng, design="matched_effect", strength=5.0
    ),
    "no overlap, doubly robust": lambda rng: chosen(rng, strength=5.0),
    "weak instrument": lambda rng: nudged(rng, strength=0.02),
    "many weak instruments": lambda rng: nudged(rng, strength=0.05, n_instruments=40),
    "series that wanders": lambda rng: upgraded(rng, wander=1.0),
    "effects by row, no overlap": lambda rng: differing(rng, strength=6.0),
}
