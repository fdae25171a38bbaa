"""How soon every server follows a rollback, a stop and a resumption, under load.

A real MLflow server, the signed history and three scoring services with the settings as
they ship. Callers ask all three without a pause; a change counts as effective on a server
with its first answer after the last one that still followed the old order.

Run: ``python -m benchmarks.promotion.effective [CHANGES]``; writes a section of
docs/results/promotion.md.
"""

from __future__ import annotations

import http.client
import json
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from assay.adapters.champions.history import change_champion, history
from assay.history.decisions import promotion, resume, rollback, stop
from assay.history.protocol import Decide
from assay.settings import Settings
from benchmarks.promotion.results import write_section
from tests.end_to_end.platform import register, row, serve, settings_of
from tests.services import running_mlflow

N_SERVERS, N_CHANGES = 3, 30
NAME = "followed"
REST_SECONDS = 3.0
GOAL_SECONDS = 1.0
SHIPPED = {"ASSAY_API_REFRESH_SECONDS": "0.3"}
KINDS = ("rollback", "stop", "resume")


@dataclass
class Caller:
    """Asks one server without a pause and notes what answered when."""

    port: int
    seen: list[tuple[float, float, str]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def ask_until(self, done: threading.Event) -> None:
        """Ask until it is over; an answer is asked when, came when, and is what."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        body = json.dumps(row(1)).encode()
        headers = {"Content-Type": "application/json"}
        while not done.is_set():
            begun = time.monotonic()
            try:
                link.request("POST", "/predict", body, headers)
                answer = link.getresponse()
                content = json.loads(answer.read())
            except OSError as error:
                self.failures.append(str(error))
                link.close()
                continue
            told = str(content.get("version") or content.get("detail"))
            self.seen.append((begun, time.monotonic(), told))
            if answer.status != 200 and "it was stopped" not in told:
                self.failures.append(told)

    def effective_after(
        self, ordered: float, until: float, is_new: Sequence[str]
    ) -> float:
        """Return seconds from an order to the answer from which all follow it."""
        after = [one for one in self.seen if ordered <= one[0] < until]
        old = [n for n, one in enumerate(after) if not one[2].startswith(tuple(is_new))]
        first = old[-1] + 1 if old else 0
        return after[first][1] - ordered if first < len(after) else float("inf")


@contextmanager
def calling(ports: Sequence[int]):  # noqa: ANN201 # an iterator of callers
    """Let a caller ask each server until the end of the block."""
    done = threading.Event()
    callers = [Caller(port) for port in ports]
    threads = [threading.Thread(target=one.ask_until, args=(done,)) for one in callers]
    for thread in threads:
        thread.start()
    try:
        yield callers
    finally:
        done.set()
        for thread in threads:
            thread.join()


def ordered(settings: Settings, kind: str) -> tuple[float, Sequence[str]]:
    """Give an order; return when it was given, and what follows it."""
    reason, actor = "measured", "benchmark"
    decide: Decide
    if kind == "rollback":
        entries = history(settings, NAME)
        other = 3 - int(entries[-1].version or 0)  # the two take turns
        decide = rollback(entries, other, reason=reason, actor=actor)
    else:
        decide = (stop if kind == "stop" else resume)(reason, actor)
    begun = time.monotonic()
    entry = change_champion(settings, NAME, decide)
    if kind == "stop":
        return begun, ["model 'followed' does not answer: it was stopped"]
    return begun, [str(entry.version)]


def measured(folder: Path, n_changes: int) -> tuple[dict[str, list[float]], int, int]:
    """Return seconds by kind, one a change and server, and answers and failures."""
    found: dict[str, list[float]] = {kind: [] for kind in KINDS}
    with ExitStack() as stack:
        (folder / "mlflow").mkdir()
        address = f"sqlite:///{folder}/mlflow/mlflow.db"
        mlflow = stack.enter_context(running_mlflow(folder / "mlflow", address))
        settings = settings_of(folder, mlflow, NAME)
        before = None
        for version in (1, 2):
            served = register(settings, version)
            first = promotion(
                served, judged_against=before, reasons=(), actor="benchmark"
            )
            change_champion(settings, NAME, first)
            before = version
        clients = [
            stack.enter_context(serve(settings, **SHIPPED)) for _ in range(N_SERVERS)
        ]
        ports = [int(str(client.base_url.port)) for client in clients]
        callers = stack.enter_context(calling(ports))
        for n in range(n_changes):
            kind = KINDS[n % len(KINDS)]
            time.sleep(REST_SECONDS * np.random.default_rng(n).uniform(0.5, 1.5))
            begun, new = ordered(settings, kind)
            time.sleep(REST_SECONDS)
            until = time.monotonic()
            found[kind] += [one.effective_after(begun, until, new) for one in callers]
    n_answers = sum(len(one.seen) for one in callers)
    return found, n_answers, sum(len(one.failures) for one in callers)


def main() -> int:
    """Measure and write the table."""
    n_changes = int(sys.argv[1]) if len(sys.argv) > 1 else N_CHANGES
    with tempfile.TemporaryDirectory() as folder:
        found, n_answers, n_failures = measured(Path(folder), n_changes)
    lines = [
        f"{n_changes} orders to {N_SERVERS} servers under load, real MLflow, settings as "
        "shipped. Seconds from the order, its writing in history and registry included, "
        "to the first answer of a server after which none followed the old one. "
        f"{n_answers:,} answers, {n_failures} failed; the 503 of a stopped model is one.",
        "",
        "| order | median, s | longest, s | goal, s |",
        "|---|---:|---:|---:|",
    ]
    lines += [
        f"| {kind} | {np.median(times):.2f} | {max(times):.2f} | {GOAL_SECONDS:g} |"
        for kind, times in found.items()
    ]
    lines += ["", f"Command: `python -m benchmarks.promotion.effective {n_changes}`"]
    print("\n".join(lines))
    write_section("effective", "How soon every server follows", lines)
    return int(n_failures > 0)


if __name__ == "__main__":
    raise SystemExit(main())
