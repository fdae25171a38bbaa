"""A sealed segment as Parquet: nothing lost, nothing altered let in."""

from __future__ import annotations

import hashlib
import itertools
import json

import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from assay.errors import LedgerError
from assay.ledger import StreamWriter, entry_bytes
from assay.ledger.archive import FolderArchive, sealed_segments, ship_segments
from assay.ledger.archive.parquet import write_parquet
from benchmarks.ledger.attacks import sample_entry


@pytest.fixture
def ledger(tmp_path):
    """One stream that was closed, in several segments, and one that still grows."""
    done = StreamWriter(tmp_path / "ledger", "done", segment_bytes=20_000)
    for number in range(100):
        done.stage(sample_entry(number))
        done.commit()
    done.close()
    growing = StreamWriter(tmp_path / "ledger", "growing")
    growing.stage(sample_entry(100))
    growing.commit()
    yield tmp_path / "ledger"
    growing.close()


def test_only_sealed_segments_are_taken_and_they_follow_each_other(ledger):
    segments = list(sealed_segments(ledger))
    assert {each.stream for each in segments} == {"done"}
    assert len(segments) > 2
    assert segments[0].first == 1
    pairs = itertools.pairwise(segments)
    assert all(later.first == before.last + 1 for before, later in pairs)


def test_columns_say_what_the_records_say(ledger, tmp_path):
    segment = next(sealed_segments(ledger))
    write_parquet(segment, tmp_path / "one.parquet")
    rows = pq.read_table(tmp_path / "one.parquet").to_pylist()
    assert [row["sequence"] for row in rows] == list(range(1, segment.last + 1))
    for row in rows:
        entry = json.loads(row["body"])["entry"]
        assert json.loads(row["body"])["time"] == row["time"].strftime(
            "%Y-%m-%dT%H:%M:%S.%fZ"
        )
        for name in ("kind", "request_id", "probability", "decision", "latency_us"):
            assert row[name] == entry.get(name)
        if entry["kind"] == "decision":
            assert json.loads(row["inputs"]) == entry["inputs"]
            assert json.loads(row["reasons"]) == entry["reasons"]


def test_the_chain_can_be_checked_from_the_file_alone(ledger, tmp_path):
    chain = hashlib.sha256(b"assay ledger 1\ndone").digest()
    for number, segment in enumerate(sealed_segments(ledger)):
        file = tmp_path / f"{number}.parquet"
        write_parquet(segment, file)
        for row in pq.read_table(file, columns=["body", "chain"]).to_pylist():
            chain = hashlib.sha256(chain + row["body"]).digest()
            assert row["chain"] == chain
        assert chain.hex() == segment.chain


def test_the_same_segment_gives_the_same_bytes(ledger, tmp_path):
    segment = next(sealed_segments(ledger))
    for name in "ab":
        write_parquet(segment, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_values_of_another_kind_are_left_to_the_body(tmp_path):
    writer = StreamWriter(tmp_path, "w")
    odd = {"kind": "odd", "request_id": 7, "probability": "high", "label": True}
    writer.stage(entry_bytes(odd))
    writer.close()
    write_parquet(next(sealed_segments(tmp_path)), tmp_path / "odd.parquet")
    row = pq.read_table(tmp_path / "odd.parquet").to_pylist()[1]
    assert (row["request_id"], row["probability"], row["label"]) == (None, None, None)
    assert json.loads(row["body"])["entry"] == odd


@pytest.mark.parametrize("place", [0.2, 0.5, 0.9])
def test_an_altered_segment_is_not_archived(ledger, tmp_path, place):
    segment = next(sealed_segments(ledger))
    segment.file.chmod(0o600)
    content = bytearray(segment.file.read_bytes())
    content[int(len(content) * place)] ^= 1
    segment.file.write_bytes(content)
    with pytest.raises(LedgerError, match="does not match its chain"):
        ship_segments([segment], FolderArchive(tmp_path / "archive"))
    assert list((tmp_path / "archive").rglob("*.parquet")) == []


def test_an_archive_is_queried_as_one_table(ledger, tmp_path):
    ship_segments(sealed_segments(ledger), FolderArchive(tmp_path / "archive"))
    table = ds.dataset(tmp_path / "archive", format="parquet")
    declined = table.count_rows(filter=pc.field("decision") == "decline")
    assert declined == 20
    found = table.to_table(filter=pc.field("request_id") == "request-00000042")
    assert found["probability"].to_pylist() == [42 / 997]
