"""Simulated coverage, size, bias and verdicts of synthetic control and its relative.

    OMP_NUM_THREADS=1 python -m benchmarks.causal.synthetic_coverage [--runs 1000]

Writes docs/results/causal_synthetic_coverage.md. The treated unit is an average of four
of twelve donors, which move with two factors that wander.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from assay.causal import CausalResult, verdict
from assay.causal.estimate import Estimate
from assay.causal.synthetic import (
    AugmentedControl,
    PenalisedControl,
    Series,
    augmented_control,
    penalised_control,
    read_cells,
    read_series,
    synthetic_control,
    synthetic_difference_in_differences,
)

PAGE = Path(__file__).parents[2] / "docs" / "results" / "causal_synthetic_coverage.md"
N_PRE, N_POST, N_DONORS = 30, 10, 12


def panel(
    seed: int, effect: float, shift: float = 0.0, drift: float = 0.0, n_treated: int = 1
) -> pd.DataFrame:
    """Return a panel whose first units are treated; `drift` is their own trend."""
    rng = np.random.default_rng(seed)
    n_periods, n_units = N_PRE + N_POST, n_treated + N_DONORS
    factors = np.cumsum(rng.normal(size=(n_periods, 2)), axis=0)
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


def answer(
    design: Callable[..., CausalResult], n_treated: int, **options: int
) -> Callable[..., CausalResult]:
    """Return what estimates a panel by that design."""
    return lambda frame: design(
        frame, unit="unit", period="period", outcome="y",
        treated_units=list(range(n_treated)), treatment_start=N_PRE, **options,
    )  # fmt: skip


def of_series(
    design: Callable[[Series], AugmentedControl | PenalisedControl],
) -> Callable[[pd.DataFrame], Estimate]:
    """Return what estimates a panel by a design that takes a series."""
    return lambda frame: design(
        read_series(
            read_cells(
                frame, unit="unit", period="period", outcome="y",
                treated_units=[0], treatment_start=N_PRE,
            )
        )
    ).estimate  # fmt: skip


def row(
    name: str,
    run: Callable[..., CausalResult | Estimate],
    n_runs: int,
    effect: float,
    shift: float = 0.0,
    drift: float = 0.0,
    n_treated: int = 1,
) -> str:
    """Return the table row of a design in a world."""
    found = []
    for seed in range(n_runs):
        result = run(panel(seed, effect, shift, drift, n_treated))
        judged = not isinstance(result, Estimate)
        estimate = result.estimate if judged else result
        state = verdict(result.assumptions) if judged else "none"
        low, high = estimate.interval
        found.append(
            (estimate.value - effect, low <= effect <= high, estimate.p_value <= 0.05,
             state == "withhold", state in ("warn", "withhold"))
        )  # fmt: skip
    value, covers, small, withheld, flagged = np.array(found, dtype=float).T
    size = f"{small.mean():.1%}" if effect == 0 else ""
    verdicts = f"{withheld.mean():.1%} | {flagged.mean():.1%}" if judged else " | "
    line = f"| {name} | {covers.mean():.1%} | {size} | {value.mean():+.3f} | {verdicts} |"
    print(line, flush=True)
    return line


def main() -> None:
    """Run every design in every world and write the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=1_000)
    n = parser.parse_args().runs
    plain = answer(synthetic_control, 1)
    placebo = answer(synthetic_difference_in_differences, 1, n_placebos=100)
    jackknife = answer(synthetic_difference_in_differences, 6)
    lines = [
        row("synthetic control, effect 1", plain, n, 1.0),
        row("synthetic control, no effect", plain, n, 0.0),
        row("synthetic control, above all donors", plain, n, 1.0, shift=20.0),
        row("augmented, effect 1", of_series(augmented_control), n, 1.0),
        row("augmented, no effect", of_series(augmented_control), n, 0.0),
        row("penalised, effect 1", of_series(penalised_control), n, 1.0),
        row("penalised, no effect", of_series(penalised_control), n, 0.0),
        row("synthetic differences, placebo error", placebo, n, 0.0),
        row("synthetic differences, own trend", placebo, n // 10, 0.0, drift=0.4),
        row("synthetic differences, six treated, jackknife", jackknife, n, 0.0,
            n_treated=6),
    ]  # fmt: skip
    PAGE.write_text(
        "# Synthetic control: simulated\n\n"
        f"`OMP_NUM_THREADS=1 python -m benchmarks.causal.synthetic_coverage --runs {n}`: "
        f"{n:,} runs a row ({n // 10} of the one with its own trend), {N_DONORS} donors, "
        f"{N_PRE} periods before and {N_POST} after. An effect moves the estimate of "
        "synthetic differences by itself and nothing else, so that one world gives "
        "coverage and size. Augmented and penalised controls give no verdict of their "
        "own.\n\n"
        "| world | 95 % interval covers | null called real | bias | withheld | withheld "
        "or warned |\n|---|---|---|---|---|---|\n" + "\n".join(lines) + "\n"
    )


if __name__ == "__main__":
    main()
