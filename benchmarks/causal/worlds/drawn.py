"""Experiments: rows, clusters or periods drawn at random."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from benchmarks.causal.worlds.world import World


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
