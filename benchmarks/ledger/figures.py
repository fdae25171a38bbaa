"""Measure the ledger; writes docs/results/ledger.md.

Run: ``OMP_NUM_THREADS=1 python -m benchmarks.ledger.figures [RECORDS] [ATTACKS] [KILLS]``
(1,000,000, 10,000 and 100 where nothing is given).
"""
# ruff: noqa: S311 # draws attacks, not keys

from __future__ import annotations

import asyncio
import base64
import json
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from assay.ledger import LoopCommitter, StreamWriter
from assay.ledger.checkpoint import write_checkpoint
from assay.ledger.disk import Disk
from assay.ledger.reading import prove
from assay.ledger.recovery import segments_of
from assay.ledger.signing import public_bytes, signing_key
from assay.ledger.standalone import proof_holds, verify_ledger
from benchmarks.ledger.attacks import carry_out, draw, is_named, make_target, sample_entry

Row = tuple[str, str]
OUT = Path(__file__).parents[2] / "docs" / "results" / "ledger.md"


def append_rows(folder: Path) -> list[Row]:
    """Return records a second by group commit, each synced before it is answered."""
    rows = [("one fdatasync of 1 KB", _sync_times(folder))]
    entries = [sample_entry(number) for number in range(1000)]
    for n_callers in (1, 8, 32, 256):
        committer = LoopCommitter(StreamWriter(folder, f"callers-{n_callers}"))
        wall, used, n_records = asyncio.run(_load(committer, n_callers, entries))
        rate = (
            f"{n_records / wall:,.0f}/s; {used / n_records * 1e6:.0f} us of CPU a record"
        )
        rows.append((f"append with sync, {n_callers} callers", rate))
    return rows


def _sync_times(folder: Path) -> str:
    folder.mkdir()
    disk, spent = Disk(), []
    descriptor = disk.open(folder / "probe")
    for _ in range(200):
        disk.write(descriptor, b"x" * 1024)
        begin = time.perf_counter()
        disk.sync(descriptor)
        spent.append((time.perf_counter() - begin) * 1e3)
    disk.close(descriptor)
    spent.sort()
    return f"p50 {spent[100]:.2f} ms, p99 {spent[197]:.2f} ms"


async def _load(
    committer: LoopCommitter, n_callers: int, entries: list[bytes], seconds: float = 3.0
) -> tuple[float, float, int]:
    begin, used = time.perf_counter(), time.process_time()
    n_records = 0

    async def caller() -> None:
        nonlocal n_records
        while time.perf_counter() - begin < seconds:
            await committer.append(entries[n_records % len(entries)])
            n_records += 1

    await asyncio.gather(*(caller() for _ in range(n_callers)))
    wall, used = time.perf_counter() - begin, time.process_time() - used
    committer.close()
    return wall, used, n_records


def scale_rows(folder: Path, n_records: int) -> list[Row]:
    """Return size and time of proofs, and speed and memory of verification."""
    writer = StreamWriter(folder, "worker-1")
    for number in range(n_records):
        writer.stage(sample_entry(number))
        if number % 1000 == 999:
            writer.commit(sync=False)
    writer.close()
    key = signing_key(folder / "ledger.pem")
    begin = time.process_time()
    size = write_checkpoint(folder, key).size
    signed = time.process_time() - begin
    rng = random.Random(1)
    spent, sizes, used = [], [], 0.0
    for _ in range(200):
        name = f"worker-1:{rng.randrange(1, size + 1)}"
        begin, before = time.perf_counter(), time.process_time()
        proof = prove(folder, name)
        spent.append((time.perf_counter() - begin) * 1e3)
        used += time.process_time() - before
        sizes.append(len(json.dumps({k: proof[k] for k in ("index", "path")})))
        assert len(base64.b64decode(proof["path"])) % 32 == 0  # noqa: S101 # a measurement
        assert proof_holds(proof, public_bytes(key))  # noqa: S101 # a measurement
    spent.sort()
    begin, resident = time.process_time(), _resident_mb()
    seen = verify_ledger(folder, public_bytes(key))
    verifying = time.process_time() - begin
    verdict = "passed" if seen.passed else "FAILED"
    return [
        (f"checkpoint over {size:,} new records", f"{signed:.1f} s of CPU"),
        (f"inclusion proof at {size:,} records, size", f"at most {max(sizes)} bytes"),
        (
            "the same, time from the record's address",
            f"p50 {spent[100]:.2f} ms, p99 {spent[197]:.2f} ms, "
            f"{used / 200 * 1e3:.2f} ms of CPU",
        ),
        ("verification", f"{verdict}, {size / verifying:,.0f} records per CPU second"),
        ("memory that it added to the process", f"{_resident_mb() - resident:.0f} MB"),
    ]


def _resident_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def attack_rows(folder: Path, n_attacks: int) -> list[Row]:
    """Return how many random tamperings were found and named."""
    target = make_target(folder / "attacked", folder / "copies")
    rng = random.Random(2026)
    n_found = n_named = 0
    for _ in range(n_attacks):
        attack = draw(target, rng)
        seen = carry_out(target, attack)
        n_found += not seen.passed
        n_named += is_named(attack, seen)
    what = f"{n_attacks:,} tamperings"
    return [(what, f"{n_found:,} found, {n_named:,} named at the right place")]


def crash_rows(folder: Path, n_kills: int) -> list[Row]:
    """Return how many acknowledged records kills under load lost."""
    rng, acknowledged = random.Random(9), dict[int, str]()
    command = [sys.executable, "-m", "benchmarks.ledger.crash", str(folder), "killed"]
    for _ in range(n_kills):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None  # noqa: S101 # it is a pipe
            said = [process.stdout.readline()]
            time.sleep(rng.uniform(0, 0.05))
            process.send_signal(signal.SIGKILL)
            said += process.stdout.readlines()
        for line in said:
            sequence, request_id = line.split()
            acknowledged[int(sequence)] = request_id
    StreamWriter(folder, "killed").close()
    n_there = 0
    for file in segments_of(folder / "streams" / "killed"):
        for raw in file.read_bytes().splitlines():
            record = json.loads(raw)["record"]
            request_id = record["entry"].get("request_id", "")
            n_there += acknowledged.get(record["sequence"]) == request_id
    n_acknowledged = len(acknowledged)
    missing = f"{n_acknowledged - n_there} of {n_acknowledged:,} acknowledged missing"
    return [(f"{n_kills} times kill -9 under load", missing)]


def main(words: list[str]) -> None:
    """Measure and write the page."""
    given = [int(each) for each in words]
    n_records, n_attacks, n_kills = given + [1_000_000, 10_000, 100][len(given) :]
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        rows += append_rows(Path(folder) / "append")
        if n_attacks:
            rows += attack_rows(Path(folder), n_attacks)
        if n_kills:
            rows += crash_rows(Path(folder) / "crash", n_kills)
        rows += scale_rows(Path(folder) / "scale", n_records)
    lines = [f"| {what} | {figure} |" for what, figure in rows]
    head = (
        "# The ledger, measured\n\n"
        f"{datetime.now(UTC):%Y-%m-%d}, by `python -m benchmarks.ledger.figures "
        f"{n_records} {n_attacks} {n_kills}`, records of {len(sample_entry(1))} bytes, "
        "one process, on a busy machine.\n\n| what | figure |\n|---|---|\n"
    )
    OUT.write_text(head + "\n".join(lines) + "\n")
    print(OUT.read_text())


if __name__ == "__main__":
    main(sys.argv[1:])
