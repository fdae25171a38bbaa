"""Requests per second and tail latency beside the peers; writes docs/results/serving.md.

One run, interleaved: each round asks every server for a few seconds at 1, 8 and 32
connections, one process each, the same rows. All score the same kind of model (the same
trees, trained on the same rows of the simulated lender); the peers answer with the number
only. BentoML is installed into a throwaway environment from the package registry.

Run, with wrk installed: python benchmarks/serving/against_peers.py [ROUNDS [SECONDS]]
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil

from benchmarks.serving.peers.disk import sync_line
from benchmarks.serving.peers.model import Made, make

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / "benchmarks" / "serving" / "peers"
RESULT = ROOT / "docs" / "results" / "serving.md"
COMMAND = "python benchmarks/serving/against_peers.py"
CONNECTIONS = (1, 8, 32)
BENTO = ("bentoml", "scikit-learn==1.9.1", "onnxruntime==1.31.1", "pandas==2.3.3")
STOCK, GRAPH = "BentoML, scikit-learn", "BentoML, ONNX Runtime"
BOTH = "Assay, reasons and ledger"


@dataclass
class Contender:
    """A server under test."""

    name: str
    command: list[str]
    url: str
    bodies: Path
    environment: dict[str, str]
    ready: str = ""
    process: subprocess.Popen[bytes] | None = None
    rates: dict[int, list[float]] = field(default_factory=dict)
    tails: dict[int, list[float]] = field(default_factory=dict)
    costs: dict[int, list[float]] = field(default_factory=dict)

    def family(self) -> list[psutil.Process]:
        """Return the processes that it runs as."""
        assert self.process is not None  # noqa: S101 # callers started it
        first = psutil.Process(self.process.pid)
        return [first, *first.children(recursive=True)]

    def cpu_seconds(self) -> float:
        """Return the processor time that it has used."""
        times = [one.cpu_times() for one in self.family()]
        return sum(one.user + one.system for one in times)

    def resident(self) -> float:
        """Return its memory, MiB."""
        return sum(one.memory_info().rss for one in self.family()) / 2**20


def port() -> int:
    """Return a port of the loopback address that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def bento_python(folder: Path) -> Path | None:
    """Return BentoML's environment, made if need be; None where it does not install."""
    home = Path(os.environ.get("BENTO_VENV", folder / "bento"))
    if not (home / "bin" / "bentoml").exists():
        made = subprocess.run([sys.executable, "-m", "venv", str(home)], check=False)
        pip = [str(home / "bin" / "pip"), "install", "-q", *BENTO]
        if made.returncode or subprocess.run(pip, check=False).returncode:
            return None
    return home / "bin"


def contenders(made: Made, folder: Path) -> list[Contender]:
    """Return all servers, not started."""
    found = []
    for name, mode, bodies in (
        ("Assay, bare", "off", made.plain),
        ("Assay, reasons", "off", made.adverse),
        ("Assay, ledger", "durable", made.plain),
        (BOTH, "durable", made.adverse),
    ):
        number = port()
        home = folder / f"home-{mode}-{number}"
        shutil.copytree(made.home, home)
        settings = {
            "ASSAY_HOME": str(home),
            "ASSAY_API_PORT": str(number),
            "ASSAY_MLFLOW_URL": "http://127.0.0.1:9",
            "ASSAY_API_REFRESH_SECONDS": "600",
            "ASSAY_LEDGER_MODE": mode,
        }
        command, at = [sys.executable, "-m", "serving"], f"http://127.0.0.1:{number}"
        found.append(
            Contender(name, command, f"{at}/predict", bodies, settings, f"{at}/ready")
        )
    model = {"PEER_MODEL": str(made.pipeline), "PEER_GRAPH": str(made.graph)}
    number = port()
    uvicorn = ["-m", "uvicorn", "--app-dir", str(PEERS), "--no-access-log"]
    command = [sys.executable, *uvicorn, "--port", str(number), "tutorial:app"]
    url = f"http://127.0.0.1:{number}/predict"
    found.append(Contender("tutorial FastAPI", command, url, made.plain, model))
    number = port()
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(made.mlflow)]
    command += ["-h", "127.0.0.1", "-p", str(number), "--env-manager", "local"]
    url = f"http://127.0.0.1:{number}/invocations"
    path = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    found.append(
        Contender("MLflow's server", [*command, "-w", "1"], url, made.records, path)
    )
    return found + bento_contenders(made, folder, model)


def bento_contenders(made: Made, folder: Path, model: dict[str, str]) -> list[Contender]:
    """Return BentoML's two servers; none where it does not install."""
    bento = bento_python(folder)
    found = []
    for name, service in ((STOCK, "bento_sklearn"), (GRAPH, "bento_onnx")):
        if bento is not None:
            number = port()
            command = [str(bento / "bentoml"), "serve", f"{service}:Scoring"]
            command += ["--host", "127.0.0.1", "--port", str(number)]
            url = f"http://127.0.0.1:{number}/predict"
            quiet = {"BENTOML_DO_NOT_TRACK": "true", "BENTOML_HOME": str(folder / "bh")}
            found.append(Contender(name, command, url, made.nested, model | quiet))
    return found


