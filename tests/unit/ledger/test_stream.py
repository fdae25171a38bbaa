"""Streams: chain, groups, recovery after a crash and after lost power."""
# ruff: noqa: S311 # draws what a test does, not keys

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import json
import os
import random
import threading

import pytest

from assay.errors import LedgerError
from assay.ledger import (
    DecisionRecord,
    LoopCommitter,
    StreamWriter,
    ThreadCommitter,
    entry_bytes,
)
from assay.ledger.reading import find_record
from assay.ledger.recovery import segments_of
from benchmarks.ledger.disks import DiskThatLosesPower


def entry(number):
    return entry_bytes({"kind": "test", "request_id": f"r{number}", "number": number})


def lines_of(ledger, stream="w"):
    files = segments_of(ledger / "streams" / stream)
    return [json.loads(line) for f in files for line in f.read_bytes().splitlines()]


def test_each_record_is_chained_to_the_one_before_by_hand(tmp_path):
    writer = StreamWriter(tmp_path, "w", clock=lambda: 1_795_221_808_123_456_789)
    writer.stage(entry(1))
    writer.close()
    chain = hashlib.sha256(b"assay ledger 1\nw").digest()
    raw = segments_of(tmp_path / "streams" / "w")[0].read_bytes().splitlines()
    for line in raw:
        body = line.split(b'"record":', 1)[1][:-1]
        chain = hashlib.sha256(chain + body).digest()
        assert json.loads(line)["chain"] == chain.hex()
    records = [each["record"] for each in lines_of(tmp_path)]
    assert [each["entry"]["kind"] for each in records] == ["opened", "test", "sealed"]
    assert [each["sequence"] for each in records] == [1, 2, 3]
    assert records[1]["time"] == "2026-11-21T00:43:28.123456Z"


def test_a_decision_keeps_all_that_an_auditor_asks_for(tmp_path):
    record = DecisionRecord(
        request_id='odd "id" é',
        model="credit_default",
        version="3",
        bundle_digest="ab" * 32,
        inputs={"income": None, "age": 41},
        features={"income": float("nan"), "age": 41.0},
        probability=0.1 + 0.2,
        threshold=0.3,
        decision="decline",
        reasons=("R02",),
        latency_us=88,
        policy="default-1",
        shadow={"4": 0.25},
    )
    writer = StreamWriter(tmp_path, "w")
    writer.stage(entry_bytes(record))
    writer.close()
    found = json.loads(find_record(tmp_path, 'odd "id" é').body)["entry"]
    assert found["probability"] == 0.1 + 0.2
    assert found["features"] == {"age": 41.0, "income": None}
    assert found["reasons"] == ["R02"]
    assert found["shadow"] == {"4": 0.25}


def test_a_decision_and_the_same_as_a_mapping_are_the_same_canonical_bytes():
    record = DecisionRecord(
        request_id="r",
        model="m",
        version="1",
        bundle_digest="ab" * 32,
        inputs={"b": 1, "a": 2.5},
        features={"b": 1.0, "a": 2.5},
        probability=0.5,
        threshold=0.2,
        decision="decline",
        reasons=("b",),
    )
    content = entry_bytes(record)
    assert content == entry_bytes(dataclasses.asdict(record))
    read = json.loads(content)
    assert read["reasons"] == ["b"]
    plain = json.dumps(read, sort_keys=True, separators=(",", ":"))
    assert content == plain.encode()


def test_a_probability_that_is_no_number_is_no_decision():
    with pytest.raises(LedgerError, match="probability"):
        DecisionRecord("r", "m", "1", "", {}, {}, float("nan"), 0.5, "approve")


@pytest.mark.parametrize(
    "bad", [{}, {"kind": 3}, {"kind": "sealed"}, {"kind": "recovered"}]
)
def test_an_entry_needs_a_kind_of_its_own(bad):
    with pytest.raises(LedgerError, match="kind"):
        entry_bytes(bad)


def test_a_second_writer_on_one_stream_is_refused_until_the_first_closes(tmp_path):
    first = StreamWriter(tmp_path, "w")
    with pytest.raises(LedgerError, match="another writer"):
        StreamWriter(tmp_path, "w")
    StreamWriter(tmp_path, "other").close()
    first.close()
    StreamWriter(tmp_path, "w").close()


@pytest.mark.parametrize("name", ["", "../x", "A", "a/b", "-a", "x" * 64])
def test_a_stream_has_a_plain_name(tmp_path, name):
    with pytest.raises(LedgerError, match="no name"):
        StreamWriter(tmp_path, name)


def test_segments_roll_by_size_are_sealed_and_closed_to_writing(tmp_path):
    writer = StreamWriter(tmp_path, "w", segment_bytes=2000)
    for number in range(40):
        writer.stage(entry(number))
        writer.commit()
    writer.close()
    files = segments_of(tmp_path / "streams" / "w")
    assert len(files) > 3
    for file in files:
        records = [json.loads(line)["record"] for line in file.read_bytes().splitlines()]
        assert records[0]["sequence"] == int(file.stem)
        assert records[-1]["entry"]["kind"] == "sealed"
        assert records[-1]["entry"]["said"]["n_records"] == len(records) - 1
        assert file.stat().st_mode & 0o222 == 0


