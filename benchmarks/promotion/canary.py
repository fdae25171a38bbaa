"""How often the canary's test stops an equal version, and how soon a worse one.

Every run is looked at after every request. The steps are those of `assay.canary`, run on
all simulated trials at once.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.canary.betting import FRACTIONS, centre_of, log_growth, log_wealth
from assay.canary.trial import CanaryRule
from benchmarks.promotion.results import write_section

FALSE_NEGATIVE, FALSE_POSITIVE = 2600.0, 450.0
"""The shipped contract's costs, in USD per application."""


@dataclass(frozen=True)
class World:
    """Shares of expensive decisions, failures, and mean probability, by arm."""

    name: str
    share: float
    missed: tuple[float, float] = (0.05, 0.05)
    refused: tuple[float, float] = (0.15, 0.15)
    failed: tuple[float, float] = (0.001, 0.001)


def stopped_at(
    world: World, n_runs: int, n_requests: int, seed: int
) -> NDArray[np.float64]:
    """Return the request at which each trial stopped, infinity where none did."""
    rng = np.random.default_rng(seed)
    rule = CanaryRule(world.share, 0.0, FALSE_NEGATIVE)
    names = ("cost", "errors", "score_up", "score_down")
    margins = [rule.margin(name) for name in names]  # type: ignore[arg-type] # measures
    wealths = np.zeros((len(names), n_runs, len(FRACTIONS)))
    totals = np.zeros((len(names), n_runs))
    found = np.full(n_runs, np.inf)
    running = np.arange(n_runs)
    for n in range(n_requests):
        arm = (rng.random(len(running)) < rule.share).astype(np.int64)
        values = drawn(world, arm, rng)
        for i, margin in enumerate(margins):
            wealths[i] += log_growth(
                arm.astype(np.float64),
                values[i],
                centre_of(totals[i], n),
                share=rule.share,
                margin=margin,
            )
            totals[i] += values[i]
        # An average cannot reach the limit before its largest part does.
        stops = wealths.max(axis=(0, 2)) >= math.log(rule.limit)
        if stops.any():
            worth = log_wealth(wealths[:, stops])
            shift = np.logaddexp(worth[2], worth[3]) - math.log(2)
            highest = np.maximum(np.maximum(worth[0], worth[1]), shift)
            stops[stops] = highest >= math.log(rule.limit)
        if stops.any():
            found[running[stops]] = n + 1
            running = running[~stops]
            wealths, totals = wealths[:, ~stops], totals[:, ~stops]
        if not len(running):
            break
    return found


def drawn(
    world: World, arm: NDArray[np.int64], rng: np.random.Generator
) -> list[NDArray[np.float64]]:
    """Return one request's cost, failure, probability and its complement for each run."""
    chance = rng.random(len(arm))
    missed = chance < np.array(world.missed)[arm]
    refused = chance > 1 - np.array(world.refused)[arm]
    cost = missed * 1.0 + refused * (FALSE_POSITIVE / FALSE_NEGATIVE)
    failed = (rng.random(len(arm)) < np.array(world.failed)[arm]) * 1.0
    probability = rng.beta(1.5, 12, len(arm))
    return [cost, failed, probability, 1 - probability]


EQUAL = (
    World("equal", 0.1),
    World("equal", 0.2),
    World("equal, 1 % bad, 5 % failures", 0.5, (0.01,) * 2, (0.05,) * 2, (0.05,) * 2),
)
WORSE = tuple(
    World(f"twice the cost, {missed:.0%} bad accepted", share, *twice)
    for missed in (0.02, 0.05, 0.1)
    for share in (0.1, 0.2, 0.5)
    for twice in [((missed, 2 * missed), (0.15, 0.30))]
)


def main() -> None:
    """Run both tables and write each as soon as it is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--requests", type=int, default=2_000)
    parser.add_argument("--worse-runs", type=int, default=300)
    parser.add_argument("--worlds", type=int, default=len(EQUAL), help="equal worlds")
    given = parser.parse_args()
    measure_worse(given.worse_runs)
    measure_equal(EQUAL[: given.worlds], given.runs, given.requests)


def measure_equal(worlds: tuple[World, ...], n_runs: int, n_requests: int) -> None:
    """Write how often a version that is not worse is stopped."""
    lines = [
        f"Cost, errors and score shift share 5 %. {n_runs:,} equal trials of "
        f"{n_requests:,} requests each, looked at after every request.",
        "",
        "| versions | share | wrong stops | upper 95 % limit | goal |",
        "|---|---:|---:|---:|---:|",
    ]
    for seed, world in enumerate(worlds):
        rate = np.isfinite(stopped_at(world, n_runs, n_requests, seed)).mean()
        upper = rate + 1.96 * math.sqrt(max(rate * (1 - rate), 1 / n_runs) / n_runs)
        row = f"| {world.name} | {world.share:.0%} | {rate:.2%} | {upper:.2%} | 5 % |"
        print(row, flush=True)
        lines.append(row)
    command = f"--runs {n_runs} --requests {n_requests} --worlds {len(worlds)}"
    lines += ["", f"Command: `python -m benchmarks.promotion.canary {command}`"]
    write_section("canary-equal", "Canary: an equal version", lines)


def measure_worse(n_runs: int) -> None:
    """Write how soon a version that costs twice as much is withdrawn."""
    lines = [
        f"{n_runs:,} trials of a version with twice the cost, costs of the shipped "
        "contract, labels known at once; requests until it is withdrawn.",
        "",
        "| versions | share | median | 90th percentile | goal (median) |",
        "|---|---:|---:|---:|---:|",
    ]
    for seed, world in enumerate(WORSE):
        found = stopped_at(world, n_runs, 20_000, 100 + seed)
        median, late = np.quantile(found, [0.5, 0.9], method="inverted_cdf")
        row = (
            f"| {world.name} | {world.share:.0%} | {median:,.0f} | {late:,.0f} | 2,000 |"
        )
        print(row, flush=True)
        lines.append(row)
    command = f"Command: `python -m benchmarks.promotion.canary --worse-runs {n_runs}`"
    write_section("canary-worse", "Canary: twice the cost", [*lines, "", command])


if __name__ == "__main__":
    main()
