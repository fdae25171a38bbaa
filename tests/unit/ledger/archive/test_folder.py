"""Segments shipped exactly once, however often the shipping is killed."""

from __future__ import annotations

import os
import shutil
import sys

import pyarrow.parquet as pq
import pytest

from assay.errors import LedgerError
from assay.ledger import StreamWriter
from assay.ledger.archive import FolderArchive, sealed_segments, ship_segments
from benchmarks.ledger.attacks import sample_entry

KILLED = 9


@pytest.fixture
def ledger(tmp_path):
    for stream, n_records in (("a", 15), ("b", 3)):
        writer = StreamWriter(tmp_path / "ledger", stream, segment_bytes=12_000)
        for number in range(n_records):
            writer.stage(sample_entry(number))
            writer.commit()
        writer.close()
    return tmp_path / "ledger"


def in_a_process_that_dies_at(call, run):
    """Run in a child that ends without warning at its k-th call to the file system."""
    child = os.fork()
    if child == 0:
        n_calls = 0

        def count(event, _arguments):
            nonlocal n_calls
            if event in ("open", "os.rename", "os.remove", "os.mkdir", "os.chmod"):
                n_calls += 1
                if n_calls == call:
                    os._exit(KILLED)

        sys.addaudithook(count)
        run()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def shipped(archive):
    """Return how often each record is there; every file that has a name is whole."""
    found = [
        (row["stream"], row["sequence"])
        for file in archive.rglob("*.parquet")
        for row in pq.read_table(file, columns=["stream", "sequence"]).to_pylist()
    ]
    assert len(found) == len(set(found))
    return set(found)


def test_killed_at_every_call_in_turn_each_record_is_there_once(ledger, tmp_path):
    archive = tmp_path / "archive"
    wanted = {
        (each.stream, sequence)
        for each in sealed_segments(ledger)
        for sequence in range(each.first, each.last + 1)
    }

    def ship():
        return ship_segments(sealed_segments(ledger), FolderArchive(archive))

    n_kills = 0
    while in_a_process_that_dies_at(n_kills + 1, ship) == KILLED:
        n_kills += 1
        if archive.exists():
            assert shipped(archive) <= wanted
        ship()
        assert shipped(archive) == wanted
        assert [file for file in archive.rglob(".*") if file.is_file()] == []
        shutil.rmtree(archive)
    assert n_kills > 20
    assert shipped(archive) == wanted
    assert ship_segments(sealed_segments(ledger), FolderArchive(archive)) == 0


def test_another_history_under_the_same_name_is_refused(ledger, tmp_path):
    archive = FolderArchive(tmp_path / "archive")
    segments = list(sealed_segments(ledger))
    ship_segments(segments, archive)
    forged = [type(segments[0])(segments[0].file, "a", 1, segments[0].last, "0" * 64)]
    with pytest.raises(LedgerError, match="another history"):
        ship_segments(forged, archive)


def test_a_file_that_is_no_archive_is_not_taken_for_one(ledger, tmp_path):
    segment = next(sealed_segments(ledger))
    file = tmp_path / "archive" / segment.name
    file.parent.mkdir(parents=True)
    file.write_text("something else")
    with pytest.raises(LedgerError, match="no archived segment"):
        ship_segments([segment], FolderArchive(tmp_path / "archive"))


def test_what_was_removed_is_gone_and_removing_it_again_is_in_order(ledger, tmp_path):
    archive = FolderArchive(tmp_path / "archive")
    segments = list(sealed_segments(ledger))
    ship_segments(segments, archive)
    for _ in range(2):
        archive.remove(segments[0])
        assert archive.chain_of(segments[0]) is None
    assert archive.chain_of(segments[1]) == segments[1].chain
