"""How long the scoring service takes from its start until it answers with a champion.

Run, with the platform up (``make run``): python -m benchmarks.serving.ready
Writes docs/results/start.md.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil

from assay.settings import Settings

N_RUNS = 7
GOAL_SECONDS = 2.0
PATIENCE_SECONDS = 60.0
RESULT = Path("docs/results/start.md")


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_until_ready() -> tuple[float, float, float]:
    """Return wall seconds, CPU seconds and resident MiB at the first ready answer."""
    port = free_port()
    begin = time.perf_counter()
    client = httpx.Client()
    process = subprocess.Popen(
        [sys.executable, "-m", "serving"],
        env={**os.environ, "ASSAY_API_PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while time.perf_counter() - begin < PATIENCE_SECONDS:
            time.sleep(0.05)
            try:
                if client.get(f"http://127.0.0.1:{port}/ready").status_code == 200:
                    wall = time.perf_counter() - begin
                    seen = psutil.Process(process.pid)
                    times = seen.cpu_times()
                    resident = seen.memory_info().rss / 2**20
                    return wall, times.user + times.system, resident
            except httpx.TransportError:
                continue
        raise SystemExit(f"not ready after {PATIENCE_SECONDS:g} s; is the platform up?")
    finally:
        client.close()
        process.terminate()
        process.wait(timeout=30)


def main() -> None:
    """Measure and write the table."""
    Settings()
    start_until_ready()  # fetches the bundles into the cache
    runs = [start_until_ready() for _ in range(N_RUNS)]
    wall, cpu, resident = ([run[position] for run in runs] for position in range(3))
    text = "\n".join(
        [
            "# The scoring service from start to ready",
            "",
            f"{N_RUNS} starts, the champion's bundle in the local cache, registry up; "
            f"goal: under {GOAL_SECONDS:g} s.",
            "",
            "| | median | least |",
            "|---|---:|---:|",
            f"| wall seconds | {statistics.median(wall):.2f} | {min(wall):.2f} |",
            f"| CPU seconds | {statistics.median(cpu):.2f} | {min(cpu):.2f} |",
            f"| resident MiB | {statistics.median(resident):.0f} | {min(resident):.0f} |",
            "",
            "Command: `make run`, then `python -m benchmarks.serving.ready`",
            "",
        ]
    )
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
