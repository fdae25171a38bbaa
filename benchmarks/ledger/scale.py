"""Verify ever larger ledgers and watch the verifier's memory.

Run: python -m benchmarks.ledger.scale [RECORDS ...]
Writes docs/results/ledger_scale.md. One ledger grows to each size in turn (1, 3 and 10
million where none is given), is signed, and is verified by the stand-alone verifier in a
process of its own. Records are as small as a decision can be and are synced in groups of
10,000; nobody waits for them.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assay.ledger import StreamWriter
from assay.ledger.checkpoint import write_checkpoint
from assay.ledger.signing import public_bytes, signing_key

ROOT = Path(__file__).parents[2]
RESULT = ROOT / "docs" / "results" / "ledger_scale.md"
SIZES = (1_000_000, 3_000_000, 10_000_000)
GROUP = 10_000
GOAL = 100_000_000
_ENTRY = (
    b'{"decision":"approve","kind":"decision","probability":0.125,"request_id":"r%d"}'
)


@dataclass(frozen=True, slots=True)
class Seen:
    """One verification.

    Attributes
    ----------
    n_records, n_bytes : int
        Size of the ledger, the streams' own records among them.
    cpu_seconds, wall_seconds : float
        Of the verifier.
    peak_mb : float
        Its largest resident size, Python included.
    said : str
        What it said.
    """

    n_records: int
    n_bytes: int
    cpu_seconds: float
    wall_seconds: float
    peak_mb: float
    said: str


def grow(writer: StreamWriter, n_records: int) -> None:
    """Append until the stream holds as many records."""
    while writer.next_sequence <= n_records:
        first = writer.next_sequence
        for number in range(first, first + GROUP):
            writer.stage(_ENTRY % number)
        writer.commit()


def verified(ledger: Path, public: bytes) -> Seen:
    """Return what the verifier says and takes."""
    verifier = ROOT / "assay" / "ledger" / "standalone.py"
    command = [sys.executable, str(verifier), "verify", str(ledger), public.hex()]
    begun = time.monotonic()
    used, peak = 0.0, 0.0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            used, peak = _usage(process.pid, used, peak)
            time.sleep(0.05)
        said = process.stdout.read().strip() if process.stdout else ""
    match = re.match(r"(\d+) records", said)
    return Seen(
        n_records=int(match[1]) if match else 0,
        n_bytes=sum(file.stat().st_size for file in ledger.rglob("*.ndjson")),
        cpu_seconds=used,
        wall_seconds=time.monotonic() - begun,
        peak_mb=peak,
        said=said if process.returncode == 0 else f"FAILED: {said}",
    )


def _usage(pid: int, used: float, peak: float) -> tuple[float, float]:
    """Return CPU seconds and peak MB of a process; as before where it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        spent = Path(f"/proc/{pid}/schedstat").read_text().split()[0]
    except OSError:
        return used, peak
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return (int(spent) / 1e9, int(found[1]) / 1024) if found else (used, peak)


def report(runs: Sequence[Seen], sizes: Sequence[int]) -> str:
    """Return the page."""
    lines = [
        f"| {each.n_records:,} | {each.n_bytes / 1e9:.2f} | {each.said} | "
        f"{each.cpu_seconds:.0f} | {each.wall_seconds:.0f} | "
        f"{each.n_records / each.cpu_seconds:,.0f} | {each.peak_mb:.1f} |"
        for each in runs
    ]
    last = runs[-1]
    most = f"{last.n_records:,} records is the most that was run."
    if last.n_records < GOAL:
        minutes = GOAL / last.n_records * last.cpu_seconds / 60
        most += (
            f" {GOAL:,} at the last speed would take {minutes:.0f} minutes of CPU: "
            "extrapolated, not run."
        )
    return (
        "# Ever larger ledgers, verified\n\n"
        "One ledger that grows, signed at each size; the stand-alone verifier in a "
        f"process of its own; records of {last.n_bytes / last.n_records:.0f} bytes.\n\n"
        "| records | GB | the verifier | CPU s | wall s | records per CPU second | "
        "peak MB |\n|---:|---:|---|---:|---:|---:|---:|\n" + "\n".join(lines) + "\n\n"
        f"{most}\n\n"
        f"Command: `python -m benchmarks.ledger.scale {' '.join(map(str, sizes))}`\n"
    )


def main(arguments: Sequence[str]) -> int:
    """Run, print and write the page; 1 where a ledger did not verify."""
    sizes = sorted(map(int, arguments)) or list(SIZES)
    runs = []
    with tempfile.TemporaryDirectory() as scratch:
        ledger = Path(scratch) / "ledger"
        writer = StreamWriter(ledger, "worker-1")
        key = signing_key(Path(scratch) / "ledger.pem")
        for size in sizes:
            grow(writer, size)
            write_checkpoint(ledger, key)
            runs.append(verified(ledger, public_bytes(key)))
            RESULT.write_text(report(runs, sizes[: len(runs)]))
            sys.stdout.write(f"{runs[-1]}\n")
            sys.stdout.flush()
        writer.close()
    sys.stdout.write(RESULT.read_text())
    return int(any(each.said.startswith("FAILED") for each in runs))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
