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
    """Run both tables and write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--requests", type=int, default=5_000)
    parser.add_argument("--worse-runs", type=int, default=1_000)
    given = parser.parse_args()
    lines = [
        f"Three measures (cost, errors, score shift) share 5 %. {given.runs:,} equal "
        f"trials of {given.requests:,} requests each, looked at after every request.",
        "",
        "| versions | share | wrong stops | upper 95 % limit | goal |",
        "|---|---:|---:|---:|---:|",
    ]
    for seed, world in enumerate(EQUAL):
        found = np.isfinite(stopped_at(world, given.runs, given.requests, seed))
        rate = found.mean()
        upper = rate + 1.96 * math.sqrt(
            max(rate * (1 - rate), 1 / given.runs) / given.runs
        )
        row = f"| {world.name} | {world.share:.0%} | {rate:.2%} | {upper:.2%} | 5 % |"
        print(row, flush=True)
        lines.append(row)
    lines += [
        "",
        f"{given.worse_runs:,} trials of a version with twice the cost, costs of the "
        "shipped contract, labels known at once; requests until it is withdrawn.",
        "",
        "| versions | share | median | 90th percentile | goal |",
        "|---|---:|---:|---:|---:|",
    ]
    for seed, world in enumerate(WORSE):
        found = stopped_at(world, given.worse_runs, 20_000, 100 + seed)
        median, late = np.quantile(found, [0.5, 0.9], method="inverted_cdf")
        row = (
            f"| {world.name} | {world.share:.0%} | {median:,.0f} | {late:,.0f} | 2,000 |"
        )
        print(row, flush=True)
        lines.append(row)
    lines += ["", "Command: `python -m benchmarks.promotion.canary`"]
    write_section("canary", "Canary: when the test stops", lines)


if __name__ == "__main__":
    main()
