"""Measure the ledger; writes docs/results/ledger.md.

Run: ``OMP_NUM_THREADS=1 python -m benchmarks.ledger.figures [RECORDS] [ATTACKS] [KILLS]
[LOSSES] [VERIFIED]`` (1,000,000, 10,000, 100, 1,000 and 10,000,000 where nothing is
given; 0 leaves a part out: its rows stay as the page has them from an earlier run).
"""
# ruff: noqa: S311 # draws attacks, not keys

from __future__ import annotations

import asyncio
import base64
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from assay.contract import find_contract
from assay.ledger import LoopCommitter, StreamWriter
from assay.ledger.checkpoint import write_checkpoint
from assay.ledger.disk import Disk
from assay.ledger.lookup import RequestIndex
from assay.ledger.privacy import KeyStore, Sealer
from assay.ledger.reading import prove
from assay.ledger.recovery import segments_of
from assay.ledger.signing import public_bytes, signing_key
from assay.ledger.standalone import proof_holds, verify_ledger
from benchmarks.ledger.attacks import carry_out, draw, is_named, make_target, sample_entry
from benchmarks.ledger.disks import DiskThatLosesPower

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
    missing = _missing(folder, "killed", acknowledged)
    return [(f"{n_kills} times kill -9 under load", missing)]


def _missing(folder: Path, stream: str, acknowledged: dict[int, str]) -> str:
    n_there = 0
    for file in segments_of(folder / "streams" / stream):
        for raw in file.read_bytes().splitlines():
            record = json.loads(raw)["record"]
            request_id = record["entry"].get("request_id", "")
            n_there += acknowledged.get(record["sequence"]) == request_id
    n_acknowledged = len(acknowledged)
    return f"{n_acknowledged - n_there} of {n_acknowledged:,} acknowledged missing"


def lookup_rows(folder: Path, n_records: int) -> list[Row]:
    """Return what finding a record by request id costs."""
    begin = time.process_time()
    RequestIndex(folder).find("none")
    made = time.process_time() - begin
    begin = time.process_time()
    index = RequestIndex(folder)
    index.find("none")
    opened = time.process_time() - begin
    rng = random.Random(3)
    spent = []
    for _ in range(1000):
        wanted = f"request-{rng.randrange(n_records):08d}"
        begin = time.perf_counter()
        (found,) = index.find(wanted)
        spent.append((time.perf_counter() - begin) * 1e3)
        assert found.entry["request_id"] == wanted  # noqa: S101 # a measurement
    spent.sort()
    return [
        (
            "index of request ids: made from the segments, opened again",
            f"{made:.1f} s, {opened * 1e3:.0f} ms of CPU",
        ),
        (
            f"a record by its request id among {n_records:,}",
            f"p50 {spent[500]:.2f} ms, p99 {spent[989]:.2f} ms",
        ),
    ]


def seal_rows(folder: Path) -> list[Row]:
    """Return what sealing a decision's personal inputs costs."""
    contract = find_contract("credit_default", OUT.parents[2] / "data" / "contracts")
    inputs = {field.name: 1.5 for field in contract.features}
    sealer, rows = Sealer(KeyStore(folder)), []
    sealer.seal_personal(contract, "known", inputs, inputs)
    for what, subjects in (
        ("a subject already known", ["known"] * 20_000),
        ("a new subject each time", [f"subject-{n}" for n in range(20_000)]),
    ):
        begin = time.process_time()
        for subject in subjects:
            sealer.seal_personal(contract, subject, inputs, inputs)
        each = (time.process_time() - begin) / len(subjects) * 1e6
        rows.append((f"inputs and features sealed, {what}", f"{each:.0f} us of CPU"))
    return rows


