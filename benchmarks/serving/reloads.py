"""Requests while champions move and some of the new bundles are broken.

Run: python -m benchmarks.serving.reloads [REQUESTS RELOADS BROKEN]
Writes docs/results/reloads.md where it is run at its full size.

A registry over HTTP, one server process, connections that ask without a pause. Each
version's graph gives another probability, so an answer shows by its value, not only by
its name, which version made it. A version may answer a request only if it was champion
at some moment of the request, or until `LEARN_SECONDS` before it began: the time that
the server has to learn of a move.
"""

from __future__ import annotations

import asyncio
import json
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
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assay.bundle import bundle_signature
from assay.ledger.signing import public_bytes
from tests.serving.conftest import CONTRACT, ROW, MadeBundle, RegistryDouble, write_made

RESULT = Path("docs/results/reloads.md")
LEARN_SECONDS = 1.0
FULL_RELOADS = 50
LEAST_PAUSE = 1.3
CONNECTIONS = 8
KINDS = ("another key", "no signature", "another digest", "golden rows", "torn file")
_SLOPE, _TOTAL = 1e-6, 50000 + 2.5 + 1 + 24 + 1


@dataclass(slots=True)
class Seen:
    """What was answered, and what may have been.

    Attributes
    ----------
    statuses : dict of int to int
        Answers by HTTP status; 0 for a lost connection.
    answers : list of (float, float, str, float)
        When a request began and ended, the version and the probability.
    moves : list of (float, str)
        When the alias went to a good version.
    broken : set of str
        Versions that must never answer.
    """

    statuses: dict[int, int] = field(default_factory=dict)
    answers: list[tuple[float, float, str, float]] = field(default_factory=list)
    moves: list[tuple[float, str]] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)

    @property
    def n_requests(self) -> int:
        """Requests that were sent and answered or lost."""
        return sum(self.statuses.values())

    @property
    def n_failed(self) -> int:
        """Requests that were answered otherwise than with a decision."""
        return sum(n for status, n in self.statuses.items() if status != 200)

    def wrong(self) -> list[str]:
        """Return each answer by a version that was not champion, or not by itself."""
        spans = {
            version: (
                at,
                self.moves[place + 1][0] if place + 1 < len(self.moves) else None,
            )
            for place, (at, version) in enumerate(self.moves)
        }
        found = []
        for begun, ended, version, probability in self.answers:
            start, end = spans.get(version, (math.inf, 0.0))
            late = end is not None and begun > end + LEARN_SECONDS
            if version in self.broken or ended < start or late:
                found.append(f"version {version} was not champion")
            elif abs(probability - expected(version)) > 1e-12:
                found.append(f"version {version} did not give {probability}")
        return found

    def slowest_move(self) -> float:
        """Return the longest time from a move to the last answer begun by the old."""
        ends = {version: at for (_, version), (at, _) in zip(self.moves, self.moves[1:])}  # noqa: B905 # one shorter
        return max(
            (
                begun - ends[version]
                for begun, _, version, _ in self.answers
                if version in ends
            ),
            default=0.0,
        )


def bias(version: str) -> float:
    """Return the intercept of a version's graph."""
    return int(version) / 100 - 0.3


def expected(version: str) -> float:
    """Return the probability that a version gives the row."""
    return 1 / (1 + math.exp(-(_TOTAL * _SLOPE + bias(version))))


async def ask(port: int, n_requests: int, seen: Seen) -> None:
    """Send requests over one connection, each after the answer to the last."""
    body = json.dumps(ROW).encode()
    head = (
        f"POST /v1/models/tiny/score HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}"
        "\r\nContent-Type: application/json\r\n\r\n"
    ).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(n_requests):
        begun = time.monotonic()
        writer.write(head + body)
        try:
            answer = await reader.readuntil(b"\r\n\r\n")
            lines = answer.lower().split(b"\r\n")
            length = next(int(x[15:]) for x in lines if x.startswith(b"content-length:"))
            content = json.loads(await reader.readexactly(length))
            status = int(answer[9:12])
        except (asyncio.IncompleteReadError, OSError):
            seen.statuses[0] = seen.statuses.get(0, 0) + 1
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            continue
        seen.statuses[status] = seen.statuses.get(status, 0) + 1
        if status == 200:
            found = (content["version"], content["probability"])
            seen.answers.append((begun, time.monotonic(), *found))
    writer.close()
    await writer.wait_closed()


