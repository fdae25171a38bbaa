"""Requests while champions move and some of the new bundles are broken.

Run: python -m benchmarks.serving.reloads [REQUESTS RELOADS BROKEN]
Writes docs/results/reloads.md where it is run at its full size.

A registry over HTTP, one server process, others that ask without a pause. Each
version's graph gives another probability, so an answer shows by its value, not only by
its name, which version made it. A version may answer a request only if it was champion
at some moment of the request, or until `LEARN_SECONDS` before it began: the time that
the server has to learn of a move.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assay.bundle import bundle_signature
from assay.ledger.signing import public_bytes
from benchmarks.serving.asking import ANSWER, N_CONNECTIONS, N_PROCESSES, Answers, Askers
from tests.serving.conftest import CONTRACT, MadeBundle, RegistryDouble, write_made

RESULT = Path("docs/results/reloads.md")
LEARN_SECONDS = 1.0
FULL_RELOADS = 50
LEAST_PAUSE = 1.3
KINDS = ("another key", "no signature", "another digest", "golden rows", "torn file")
_SLOPE, _TOTAL = 1e-6, 50000 + 2.5 + 1 + 24 + 1


@dataclass(slots=True)
class Seen:
    """What was answered, and what may have been.

    Attributes
    ----------
    answers : ndarray of ANSWER, shape (n_requests,)
        Every request, those too that failed.
    moves : list of (float, int)
        When the alias went to a good version.
    broken : set of int
        Versions that must never answer.
    """

    answers: Answers = field(default_factory=lambda: np.empty(0, ANSWER))
    moves: list[tuple[float, int]] = field(default_factory=list)
    broken: set[int] = field(default_factory=set)

    @property
    def n_failed(self) -> int:
        """Requests that were answered otherwise than with a decision."""
        return int(np.count_nonzero(self.answers["status"] != 200))

    @property
    def versions(self) -> set[int]:
        """Versions that answered."""
        decided = self.answers[self.answers["status"] == 200]
        return {int(each) for each in np.unique(decided["version"])}

    def wrong(self) -> list[str]:
        """Return what was answered by a version that was not champion, or not itself."""
        decided = self.answers[self.answers["status"] == 200]
        ends = [at for at, _ in self.moves[1:]] + [math.inf]
        spans = {
            version: (at, end)
            for (at, version), end in zip(self.moves, ends, strict=True)
            if version not in self.broken
        }
        found = []
        for version in sorted(self.versions):
            own = decided[decided["version"] == version]
            start, end = spans.get(version, (math.inf, -math.inf))
            is_early = own["ended"] < start
            is_late = own["begun"] > end + LEARN_SECONDS
            is_other = np.abs(own["probability"] - expected(version)) > 1e-12
            for what, wrong in (
                ("was not champion", is_early | is_late),
                ("gave another's probability", is_other & ~is_early & ~is_late),
            ):
                found += [f"version {version} {what}"] * int(np.count_nonzero(wrong))
        return found

    def slowest_move(self) -> float:
        """Return the longest time from a move to the last request that the old took."""
        decided, longest = self.answers[self.answers["status"] == 200], 0.0
        for (_, version), (at, _) in itertools.pairwise(self.moves):
            own = decided[decided["version"] == version]
            if len(own):
                longest = max(longest, float(own["begun"].max()) - at)
        return longest


def bias(version: int) -> float:
    """Return the intercept of a version's graph."""
    return version / 100 - 0.3


def expected(version: int) -> float:
    """Return the probability that a version gives the row."""
    return 1 / (1 + math.exp(-(_TOTAL * _SLOPE + bias(version))))


