"""What is archived is queried with DuckDB, as an auditor does it."""

from __future__ import annotations

from hashlib import sha256

import duckdb
import pytest

from assay.ledger import DecisionRecord, StreamWriter, entry_bytes
from assay.ledger.archive import FolderArchive, sealed_segments, ship_segments
from assay.ledger.standalone import genesis

N_RECORDS = 40


@pytest.fixture
def archive(tmp_path):
    """Return the folder of an archive of two streams in several segments."""
    for stream, version in (("a", "1"), ("b", "2")):
        writer = StreamWriter(tmp_path / "ledger", stream, segment_bytes=4_000)
        for number in range(N_RECORDS):
            record = DecisionRecord(
                request_id=f"{stream}-{number}",
                model="credit_default",
                version=version,
                bundle_digest="ab" * 32,
                inputs={"income": 1000.0 * number, "housing": "own"},
                features={"income": 1000.0 * number, "housing": "own"},
                probability=number / N_RECORDS,
                threshold=0.75,
                decision="decline" if number >= 30 else "approve",
                reasons=("income",) if number >= 30 else (),
            )
            writer.stage(entry_bytes(record))
            writer.commit()
        writer.close()
    archive = FolderArchive(tmp_path / "archive")
    assert ship_segments(sealed_segments(tmp_path / "ledger"), archive) > 2
    return tmp_path / "archive"


@pytest.fixture
def ask(archive):
    """Return what a query of ``records`` answers."""
    with duckdb.connect() as connection:
        files = f"{archive}/*/*.parquet"
        connection.execute(
            f"CREATE VIEW records AS SELECT * FROM read_parquet('{files}')"  # noqa: S608 # the test's own folder
        )
        yield lambda query: connection.execute(query).fetchall()


def test_decisions_are_counted_by_version(ask):
    found = ask(
        "SELECT version, decision, count(*), max(probability) FROM records "
        "WHERE kind = 'decision' GROUP BY ALL ORDER BY ALL"
    )
    assert found == [
        (version, decision, count, highest)
        for version in ("1", "2")
        for decision, count, highest in (("approve", 30, 0.725), ("decline", 10, 0.975))
    ]


def test_inputs_and_reasons_are_read_out_of_their_json(ask):
    found = ask(
        "SELECT request_id, CAST(json_extract(inputs, '$.income') AS DOUBLE) AS income "
        "FROM records WHERE list_contains(from_json(reasons, '[\"VARCHAR\"]'), 'income') "
        "AND stream = 'a' ORDER BY income"
    )
    assert found == [(f"a-{number}", 1000.0 * number) for number in range(30, 40)]


def test_every_record_is_there_once_and_its_chain_can_be_checked(ask):
    (gaps,) = ask(
        "SELECT count(*) FROM (SELECT sequence - lag(sequence) OVER "
        "(PARTITION BY stream ORDER BY sequence) AS step FROM records) WHERE step <> 1"
    )
    assert gaps == (0,)
    for stream in ("a", "b"):
        chain = genesis(stream)
        for body, kept in ask(
            f"SELECT body, chain FROM records WHERE stream = '{stream}' ORDER BY sequence"  # noqa: S608 # the test's own names
        ):
            chain = sha256(chain + body).digest()
            assert chain == kept