async def move(
    registry: RegistryDouble, folder: Path, sizes: tuple[int, int, int], seen: Seen
) -> None:
    """Move the alias, spread over the requests, the broken bundles among the good."""
    n_requests, n_reloads, n_broken = sizes
    step = max(1, n_reloads // max(1, n_broken))
    for n in range(1, n_reloads + 1):
        is_broken = n % step == step - 1 and len(seen.broken) < n_broken
        kind = KINDS[len(seen.broken) % len(KINDS)] if is_broken else ""
        shift = 0.1 if kind == "golden rows" else 0.0
        made = write_made(folder / str(n), bias(str(n)), golden_shift=shift)
        if is_broken:
            seen.broken.add(str(n))
            register_broken(registry, n, made, kind)
        else:
            seen.moves.append((time.monotonic(), str(n)))
            registry.register(n, made)
        await asyncio.sleep(LEAST_PAUSE)
        while seen.n_requests < n * n_requests / (n_reloads + 1):
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

    It goes on asking until the moves are over, so there may be more requests.
    """
    seen, registry = Seen(), RegistryDouble()
    registry.start()
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        (home / "contracts").mkdir()
        (home / "contracts" / "tiny.toml").write_text(CONTRACT)
        registry.register(0, write_made(home / "made" / "0", bias("0")))
        seen.moves.append((time.monotonic(), "0"))
        server, port = await start_server(home, registry)
        try:
            moving = asyncio.create_task(move(registry, home / "made", sizes, seen))
            share = 200
            while not moving.done() or seen.n_requests < sizes[0]:
                await asyncio.gather(
                    *(ask(port, share, seen) for _ in range(CONNECTIONS))
                )
            await moving
        finally:
            server.send_signal(signal.SIGTERM)
            await server.wait()
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


def report(seen: Seen, n_reloads: int, seconds: float) -> str:
    """Return the table of a run."""
    answered = {version for _, _, version, _ in seen.answers}
    rows = (
        ("requests", f"{seen.n_requests:,}"),
        ("moves of the champion", f"{n_reloads}"),
        ("of them to a broken bundle", f"{len(seen.broken)}"),
        ("versions that answered", f"{len(answered)} of {len(seen.moves)} good"),
        ("requests that failed", f"{seen.n_failed}"),
        ("answers by a version that was not champion", f"{len(seen.wrong())}"),
        (
            "longest from a move to the old version's last request, s",
            f"{seen.slowest_move():.2f}",
        ),
        ("requests per second", f"{len(seen.answers) / seconds:,.0f}"),
    )
    lines = [f"| {name} | {value} |" for name, value in rows]
    return "\n".join(["| | |", "|---|---:|", *lines])


def main(arguments: Sequence[str]) -> int:
    """Run, print, and write the table at the full size; 1 if anything was wrong."""
    n_requests, n_reloads, n_broken = map(int, arguments or (1_000_000, 50, 5))
    sizes = (n_requests, n_reloads, n_broken)
    begun = time.monotonic()
    seen = asyncio.run(run(sizes))
    table = report(seen, sizes[1], time.monotonic() - begun)
    text = (
        "# Champions that move under load\n\n"
        f"One server process, {CONNECTIONS} connections, the load on the same machine; a "
        f"version counts as champion until {LEARN_SECONDS:g} s after the alias has left "
        f"it. Broken: {', '.join(KINDS)}.\n\n{table}\n\n"
        "Command: `python -m benchmarks.serving.reloads "
        f"{' '.join(str(size) for size in sizes)}`\n"
    )
    print(text)
    if n_reloads >= FULL_RELOADS:
        RESULT.write_text(text)
    return int(bool(seen.n_failed or seen.wrong()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