async def move(
    registry: RegistryDouble,
    folder: Path,
    sizes: tuple[int, int, int],
    seen: Seen,
    askers: Askers,
) -> None:
    """Move the alias, spread over the requests, the broken bundles among the good."""
    n_requests, n_reloads, n_broken = sizes
    step = max(1, n_reloads // max(1, n_broken))
    while not askers.n_answers:
        await asyncio.sleep(0.05)
    for n in range(1, n_reloads + 1):
        is_broken = n % step == step - 1 and len(seen.broken) < n_broken
        kind = KINDS[len(seen.broken) % len(KINDS)] if is_broken else ""
        shift = 0.1 if kind == "golden rows" else 0.0
        made = write_made(folder / str(n), bias(n), golden_shift=shift)
        if is_broken:
            seen.broken.add(n)
            register_broken(registry, n, made, kind)
        else:
            seen.moves.append((time.monotonic(), n))
            registry.register(n, made)
        await asyncio.sleep(LEAST_PAUSE)
        while askers.n_answers < n * n_requests / (n_reloads + 1):
            await asyncio.sleep(0.1)
    while askers.n_answers < n_requests:
        await asyncio.sleep(0.1)


def register_broken(
    registry: RegistryDouble, version: int, made: MadeBundle, kind: str
) -> None:
    """Register a bundle that must not answer, in one step as a registry does."""
    champion, tags, files = registry.prepared(version, made)
    graph = next(name for name in files if name.endswith("/model.onnx"))
    if kind == "another key":
        stranger = Ed25519PrivateKey.generate()
        tags["assay.bundle_signature"] = bundle_signature(stranger, made.digest)
    elif kind == "no signature":
        del tags["assay.bundle_signature"]
    elif kind == "another digest":
        tags["assay.bundle_digest"] = "0" * 64
    elif kind == "torn file":
        files[graph] = files[graph][:-9]
    registry.publish(champion, files)


async def run(sizes: tuple[int, int, int]) -> Seen:
    """Return what a server answered to requests during moves, some to broken bundles.

    The asking goes on until the moves are over, so there may be more requests.
    """
    seen, registry = Seen(), RegistryDouble()
    registry.start()
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        (home / "contracts").mkdir()
        (home / "contracts" / "tiny.toml").write_text(CONTRACT)
        registry.register(0, write_made(home / "made" / "0", bias(0)))
        seen.moves.append((time.monotonic(), 0))
        server, port = await start_server(home, registry)
        askers = Askers(home)
        try:
            await askers.start(port)
            await move(registry, home / "made", sizes, seen, askers)
            seen.answers = await askers.end()
        finally:
            for process in (*askers.processes, server):
                if process.returncode is None:
                    process.send_signal(signal.SIGTERM)
                    await process.wait()
            registry.stop()
    return seen


async def start_server(
    home: Path, registry: RegistryDouble
) -> tuple[asyncio.subprocess.Process, int]:
    """Return a server that is ready, and its port."""
    port = registry.port_beside()
    server = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "serving"),
        env={
            **os.environ,
            "ASSAY_HOME": str(home / "home"),
            "ASSAY_CONTRACTS": str(home / "contracts"),
            "ASSAY_DEFAULT_MODEL": "tiny",
            "ASSAY_MLFLOW_URL": registry.url,
            "ASSAY_API_PORT": str(port),
            "ASSAY_PLATFORM_PUBLIC_KEYS": public_bytes(registry.key).hex(),
        },
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    async with httpx.AsyncClient(trust_env=False) as client:
        while True:
            try:
                answer = await client.get(f"http://127.0.0.1:{port}/ready")
                if answer.status_code == 200:
                    return server, port
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)


def report(seen: Seen, n_reloads: int) -> str:
    """Return the table of a run."""
    begun, ended = seen.answers["begun"], seen.answers["ended"]
    seconds = float(ended.max() - begun.min())
    p50, p99, p999 = np.quantile(ended - begun, [0.5, 0.99, 0.999]) * 1e3
    rows = (
        ("requests", f"{len(seen.answers):,}"),
        ("moves of the champion", f"{n_reloads}"),
        ("of them to a broken bundle", f"{len(seen.broken)}"),
        ("versions that answered", f"{len(seen.versions)} of {len(seen.moves)} good"),
        ("requests that failed", f"{seen.n_failed}"),
        ("answers by a version that was not champion", f"{len(seen.wrong())}"),
        (
            "longest from a move to the old version's last request, s",
            f"{seen.slowest_move():.2f}",
        ),
        ("seconds", f"{seconds:.0f}"),
        ("requests per second", f"{len(seen.answers) / seconds:,.0f}"),
        ("answered in, ms: p50, p99, p99.9", f"{p50:.1f}, {p99:.1f}, {p999:.1f}"),
    )
    lines = [f"| {name} | {value} |" for name, value in rows]
    return "\n".join(["| | |", "|---|---:|", *lines])


def main(arguments: Sequence[str]) -> int:
    """Run, print, and write the table at the full size; 1 if anything was wrong."""
    n_requests, n_reloads, n_broken = map(int, arguments or (1_000_000, 50, 5))
    sizes = (n_requests, n_reloads, n_broken)
    seen = asyncio.run(run(sizes))
    table = report(seen, n_reloads)
    text = (
        "# Champions that move under load\n\n"
        "One server process, every decision on disk before it is answered; "
        f"{N_PROCESSES} processes with {N_CONNECTIONS} connections each ask without a "
        f"pause, on the same {os.cpu_count()} cores, and judge each answer by its "
        "version and its probability. A version counts as champion until "
        f"{LEARN_SECONDS:g} s after the "
        f"alias has left it. Broken: {', '.join(KINDS)}.\n\n{table}\n\n"
        "Command: `python -m benchmarks.serving.reloads "
        f"{' '.join(str(size) for size in sizes)}`\n"
    )
    print(text)
    if n_reloads >= FULL_RELOADS:
        RESULT.write_text(text)
    return int(bool(seen.n_failed or seen.wrong()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
