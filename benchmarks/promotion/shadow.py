"""What a shadow costs callers: the same requests to a server with one and without.

Both servers run at the same time, and each request goes to one and then to the other, so
that whatever else the machine does meets both alike. Their order changes every time.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assay.history.traffic import with_shadow
from benchmarks.promotion.results import write_section
from benchmarks.serving.reloads import start_server
from tests.serving.conftest import CONTRACT, ROW, RegistryDouble, write_made

GOAL = 1.05
PAUSE_SECONDS = 0.002


def home_of(folder: Path) -> Path:
    """Return a folder with the model's contract, for one server."""
    (folder / "contracts").mkdir(parents=True)
    (folder / "contracts" / "tiny.toml").write_text(CONTRACT)
    return folder


def registry_of(folder: Path, *, has_shadow: bool) -> RegistryDouble:
    """Return a registry with a champion, and a shadow beside it if wanted."""
    registry = RegistryDouble()
    registry.start()
    registry.register(1, write_made(folder / "made" / "1"))
    if has_shadow:
        watched = registry.upload(2, write_made(folder / "made" / "2", 0.1))
        registry.state(lambda traffic: with_shadow(traffic, watched))
    return registry


def asked(connection: http.client.HTTPConnection, body: bytes) -> float:
    """Return the milliseconds of one answer."""
    begun = time.perf_counter()
    headers = {"Content-Type": "application/json"}
    connection.request("POST", "/predict", body, headers)
    answer = connection.getresponse()
    answer.read()
    took = 1000 * (time.perf_counter() - begun)
    if answer.status != 200:
        raise SystemExit(f"answered {answer.status}")
    return took


def times(ports: tuple[int, int], n_requests: int) -> NDArray[np.float64]:
    """Return milliseconds, shape (n_requests, 2): without a shadow, with one."""
    rng = np.random.default_rng(0)
    both = [http.client.HTTPConnection("127.0.0.1", port, timeout=60) for port in ports]
    found = np.empty((n_requests, 2))
    for n in range(-200, n_requests):
        body = json.dumps({**ROW, "case number": f"e-{n}"}).encode()
        for place in rng.permutation(2):
            took = asked(both[place], body)
            if n >= 0:
                found[n, place] = took
        time.sleep(PAUSE_SECONDS)
    return found


def recorded(home: Path) -> tuple[int, int]:
    """Return how many decisions and how many scores of the shadow were recorded."""
    text = b"".join(
        file.read_bytes() for file in home.glob("home/ledger/streams/*/*.ndjson")
    )
    return text.count(b'"kind":"decision"'), text.count(b'"kind":"shadow"')


def ratio(found: NDArray[np.float64], quantile: float) -> tuple[float, float, float]:
    """Return the ratio of a quantile, and its 95 % interval by resamples of requests."""
    rng = np.random.default_rng(1)
    without, watched = np.quantile(found, quantile, axis=0)
    drawn = []
    for _ in range(1_000):
        some = found[rng.integers(0, len(found), len(found))]
        of_each = np.quantile(some, quantile, axis=0)
        drawn.append(of_each[1] / of_each[0])
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(watched / without), float(low), float(high)


async def measured(n_requests: int) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """Return the times, and what the server with the shadow recorded."""
    with tempfile.TemporaryDirectory() as scratch:
        homes = [home_of(Path(scratch) / name) for name in ("without", "with")]
        registries = [registry_of(home, has_shadow=home is homes[1]) for home in homes]
        pairs = [
            await start_server(home, registry)
            for home, registry in zip(homes, registries, strict=True)
        ]
        try:
            ports = pairs[0][1], pairs[1][1]
            found = await asyncio.to_thread(times, ports, n_requests)
        finally:
            for (server, _), registry in zip(pairs, registries, strict=True):
                server.terminate()
                await server.wait()
                registry.stop()
        return found, recorded(homes[1])


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    given = parser.parse_args()
    found, (n_decisions, n_shadows) = asyncio.run(measured(given.requests))
    lines = [
        f"{given.requests:,} requests, each to a server without a shadow and to one "
        "with, in changing order, over HTTP, every answer's record on the disk first. "
        "Ratio with its 95 % interval from resamples of requests.",
        "",
        "| | without, ms | with a shadow, ms | ratio | goal |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, quantile in (("median", 0.5), ("99th percentile", 0.99)):
        without, watched = np.quantile(found, quantile, axis=0)
        middle, low, high = ratio(found, quantile)
        goal = f"at most {GOAL}" if quantile > 0.9 else ""
        lines.append(
            f"| {name} | {without:.2f} | {watched:.2f} | "
            f"{middle:.3f} ({low:.3f} to {high:.3f}) | {goal} |"
        )
    share = n_shadows / n_decisions
    lines += [
        "",
        f"The shadow's scores of {share:.2%} of {n_decisions:,} decisions were recorded.",
        "",
        f"Command: `python -m benchmarks.promotion.shadow --requests {given.requests}`",
    ]
    print("\n".join(lines))
    write_section("shadow", "What a shadow costs callers", lines)


if __name__ == "__main__":
    main()
