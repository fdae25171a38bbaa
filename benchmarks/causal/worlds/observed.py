"""Treatments by a rule, by choice or by a nudge."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from benchmarks.causal.worlds.world import World


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
