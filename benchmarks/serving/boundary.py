"""What the boundary costs a request, on an application that does nothing.

Run: python benchmarks/serving/boundary.py
Writes docs/results/boundary.md.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.boundary.guard import Boundary, Guard
from serving.boundary.keys import KeyRing, new_key
from serving.boundary.metrics import Metrics
from serving.boundary.places import Places

RESULT = Path("docs/results/boundary.md")
N_REQUESTS = 20_000
N_ROUNDS = 9
_START = {"type": "http.response.start", "status": 200, "headers": []}
_END = {"type": "http.response.body", "body": b"{}"}


async def application(_: Scope, receive: Receive, send: Send) -> None:
    """Read one message and answer."""
    await receive()
    await send(_START)
    await send(_END)


async def seconds(app: ASGIApp, headers: list[tuple[bytes, bytes]]) -> float:
    """Return the time of one request, in seconds."""
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/models/credit_default/score",
        "headers": [(b"content-type", b"application/json"), *headers],
        "state": {"request_id": "0"},
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(_: Message) -> None:
        return None

    begun = time.perf_counter()
    for _ in range(N_REQUESTS):
        await app(scope, receive, send)
    return (time.perf_counter() - begun) / N_REQUESTS


def main() -> None:
    """Measure, interleaved, and write the table."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "keys.json"
        header = [(b"authorization", f"Bearer {new_key(file, 'a', ['score'])}".encode())]

        def guarded(**rules: object) -> Guard:
            return Guard(application, Boundary(Places("a"), Metrics(), **rules))  # type: ignore[arg-type] # a benchmark's shorthand

        cases: dict[str, tuple[ASGIApp, list[tuple[bytes, bytes]]]] = {
            "nothing": (application, header),
            "limits and metrics": (guarded(), header),
            "and an API key": (guarded(keys=KeyRing(file)), header),
            "and a rate": (guarded(keys=KeyRing(file), rate_per_second=1e9), header),
        }
        found: dict[str, list[float]] = {name: [] for name in cases}
        for _ in range(N_ROUNDS):
            for name, (app, headers) in cases.items():
                found[name].append(asyncio.run(seconds(app, headers)) * 1e6)
    least = {name: min(times) for name, times in found.items()}
    rows = [
        f"| {name} | {statistics.median(found[name]):.1f} | {least[name]:.1f} | "
        f"{least[name] - least['nothing']:.1f} |"
        for name in cases
    ]
    text = "\n".join(
        [
            "# What the boundary costs a request",
            "",
            f"{N_ROUNDS} rounds of {N_REQUESTS:,} requests each, interleaved, one "
            "process, an application that only answers. Microseconds of one request.",
            "",
            "| around it | median | least | least, more than nothing |",
            "|---|---:|---:|---:|",
            *rows,
            "",
            "Command: `python benchmarks/serving/boundary.py`",
            "",
        ]
    )
    RESULT.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
