"""Segments and labels in tables, exactly once, however often a run is killed."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from sqlalchemy import event, select
from sqlalchemy.engine import Engine

from assay.adapters.database import open_database
from assay.adapters.ledger.tables import (
    LabelRow,
    TableArchive,
    append_labels,
    ledger_records,
    ledger_segments,
    newest_labels,
    outcome_cursor,
)
from assay.errors import LedgerError
from assay.ledger import StreamWriter
from assay.ledger.archive import sealed_segments, ship_segments
from assay.settings import Settings
from benchmarks.ledger.attacks import sample_entry
from tests.services import postgresql_databases

KILLED = 9


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
)
def settings(request, tmp_path) -> Iterator[Settings]:
    if request.param == "sqlite":
        yield Settings(home=tmp_path / "home", database="")
        return
    with postgresql_databases("assay_test_ledger") as server:
        yield Settings(home=tmp_path / "home", database=f"{server}/assay_test_ledger")


@pytest.fixture
def ledger(tmp_path):
    writer = StreamWriter(tmp_path / "ledger", "w", segment_bytes=12_000)
    for number in range(30):
        writer.stage(sample_entry(number))
        writer.commit()
    writer.close()
    return tmp_path / "ledger"


def in_a_process_that_dies_at(call, run):
    """Run in a child that ends without warning at its k-th statement or commit."""
    child = os.fork()
    if child == 0:
        n_calls = 0

        def count(*_):
            nonlocal n_calls
            n_calls += 1
            if n_calls == call:
                os._exit(KILLED)

        event.listen(Engine, "before_cursor_execute", count)
        event.listen(Engine, "after_cursor_execute", count)
        event.listen(Engine, "commit", count)
        run()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def stored(settings):
    with open_database(settings) as connection:
        records = connection.execute(select(ledger_records.c.sequence)).scalars().all()
        segments = connection.execute(select(ledger_segments)).all()
    assert sum(each.last - each.first + 1 for each in segments) == len(records)
    return sorted(records)


@pytest.mark.slow
def test_killed_at_every_statement_in_turn_each_record_is_there_once(settings, ledger):
    segments = list(sealed_segments(ledger))
    assert len(segments) >= 2
    archive = TableArchive(settings)
    stored(settings)  # makes the tables

    def ship():
        return ship_segments(segments, archive)

    n_kills = 0
    while in_a_process_that_dies_at(n_kills + 1, ship) == KILLED:
        n_kills += 1
        assert set(stored(settings)) <= set(range(1, segments[-1].last + 1))
        for segment in segments:
            archive.remove(segment)
    assert n_kills > 10
    assert ship() == 0
    assert stored(settings) == list(range(1, segments[-1].last + 1))


def test_a_killed_run_is_finished_by_the_next(settings, ledger):
    segments = list(sealed_segments(ledger))
    archive = TableArchive(settings)
    stored(settings)
    for call in (3, 12, 21, 30):
        in_a_process_that_dies_at(call, lambda: ship_segments(segments, archive))
    ship_segments(segments, archive)
    assert stored(settings) == list(range(1, segments[-1].last + 1))


def test_another_history_is_refused_and_removing_takes_rows_and_entry(settings, ledger):
    segments = list(sealed_segments(ledger))
    archive = TableArchive(settings)
    ship_segments(segments, archive)
    one = segments[0]
    forged = type(one)(one.file, one.stream, one.first, one.last, "0" * 64)
    with pytest.raises(LedgerError, match="another history"):
        ship_segments([forged], archive)
    archive.remove(one)
    assert archive.chain_of(one) is None
    assert stored(settings)[0] == one.last + 1


def label(sequence, request_id, value, reported_at):
    return LabelRow(
        "w", sequence, "m", request_id, "w:1", value, "2026-01-01", reported_at, False
    )


def test_labels_and_cursor_move_together_and_once(settings):
    assert outcome_cursor(settings, "w") == (0, "")
    first = [label(3, "a", 1, "2026-01-02"), label(4, "b", 0, "2026-01-02")]
    assert append_labels(settings, "w", 0, first, 5, "c5")
    assert not append_labels(settings, "w", 0, first, 5, "c5")
    assert outcome_cursor(settings, "w") == (5, "c5")
    assert append_labels(settings, "w", 5, [label(6, "a", 0, "2026-01-03")], 6, "c6")
    assert not append_labels(settings, "w", 5, [label(6, "a", 0, "2026-01-03")], 6, "c6")
    found = newest_labels(settings, "m")
    assert {key: row.label for key, row in found.items()} == {"a": 0, "b": 0}
    assert newest_labels(settings, "another") == {}