def test_a_half_written_tail_is_cut_kept_aside_and_on_record(tmp_path):
    writer = StreamWriter(tmp_path, "w")
    for number in range(3):
        writer.stage(entry(number))
    writer.close()
    file = segments_of(tmp_path / "streams" / "w")[0]
    file.chmod(0o600)
    whole = file.read_bytes().splitlines(keepends=True)
    for n_kept in (1, 40, len(whole[-1]) - 1):
        file.write_bytes(b"".join(whole[:-1]) + whole[-1][:n_kept])
        again = StreamWriter(tmp_path, "w")
        assert again.recovery is not None
        assert again.recovery.cut_bytes == n_kept
        kept = tmp_path / "streams" / "w" / again.recovery.aside
        assert kept.read_bytes() == whole[-1][:n_kept]
        again.close()
        said = [e["record"]["entry"] for e in lines_of(tmp_path)]
        assert [e["kind"] for e in said][-2:] == ["recovered", "sealed"]
        assert (
            said[-2]["said"]["cut_sha256"]
            == hashlib.sha256(kept.read_bytes()).hexdigest()
        )


def test_a_writer_never_goes_on_behind_an_acknowledged_record_that_was_altered(tmp_path):
    writer = StreamWriter(tmp_path, "w")
    for number in range(3):
        writer.stage(entry(number))
        writer.commit()
    writer.close()
    file = segments_of(tmp_path / "streams" / "w")[0]
    file.chmod(0o600)
    file.write_bytes(file.read_bytes().replace(b'"number":1', b'"number":7'))
    before = file.read_bytes()
    with pytest.raises(LedgerError, match="record 3 does not match"):
        StreamWriter(tmp_path, "w")
    assert file.read_bytes() == before


@pytest.mark.parametrize("seed", range(30))
def test_lost_power_loses_no_acknowledged_record(tmp_path, seed):
    rng = random.Random(seed)
    acknowledged = {}
    number = 0
    for _ in range(3):
        disk = DiskThatLosesPower(rng)
        writer = StreamWriter(tmp_path, "w", segment_bytes=1500, disk=disk)
        for _ in range(rng.randrange(25)):
            group = {}
            for _ in range(rng.randrange(1, 4)):
                group[writer.stage(entry(number))] = number
                number += 1
            if rng.random() < 0.9:
                writer.commit()
                acknowledged |= group
            else:
                writer.commit(sync=False)
                break
        disk.lose_power()
        die(writer)
    StreamWriter(tmp_path, "w").close()
    there = {e["record"]["sequence"]: e["record"]["entry"] for e in lines_of(tmp_path)}
    missing = [s for s, n in acknowledged.items() if there[s].get("number") != n]
    assert missing == []


def die(writer):
    """Let go of the lock as a killed process does."""
    os.close(writer._lock)
    os.close(writer._descriptor)
    writer._lock = -1


def test_after_a_failed_sync_nothing_more_is_taken(tmp_path):
    disk = DiskThatLosesPower(random.Random(0))
    writer = StreamWriter(tmp_path, "w", disk=disk)
    writer.stage(entry(1))
    disk.fails = True
    with pytest.raises(LedgerError, match="cannot be written"):
        writer.commit()
    disk.fails = False
    with pytest.raises(LedgerError, match="cannot be written"):
        writer.stage(entry(2))
    writer.close()


async def test_callers_of_one_turn_share_one_sync(tmp_path):
    n_syncs = []

    class Counting(DiskThatLosesPower):
        def sync(self, descriptor):
            n_syncs.append(descriptor)
            super().sync(descriptor)

    disk = Counting(random.Random(0))
    committer = LoopCommitter(StreamWriter(tmp_path, "w", disk=disk))
    n_syncs.clear()
    waiting = [committer.append(entry(number)) for number in range(50)]
    receipts = [await each for each in waiting]
    assert len(n_syncs) == 1
    assert [each.sequence for each in receipts] == list(range(2, 52))
    assert all(each.is_durable for each in receipts)
    assert receipts[0].address == "w:2"
    committer.close()


async def test_no_caller_is_answered_when_the_sync_fails(tmp_path):
    disk = DiskThatLosesPower(random.Random(0))
    committer = LoopCommitter(StreamWriter(tmp_path, "w", disk=disk))
    disk.fails = True
    waiting = [committer.append(entry(number)) for number in range(3)]
    for each in waiting:
        with pytest.raises(LedgerError, match="cannot be written"):
            await each
    committer.close()


async def test_relaxed_mode_says_so_and_syncs_later(tmp_path):
    disk = DiskThatLosesPower(random.Random(0))
    writer = StreamWriter(tmp_path, "w", disk=disk)
    committer = LoopCommitter(writer, is_relaxed=True, sync_seconds=0.01)
    receipt = await committer.append(entry(1))
    assert not receipt.is_durable
    await asyncio.sleep(0.1)
    disk.lose_power()
    die(writer)
    assert len(lines_of(tmp_path)) == 2


def test_threads_share_commits_and_each_gets_its_own_record(tmp_path):
    committer = ThreadCommitter(StreamWriter(tmp_path, "w"))
    got = {}

    def caller(start):
        for number in range(start, start + 25):
            got[number] = committer.append(entry(number)).sequence

    threads = [threading.Thread(target=caller, args=(i * 25,)) for i in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    committer.close()
    there = {e["record"]["sequence"]: e["record"]["entry"] for e in lines_of(tmp_path)}
    assert len(got) == 200
    assert all(there[sequence]["number"] == number for number, sequence in got.items())


def test_a_thread_hears_that_its_record_was_refused(tmp_path):
    disk = DiskThatLosesPower(random.Random(0))
    committer = ThreadCommitter(StreamWriter(tmp_path, "w", disk=disk))
    disk.fails = True
    with pytest.raises(LedgerError, match="cannot be written"):
        committer.append(entry(1))
    committer.close()
