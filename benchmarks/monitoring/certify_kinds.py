"""False alarms of single columns that are no deciles: categories, rare levels, gaps.

Writes docs/results/monitoring_alarm_kinds.md. Run:
``python -m benchmarks.monitoring.certify_kinds``
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assay.monitoring.alarms.null import psi_p_value

TARGET = Path("docs/results/monitoring_alarm_kinds.md")
SIZES, LEVELS = (100, 1_000, 10_000), (0.05, 0.01)
N_REFERENCE, N_REFERENCES, N_WINDOWS = 20_000, 24, 2_000
SEED = 20_261_122


def falling(n_categories: int, power: float) -> NDArray[np.float64]:
    """Return shares that fall with the rank, as names and towns do."""
    weights = 1 / np.arange(1, n_categories + 1) ** power
    return np.asarray(weights / weights.sum())


KINDS = {
    "two categories, 5 % and 95 %": np.array([0.95, 0.05]),
    "three, the least 5 %": np.array([0.7, 0.25, 0.05]),
    "20, shares as 1 / rank": falling(20, 1.0),
    "30, shares as rank to the -1.5": falling(30, 1.5),
    "counts from 0 to 5, most 0": np.array([0.6, 0.2, 0.1, 0.06, 0.03, 0.01]),
    "deciles, 3 % missing": np.r_[np.full(10, 0.097), 0.03],
    "deciles, 0.1 % missing": np.r_[np.full(10, 0.0999), 0.001],
}


def rates(shares: NDArray[np.float64], n_rows: int, seed: int) -> NDArray[np.float64]:
    """Return the share of still windows below each level, (n_references, n_levels)."""
    rng = np.random.default_rng([SEED, seed, n_rows])
    found = []
    for _ in range(N_REFERENCES):
        reference = rng.multinomial(N_REFERENCE, shares)
        p_values = psi_p_value(reference, rng.multinomial(n_rows, shares, N_WINDOWS))
        found.append([(p_values <= level).mean() for level in LEVELS])
    return np.array(found)


def lines() -> Iterator[str]:
    """Yield a line of the table for each kind and size."""
    for number, (kind, shares) in enumerate(KINDS.items()):
        for n_rows in SIZES:
            found = rates(shares, n_rows, number)
            error = found.std(axis=0, ddof=1) / np.sqrt(N_REFERENCES)
            told = (
                f"{mean:.2%} ± {1.96 * one:.2%}"
                for mean, one in zip(found.mean(axis=0), error, strict=True)
            )
            line = f"| {kind} | {n_rows:,} | {' | '.join(told)} |"
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
            yield line


def main() -> None:
    """Draw references and windows, and write the table."""
    levels = " | ".join(f"below {level:g}" for level in LEVELS)
    body = "\n".join(lines())
    TARGET.write_text(
        "# Alarms of columns that are no deciles\n\n"
        "Written by `python -m benchmarks.monitoring.certify_kinds`. Share of windows "
        "without drift whose p-value for one column is at most the level, mean over "
        f"{N_REFERENCES} references of {N_REFERENCE:,} rows with {N_WINDOWS:,} windows "
        "each, ± 1.96 standard errors over references. Windows held against one "
        "reference share its noise.\n\n"
        f"| column | rows of a window | {levels} |\n|---|---:|---:|---:|\n{body}\n"
    )


if __name__ == "__main__":
    main()
