"""How long the scoring service takes from its start until it answers with a champion.

Run: python benchmarks/serving/ready.py. Writes docs/results/serving_start.md. The version
is in the local cache and the registry is out of reach, as after a restart in trouble; a
registry that answers adds two requests. The libraries' bytecode is there, as in the image
of the service; the first start, which makes it, is not counted.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import psutil

from benchmarks.serving.peers.model import make

N_RUNS = 7
GOAL_SECONDS, GOAL_MIB = 1.0, 120
SETTLED_SECONDS = 1.5
PATIENCE_SECONDS = 60.0
RESULT = Path("docs/results/serving_start.md")


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_until_ready(home: Path) -> tuple[float, float, float]:
    """Return wall and CPU seconds until it is ready, and resident MiB soon after.

    The seconds hold those of the process that proves the version and is gone then.
    """
    port = free_port()
    begin = time.perf_counter()
    client = httpx.Client()
    process = subprocess.Popen(
        [sys.executable, "-m", "serving"],
        env={
            **{k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
            "PYTHONPYCACHEPREFIX": str(home.parent / "bytecode"),
            "ASSAY_HOME": str(home),
            "ASSAY_API_PORT": str(port),
            "ASSAY_MLFLOW_URL": "http://127.0.0.1:9",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while time.perf_counter() - begin < PATIENCE_SECONDS:
            time.sleep(0.02)
            try:
                if client.get(f"http://127.0.0.1:{port}/ready").status_code == 200:
                    wall = time.perf_counter() - begin
                    seen = psutil.Process(process.pid)
                    times = seen.cpu_times()
                    time.sleep(SETTLED_SECONDS)
                    resident = seen.memory_info().rss / 2**20
                    return wall, sum(times[:4]), resident
            except httpx.TransportError:
                continue
        raise SystemExit(f"not ready after {PATIENCE_SECONDS:g} s; see its log")
    finally:
        client.close()
        process.terminate()
        process.wait(timeout=30)


def main() -> None:
    """Measure and write the table."""
    with tempfile.TemporaryDirectory() as name:
        home = make(Path(name)).home
        start_until_ready(home)  # compiles, and brings the files into memory
        runs = [start_until_ready(home) for _ in range(N_RUNS)]
    wall, cpu, resident = ([run[position] for run in runs] for position in range(3))
    text = "\n".join(
        [
            "# The scoring service from start to ready",
            "",
            f"{N_RUNS} starts at nice {os.nice(0)}, the champion's bundle in the local "
            f"cache, registry out of reach; goal: {GOAL_SECONDS:g} s and {GOAL_MIB} "
            "MiB. Bytecode was compiled before; memory is taken "
            f"{SETTLED_SECONDS:g} s after it was ready, when the process that ran the "
            "graph to prove the version is gone; its seconds count. Load average of the "
            f"machine's {os.cpu_count()} cores meanwhile: {os.getloadavg()[0]:.1f}.",
            "",
            "| | median | least |",
            "|---|---:|---:|",
            f"| wall seconds | {statistics.median(wall):.2f} | {min(wall):.2f} |",
            f"| CPU seconds | {statistics.median(cpu):.2f} | {min(cpu):.2f} |",
            f"| resident MiB | {statistics.median(resident):.0f} | {min(resident):.0f} |",
            "",
            "Command: `python benchmarks/serving/ready.py`",
            "",
        ]
    )
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