def power_rows(folder: Path, n_losses: int) -> list[Row]:
    """Return how many acknowledged records were lost with the power.

    The disk forgets what was not synced: some of it, all of it, or zeros in its place.
    """
    rng, acknowledged, number = random.Random(4), dict[int, str](), 0
    for _ in range(n_losses):
        disk = DiskThatLosesPower(rng)
        writer = StreamWriter(folder, "dark", segment_bytes=20_000, disk=disk)
        for _ in range(rng.randrange(12)):
            group = {}
            for _ in range(rng.randrange(1, 4)):
                group[writer.stage(sample_entry(number))] = f"request-{number:08d}"
                number += 1
            is_synced = rng.random() < 0.9
            writer.commit(sync=is_synced)
            if not is_synced:
                break
            acknowledged |= group
        disk.lose_power()
        os.close(writer._lock)  # as a process that ended gives it back
        os.close(writer._descriptor)
    StreamWriter(folder, "dark").close()
    missing = _missing(folder, "dark", acknowledged)
    return [(f"power lost {n_losses:,} times, simulated at the files", missing)]


def verified_rows(folder: Path, n_records: int) -> list[Row]:
    """Return speed and memory of the stand-alone verifier, in a process of its own."""
    writer = StreamWriter(folder, "worker-1")
    entries = [sample_entry(number) for number in range(1000)]
    for number in range(n_records):
        writer.stage(entries[number % 1000])
        if number % 1000 == 999:
            writer.commit(sync=False)
    writer.close()
    key = signing_key(folder / "ledger.pem")
    write_checkpoint(folder, key)
    n_bytes = sum(file.stat().st_size for file in folder.rglob("*.ndjson"))
    verifier = OUT.parents[2] / "assay" / "ledger" / "standalone.py"
    command = [sys.executable, verifier, "verify", folder, public_bytes(key).hex()]
    before, peak = resource.getrusage(resource.RUSAGE_CHILDREN), 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # noqa: S101 # it is a pipe
        while process.poll() is None:
            peak = max(peak, _peak_kb(process.pid))
            time.sleep(0.05)
        said = process.stdout.read().strip()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return [
        (
            f"stand-alone verifier, {n_records:,} records, {n_bytes / 1e9:.1f} GB",
            f"{said}; {n_records / used:,.0f} records per CPU second",
        ),
        ("its peak memory, Python included", f"{peak / 1024:.0f} MB"),
    ]


def _peak_kb(pid: int) -> int:
    """Return a process's largest resident size so far; 0 once it has ended."""
    try:
        said = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", said)
    return int(found[1]) if found else 0


def _with_earlier(rows: list[Row], is_whole: bool) -> list[Row]:
    """Return rows in the page's order, with those of parts that were left out."""
    if is_whole or not OUT.exists():
        return rows
    found = re.findall(r"^\| (.+?) \| (.+) \|$", OUT.read_text(), re.MULTILINE)
    earlier = {what: figure for what, figure in found if what != "what"}
    return list((earlier | dict(rows)).items())


def main(words: list[str]) -> None:
    """Measure and write the page."""
    asked = [int(each) for each in words]
    asked += [1_000_000, 10_000, 100, 1_000, 10_000_000][len(asked) :]
    n_records, n_attacks, n_kills, n_losses, n_verified = asked
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        if n_verified:
            rows += verified_rows(folder / "verified", n_verified)
            shutil.rmtree(folder / "verified")
        rows += append_rows(folder / "append")
        rows += seal_rows(folder / "keys")
        if n_attacks:
            rows += attack_rows(folder, n_attacks)
        if n_kills:
            rows += crash_rows(folder / "crash", n_kills)
        if n_losses:
            rows += power_rows(folder / "power", n_losses)
        rows += scale_rows(folder / "scale", n_records)
        rows += lookup_rows(folder / "scale", n_records)
    rows = _with_earlier(rows, all(asked))
    lines = [f"| {what} | {figure} |" for what, figure in rows]
    head = (
        "# The ledger, measured\n\n"
        f"{datetime.now(UTC):%Y-%m-%d}, by `python -m benchmarks.ledger.figures "
        f"{' '.join(map(str, asked))}`, records of {len(sample_entry(1))} bytes, "
        f"one process, on a busy machine of {os.cpu_count()} cores at nice "
        f"{os.nice(0)}, load average at the end {os.getloadavg()[0]:.1f}. Parts with a 0 "
        "are of an earlier run.\n\n| what | figure |\n|---|---|\n"
    )
    OUT.write_text(head + "\n".join(lines) + "\n")
    print(OUT.read_text())


if __name__ == "__main__":
    main(sys.argv[1:])