@contextmanager
def running(servers: list[Contender], folder: Path) -> Iterator[None]:
    """Start all, wait until each answers, stop all.

    Bytecode is kept, as where a package is installed: what compiles at its start holds
    memory for it.
    """
    plain = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    plain["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
    try:
        for number, one in enumerate(servers):
            with (folder / f"server-{number}.log").open("w") as log:
                one.process = subprocess.Popen(
                    one.command,
                    cwd=PEERS if "bento" in one.command[0] else ROOT,
                    env={**plain, "OMP_NUM_THREADS": "1", **one.environment},
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
        for number, one in enumerate(servers):
            wait(one, folder / f"server-{number}.log")
        yield
    finally:
        for one in servers:
            if one.process is not None and one.process.poll() is None:
                family = one.family()
                for each in reversed(family):
                    each.terminate()
                psutil.wait_procs(family, timeout=20)


def wait(one: Contender, log: Path) -> None:
    """Return once a server answers a row."""
    body = one.bodies.read_text().splitlines()[0]
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            headers = {"Content-Type": "application/json"}
            answer = httpx.post(one.url, content=body, headers=headers)
            if answer.status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise SystemExit(f"{one.name} does not answer:\n{log.read_text()[-2000:]}")


def load(one: Contender, connections: int, seconds: int) -> None:
    """Ask one server for a while and note what it did."""
    before = one.cpu_seconds()
    script = str(PEERS / "rows.lua")
    wrk = [shutil.which("wrk") or "wrk", "-t1", f"-c{connections}", f"-d{seconds}s"]
    said = subprocess.run(
        [*wrk, "--latency", "-s", script, one.url, "--", str(one.bodies)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    if "Non-2xx" in said:
        raise SystemExit(f"{one.name} refused:\n{said}")
    n_requests = int(re.search(r"(\d+) requests in", said)[1])
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", said).groups()
    scale = {"us": 1e-3, "ms": 1.0, "s": 1e3}[unit]
    one.rates.setdefault(connections, []).append(
        float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])
    )
    one.tails.setdefault(connections, []).append(float(value) * scale)
    cost = (one.cpu_seconds() - before) / max(n_requests, 1) * 1e6
    one.costs.setdefault(connections, []).append(cost)


def ratio(one: Contender, other: Contender | None, connections: int) -> str:
    """Return how many times as many requests, the median over rounds."""
    if other is None:
        return "not measured"
    pairs = zip(one.rates[connections], other.rates[connections], strict=True)
    return f"{statistics.median(a / b for a, b in pairs):.1f}"


def table(servers: list[Contender]) -> list[str]:
    """Return the lines of the table."""
    named = {one.name: one for one in servers}
    lines = [
        "| server | requests/s at 1 | 8 | 32 | p99 ms at 8 | CPU us/request at 32 | "
        "resident MiB | times BentoML at 32 | times BentoML with ONNX Runtime |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for one in servers:
        rates = [f"{statistics.median(one.rates[c]):,.0f}" for c in CONNECTIONS]
        lines.append(
            f"| {one.name} | {' | '.join(rates)} | {statistics.median(one.tails[8]):.1f} "
            f"| {statistics.median(one.costs[32]):,.0f} | {one.resident():.0f} "
            f"| {ratio(one, named.get(STOCK), 32)} | {ratio(one, named.get(GRAPH), 32)} |"
        )
    return lines


def main() -> None:
    """Measure and write the page."""
    n_rounds, seconds = (int(word) for word in [*sys.argv[1:], "3", "3"][:2])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = make(folder)
        servers = contenders(made, folder)
        with running(servers, folder):  # compiles
            pass
        with running(servers, folder):
            for one in servers:
                load(one, 8, 1)
                one.rates, one.tails, one.costs = {}, {}, {}
            for _ in range(n_rounds):
                for connections in CONNECTIONS:
                    for one in servers:
                        load(one, connections, seconds)
            lines = [*table(servers), "", sync_line(folder)]
        batches = made.batch_lines()
        n_missing = 2 - len([one for one in servers if one.name in (STOCK, GRAPH)])
    load_now = os.getloadavg()
    text = "\n".join(
        [
            "# The scoring service beside its peers",
            "",
            f"Written by `{COMMAND} {n_rounds} {seconds}` on "
            f"{datetime.now(UTC):%Y-%m-%d}: {n_rounds} interleaved rounds of {seconds} "
            "s, medians; one process each, "
            f"wrk on one thread of the same {os.cpu_count()} cores, all at nice "
            f"{os.nice(0)}; load average of the machine at the end {load_now[0]:.1f}. "
            f"{made.said}",
            "",
            *lines,
            "",
            *(["BentoML did not install here.", ""] if n_missing else []),
            "Without reasons: rows that are approved. With reasons: rows that are "
            "declined, each answered with its exact reasons. Ledger: every answer after "
            "its record is synced to this machine's disk. The peers keep nothing and "
            "explain nothing. Ratios are medians over the rounds, each against the peer "
            "in the same round.",
            "",
            "## Batches",
            "",
            *batches,
            "",
        ]
    )
    RESULT.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
