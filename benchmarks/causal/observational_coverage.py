"""Coverage, size and verdicts of propensity and instrumental designs by simulation.

    python -m benchmarks.causal.observational_coverage [--runs 1000]

Writes docs/results/causal_observational.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from assay.causal import CausalResult, verdict
from assay.causal.instruments import instrumented_effect
from assay.causal.propensity import (
    doubly_robust_effect,
    matched_effect,
    weighted_effect,
)

NAMES = {"outcome": "y", "treatment": "t", "covariates": ["a", "b"]}


@dataclass(frozen=True, slots=True)
class World:
    """A design on rows from a known truth."""

    name: str
    rows: Callable[[np.random.Generator, float], pd.DataFrame]
    design: Callable[[pd.DataFrame], CausalResult]
    is_valid: bool


def chosen(
    rng: np.random.Generator, effect: float, n: int = 600, strength: float = 1.0
) -> pd.DataFrame:
    """Return rows that were treated by visible causes."""
    a, b = rng.normal(size=(2, n))
    p = 1 / (1 + np.exp(-strength * (0.6 * a - 0.4 * b)))
    t = rng.random(n) < p
    y = a + 2 * b + effect * t + rng.normal(size=n)
    return pd.DataFrame({"y": y, "t": t.astype(int), "a": a, "b": b})


def nudged(
    rng: np.random.Generator,
    effect: float,
    n: int = 400,
    push: float = 0.6,
    n_instruments: int = 1,
    leak: float = 0.0,
) -> pd.DataFrame:
    """Return rows whose treatment an instrument moved, beside a hidden cause."""
    z = rng.normal(size=(n, n_instruments))
    hidden = rng.normal(size=n)
    d = push * z.sum(axis=1) / np.sqrt(n_instruments) + hidden + rng.normal(size=n)
    y = effect * d + hidden + leak * z[:, 0] + rng.normal(size=n)
    columns = {f"z{i}": z[:, i] for i in range(n_instruments)}
    return pd.DataFrame({"y": y, "d": d, **columns})


def through(frame: pd.DataFrame) -> CausalResult:
    """Return the effect through every instrument of the frame."""
    instruments = [name for name in frame if str(name).startswith("z")]
    return instrumented_effect(frame, outcome="y", treatment="d", instruments=instruments)


WORLDS = (
    World("weights, ATE", chosen, lambda f: weighted_effect(f, **NAMES), True),
    World(
        "weights, ATT",
        chosen,
        lambda f: weighted_effect(f, **NAMES, estimand="att"),
        True,
    ),
    World("matching, ATT", chosen, lambda f: matched_effect(f, **NAMES), True),
    World("doubly robust, ATE", chosen, lambda f: doubly_robust_effect(f, **NAMES), True),
    World("two-stage least squares", nudged, through, True),
    World(
        "weights without overlap",
        lambda rng, effect: chosen(rng, effect, strength=8.0),
        lambda f: weighted_effect(f, **NAMES),
        False,
    ),
    World(
        "doubly robust without overlap",
        lambda rng, effect: chosen(rng, effect, strength=8.0),
        lambda f: doubly_robust_effect(f, **NAMES),
        False,
    ),
    World(
        "irrelevant instrument",
        lambda rng, effect: nudged(rng, effect, push=0.02),
        through,
        False,
    ),
    World(
        "thirty weak instruments",
        lambda rng, effect: nudged(rng, effect, push=0.2, n_instruments=30),
        through,
        False,
    ),
    World(
        "one of two instruments leaks",
        lambda rng, effect: nudged(rng, effect, push=1.0, n_instruments=2, leak=0.8),
        through,
        False,
    ),
)


def measured(world: World, n_runs: int, number: int) -> str:
    """Return the table row of a world."""
    found = []
    for run in range(n_runs):
        rng = np.random.default_rng(
            np.random.SeedSequence(20261120, spawn_key=(number, run))
        )
        null, real = (world.design(world.rows(rng, effect)) for effect in (0.0, 1.0))
        low, high = real.estimate.interval
        found.append(
            (
                real.estimate.value - 1,
                low <= 1 <= high,
                null.estimate.p_value < 0.05,
                verdict(real.assumptions) == "warn",
                verdict(real.assumptions) == "withhold",
            )
        )
    bias, cover, size, warned, withheld = np.mean(found, axis=0)
    kind = "valid" if world.is_valid else "broken"
    return (
        f"| {world.name} | {kind} | {bias:+.4f} | {cover:.1%} | {size:.1%} | "
        f"{warned:.1%} | {withheld:.1%} |"
    )


def main() -> None:
    """Simulate every world and write the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument(
        "--page", type=Path, default=Path("docs/results/causal_observational.md")
    )
    options = parser.parse_args()
    options.page.parent.mkdir(parents=True, exist_ok=True)
    rows: list[str] = []
    for number, world in enumerate(WORLDS):
        rows.append(measured(world, options.runs, number))
        print(rows[-1], flush=True)
        options.page.write_text(_page(rows, options.runs))


def _page(rows: list[str], n_runs: int) -> str:
    table = "\n".join(rows)
    return f"""# Propensity and instruments, simulated

`python -m benchmarks.causal.observational_coverage --runs {n_runs}`: truth 1, 600 rows
(instruments 400), {n_runs} runs a row. Size is the share of true nulls that were called
real at 5 %.

| design | world | bias | 95 % interval covers | size | warned | withheld |
|---|---|---|---|---|---|---|
{table}
"""


if __name__ == "__main__":
    main()
