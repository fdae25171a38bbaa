"""Simulated coverage, size, bias and verdicts of synthetic control and its relative.

    OMP_NUM_THREADS=1 python -m benchmarks.causal.synthetic_coverage [--runs 1000]

Writes docs/results/causal_synthetic_coverage.md. The treated unit is an average of four
of twelve donors, which move with two factors: around a level to which they return, or
wandering off for good.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from assay.causal import CausalResult, verdict
from assay.causal.synthetic import (
    augmented_control,
    penalised_control,
    synthetic_control,
    synthetic_difference_in_differences,
)

PAGE = Path(__file__).parents[2] / "docs" / "results" / "causal_synthetic_coverage.md"
N_PRE, N_POST, N_DONORS, N_WARM = 30, 10, 12, 50
RETURNING, WANDERING = 0.9, 1.0


class World(NamedTuple):
    """What a panel is drawn from.

    `drift` is the treated units' own trend; factors move `n_warm` periods from zero
    before the first period.
    """

    effect: float = 0.0
    memory: float = RETURNING
    shift: float = 0.0
    drift: float = 0.0
    n_treated: int = 1
    n_warm: int = N_WARM


def panel(seed: int, world: World) -> pd.DataFrame:
    """Return a panel whose first units are treated."""
    rng = np.random.default_rng(seed)
    effect, memory, shift, drift, n_treated, n_warm = world
    n_periods, n_units = N_PRE + N_POST, n_treated + N_DONORS
    factors = moved(rng.normal(size=(n_periods + n_warm, 2)), memory)[n_warm:]
    loadings = rng.uniform(size=(2, N_DONORS))
    own = loadings[:, :4] @ rng.dirichlet(np.ones(4), size=n_treated).T
    table = factors @ np.column_stack([own, loadings])
    table += rng.normal(scale=0.3, size=table.shape)
    table[N_PRE:, :n_treated] += effect
    table[:, :n_treated] += shift + drift * np.arange(n_periods)[:, None]
    return pd.DataFrame(
        {
            "unit": np.repeat(np.arange(n_units), n_periods),
            "period": np.tile(np.arange(n_periods), n_units),
            "y": table.T.ravel(),
        }
    )


def moved(shocks: np.ndarray, memory: float) -> np.ndarray:
    """Return factors that keep that share of where they were."""
    found = shocks.copy()
    for period in range(1, len(found)):
        found[period] += memory * found[period - 1]
    return found


def answer(
    design: Callable[..., CausalResult], n_treated: int, **options: object
) -> Callable[..., CausalResult]:
    """Return what estimates a panel by that design."""
    return lambda frame: design(
        frame, unit="unit", period="period", outcome="y",
        treated_units=list(range(n_treated)), treatment_start=N_PRE, **options,
    )  # fmt: skip


def row(
    name: str, run: Callable[[pd.DataFrame], CausalResult], n_runs: int, world: World
) -> str:
    """Return the table row of a design in a world."""
    found = []
    for seed in range(n_runs):
        result = run(panel(seed, world))
        estimate, state = result.estimate, verdict(result.assumptions)
        low, high = estimate.interval
        found.append(
            (estimate.value - world.effect, low <= world.effect <= high,
             estimate.p_value <= 0.05, np.isinf([low, high]).any(),
             state == "withhold", state in ("warn", "withhold"))
        )  # fmt: skip
    value, covers, small, is_open, withheld, flagged = np.array(found, dtype=float).T
    size = f"{small.mean():.1%}" if world.effect == 0 else ""
    line = (
        f"| {name} | {covers.mean():.1%} | {size} | {value.mean():+.3f} "
        f"| {is_open.mean():.1%} | {withheld.mean():.1%} | {flagged.mean():.1%} |"
    )
    print(line, flush=True)
    return line


def main() -> None:
    """Run every design in every world and write the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=1_000)
    n = parser.parse_args().runs
    lines = []
    for name, design in (
        ("synthetic control", synthetic_control),
        ("augmented", augmented_control),
        ("penalised", penalised_control),
    ):
        run, wanders = answer(design, 1), World(memory=WANDERING)
        from_zero = wanders._replace(n_warm=0)
        lines += [
            row(f"{name}, effect 1", run, n, World(effect=1.0)),
            row(f"{name}, no effect", run, n, World()),
            row(f"{name}, no effect, donors wander", run, n, wanders),
            row(f"{name}, no effect, donors wander from zero", run, n, from_zero),
            row(f"{name}, above all donors", run, n // 10, World(shift=20.0)),
        ]
    title = "synthetic differences"
    one = answer(synthetic_difference_in_differences, 1, n_placebos=100)
    lines += [
        row(f"{title}, placebo error", one, n, World()),
        row(f"{title}, own trend", one, n // 10, World(drift=0.4)),
    ]
    for n_treated, kind in ((3, "placebo"), (6, "jackknife"), (12, "jackknife")):
        run = answer(
            synthetic_difference_in_differences, n_treated, errors=kind, n_placebos=100
        )
        name = f"{title}, {n_treated} treated, {kind}"
        lines.append(row(name, run, n, World(n_treated=n_treated)))
    PAGE.write_text(
        "# Synthetic control: simulated\n\n"
        f"`OMP_NUM_THREADS=1 python -m benchmarks.causal.synthetic_coverage --runs {n}`: "
        f"{n:,} runs a row ({n // 10} of those that are broken), {N_DONORS} donors, "
        f"{N_PRE} periods before and {N_POST} after. Donors move with two factors that "
        f"keep {RETURNING:g} of where they were; where they wander they keep all of it. "
        "From zero they are all alike at first, so that later periods rule the fit and "
        "the permutation test covers more than it says. "
        "An effect moves the estimate of synthetic differences by itself and nothing "
        "else, so that one world gives coverage and size. Open: an end of the interval "
        "is infinite, since no effect is rejected. The jackknife of many treated units "
        "misses the shocks that they share: its interval is too narrow.\n\n"
        "| world | 95 % interval covers | null called real | bias | open | withheld "
        "| withheld or warned |\n|---|---|---|---|---|---|---|\n"
        + "\n".join(lines)
        + "\n"
    )


if __name__ == "__main__":
    main()
