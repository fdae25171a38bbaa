"""A writer killed under load, again and again, on one stream."""
# ruff: noqa: S311 # draws what a test does, not keys

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assay.ledger import StreamWriter
from assay.ledger.recovery import segments_of

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_twenty_kills_under_load_lose_no_acknowledged_record(tmp_path):
    rng = random.Random(20)
    acknowledged = {}
    for _ in range(20):
        said = tmp_path / "said"
        with said.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.ledger.crash", tmp_path, "w"],
                cwd=ROOT,
                stdout=out,
            )
        deadline = time.monotonic() + 60
        while not said.stat().st_size and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.1))
        process.send_signal(signal.SIGKILL)
        process.wait()
        lines = [line.split() for line in said.read_text().splitlines()]
        assert lines, "the writer acknowledged nothing before it was killed"
        acknowledged |= {int(sequence): request for sequence, request in lines}
    StreamWriter(tmp_path, "w").close()
    there = {}
    for file in segments_of(tmp_path / "streams" / "w"):
        for line in file.read_bytes().splitlines():
            record = json.loads(line)["record"]
            there[record["sequence"]] = record["entry"].get("request_id")
    missing = [s for s, request in acknowledged.items() if there.get(s) != request]
    assert missing == []
    assert sorted(there) == list(range(1, len(there) + 1))
