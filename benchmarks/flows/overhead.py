"""What Prefect adds to twelve plain function calls, on a real throwaway server.

Run: python -m benchmarks.flows.overhead
Writes docs/results/flows.md.
"""

from __future__ import annotations

import asyncio
import logging
import statistics
import time
from pathlib import Path

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.testing.utilities import prefect_test_harness

from flows.client import one_client

N_TASKS = 12
N_RUNS = 9
GOAL_SECONDS = 0.4
RESULT = Path("docs/results/flows.md")


def stage(value: int) -> int:
    """Do next to nothing, so that what is measured is the overhead."""
    return value + 1


promoted = task(name="stage", cache_policy=NO_CACHE)(stage)


@flow(name="twelve-async")
@one_client
async def twelve_async() -> int:
    """Call twelve tasks from an asynchronous flow, as every flow of Assay does."""
    value = 0
    for _ in range(N_TASKS):
        value = promoted(value)
    return value


@flow(name="twelve-sync")
def twelve_sync() -> int:
    """Call twelve tasks from a synchronous flow, for comparison."""
    value = 0
    for _ in range(N_TASKS):
        value = promoted(value)
    return value


def plain() -> int:
    """Call the twelve functions themselves."""
    value = 0
    for _ in range(N_TASKS):
        value = stage(value)
    return value


def seconds(call: object) -> float:
    """Return the wall time of one call."""
    start = time.perf_counter()
    call()  # type: ignore[operator] # a callable
    return time.perf_counter() - start


def main() -> None:
    """Measure, interleaved, and write the table."""
    logging.disable(logging.INFO)
    measured: dict[str, list[float]] = {"plain": [], "async": [], "sync": []}
    with prefect_test_harness(server_startup_timeout=180), asyncio.Runner() as runner:
        runner.run(twelve_async())
        twelve_sync()
        for _ in range(N_RUNS):
            measured["plain"].append(seconds(plain))
            measured["async"].append(seconds(lambda: runner.run(twelve_async())))
            measured["sync"].append(seconds(twelve_sync))
    base = statistics.median(measured["plain"])
    rows = [
        f"| {kind} flow | {statistics.median(times) - base:.2f} "
        f"| {min(times) - base:.2f} |"
        for kind, times in measured.items()
        if kind != "plain"
    ]
    text = "\n".join(
        [
            "# What a flow costs",
            "",
            f"{N_TASKS} tasks over the plain functions, seconds of wall time, "
            f"{N_RUNS} runs interleaved on one server (SQLite). "
            f"Goal: at most {GOAL_SECONDS} s.",
            "",
            "| | median | least |",
            "|---|---:|---:|",
            *rows,
            "",
            "Command: `python -m benchmarks.flows.overhead`",
            "",
        ]
    )
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
