"""What Prefect adds to twelve plain function calls, on real throwaway servers.

Run: python -m benchmarks.flows.overhead
Writes docs/results/flows.md.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.settings import PREFECT_API_URL, temporary_settings

from deployments.environment import QUIET
from flows.client import one_client
from tests.services import postgresql_databases, running_prefect

N_TASKS = 12
N_RUNS = 11
N_WARM = 3
PAUSE_SECONDS = 1.5
REFUSED_SECONDS = 1.5
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


def timed(call: Callable[[], object]) -> tuple[float, float]:
    """Return the wall and the CPU seconds of this process in one call."""
    start, cpu = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - start, time.process_time() - cpu


def measure(api: str) -> dict[str, list[tuple[float, float]]]:
    """Return the times of the three kinds of call, interleaved on one server."""
    found: dict[str, list[tuple[float, float]]] = {"plain": [], "async": [], "sync": []}
    with temporary_settings({PREFECT_API_URL: api}), asyncio.Runner() as runner:
        for _ in range(N_WARM):
            runner.run(twelve_async())
        twelve_sync()
        for _ in range(N_RUNS):
            found["plain"].append(timed(plain))
            for kind, call in (
                ("async", lambda: runner.run(twelve_async())),
                ("sync", twelve_sync),
            ):
                time.sleep(PAUSE_SECONDS)
                found[kind].append(timed(call))
    return found


def table_rows(database: str, found: dict[str, list[tuple[float, float]]]) -> list[str]:
    """Return the rows of one database: what is over the plain functions."""
    base = statistics.median(wall for wall, _ in found["plain"])
    rows = []
    for kind in ("async", "sync"):
        wall = [seconds - base for seconds, _ in found[kind]]
        cpu = [seconds for _, seconds in found[kind]]
        refused = sum(seconds > min(wall) + REFUSED_SECONDS for seconds in wall)
        rows.append(
            f"| {database} | {kind} | {statistics.median(wall):.2f} | {min(wall):.2f} "
            f"| {statistics.median(cpu):.2f} | {refused} of {N_RUNS} |"
        )
    return rows


def rows_of(database: str, address: str) -> list[str]:
    """Run one server and, in a process of its own, the measurement against it.

    A process that ends while its server lives has delivered its events; one that
    outlives its server waits for it.
    """
    with (
        tempfile.TemporaryDirectory() as name,
        running_prefect(Path(name), address.format(folder=name)) as api,
    ):
        child = subprocess.run(
            [sys.executable, "-m", "benchmarks.flows.overhead", api],
            env={**os.environ, **QUIET},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return table_rows(database, json.loads(child.stdout))


def main() -> None:
    """Measure on both databases and write the table."""
    if len(sys.argv) > 1:
        logging.disable(logging.INFO)
        sys.stdout.write(json.dumps(measure(sys.argv[1])))
        return
    rows = rows_of("SQLite", "sqlite+aiosqlite:///{folder}/prefect.db")
    with postgresql_databases("overhead") as url:
        rows += rows_of("PostgreSQL", url.replace("+psycopg", "+asyncpg") + "/overhead")
    text = "\n".join(
        [
            "# What a flow costs",
            "",
            f"{N_TASKS} tasks over the plain functions, {N_RUNS} runs interleaved on one "
            f"server. Goal: at most {GOAL_SECONDS} s of wall time. Waited: runs slower "
            "by a client's pause of two seconds, after a server on SQLite refused a "
            "request while it wrote.",
            "",
            "| database | flow | median s | least s | CPU s of the flow | waited |",
            "|---|---|---:|---:|---:|---:|",
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
