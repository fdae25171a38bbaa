"""Decisions and labels of the ledger as tables: SQLite, or PostgreSQL by setting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    delete,
    select,
)

from assay.adapters.database import metadata, open_database

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from assay.ledger.archive import SealedSegment
    from assay.settings import Settings

ROWS_AT_A_TIME = 2_000

ledger_segments = Table(
    "ledger_segments",
    metadata,
    Column("stream", String(63), primary_key=True),
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
    Column("chain", String(64), nullable=False),
    Column("shipped_at", String(32), nullable=False),
)

ledger_records = Table(
    "ledger_records",
    metadata,
    Column("stream", String(63), primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("time", String(32), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("request_id", Text, index=True),
    Column("model", Text),
    Column("version", Text),
    Column("bundle_digest", Text),
    Column("probability", Float),
    Column("threshold", Float),
    Column("decision", Text),
    Column("reasons", Text),
    Column("label", Integer),
    Column("policy", Text),
    Column("latency_us", BigInteger),
    Column("body", LargeBinary, nullable=False),
    Column("chain", LargeBinary, nullable=False),
)

outcomes = Table(
    "outcomes",
    metadata,
    Column("stream", String(63), primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("model_name", String(63), nullable=False, index=True),
    Column("request_id", Text, nullable=False, index=True),
    Column("decision", Text, nullable=False),
    Column("label", Integer, nullable=False),
    Column("observed_at", String(40), nullable=False),
    Column("reported_at", String(32), nullable=False),
    Column("is_late", Boolean, nullable=False),
)

outcome_cursors = Table(
    "outcome_cursors",
    metadata,
    Column("stream", String(63), primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("chain", String(64), nullable=False),
)


class TableArchive:
    """An archive in Assay's own database: a segment's rows and its entry, at one stroke.

    Parameters
    ----------
    settings : Settings
        Name the database.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def chain_of(self, segment: SealedSegment) -> str | None:
        """Return the chain of the segment that begins with the same record."""
        with open_database(self._settings) as connection:
            found = connection.execute(
                select(ledger_segments.c.chain).where(*_is(segment))
            ).scalar()
        return None if found is None else str(found)

    def put(self, segment: SealedSegment, content: Path) -> None:
        """Take a segment's rows in one transaction."""
        names = [column.name for column in ledger_records.columns]
        with open_database(self._settings) as connection:
            connection.execute(
                ledger_segments.insert().values(
                    stream=segment.stream,
                    first=segment.first,
                    last=segment.last,
                    chain=segment.chain,
                    shipped_at=datetime.now(UTC).isoformat(),
                )
            )
            for batch in pq.ParquetFile(content).iter_batches(
                ROWS_AT_A_TIME, None, names
            ):
                rows: list[dict[str, Any]] = batch.to_pylist()
                for row in rows:
                    row["time"] = row["time"].isoformat()
                connection.execute(ledger_records.insert(), rows)

    def remove(self, segment: SealedSegment) -> None:
        """Delete a segment's rows and its entry in one transaction."""
        rows = ledger_records.c
        with open_database(self._settings) as connection:
            connection.execute(
                delete(ledger_records).where(
                    rows.stream == segment.stream,
                    rows.sequence.between(segment.first, segment.last),
                )
            )
            connection.execute(delete(ledger_segments).where(*_is(segment)))


@dataclass(frozen=True, slots=True)
class LabelRow:
    """A label as the ledger holds it; the newest of a request counts."""

    stream: str
    sequence: int
    model_name: str
    request_id: str
    decision: str
    label: int
    observed_at: str
    reported_at: str
    is_late: bool


def outcome_cursor(settings: Settings, stream: str) -> tuple[int, str]:
    """Return up to which record, and chain, a stream's labels are in the table."""
    with open_database(settings) as connection:
        found = connection.execute(
            select(outcome_cursors).where(outcome_cursors.c.stream == stream)
        ).first()
    return (0, "") if found is None else (int(found.sequence), str(found.chain))


def append_labels(
    settings: Settings,
    stream: str,
    before: int,
    labels: Sequence[LabelRow],
    sequence: int,
    chain: str,
) -> bool:
    """Take a stream's labels up to a record, and the cursor with them, or nothing.

    Returns
    -------
    bool
        False where another run moved the cursor meanwhile: its labels are there.
    """
    with open_database(settings) as connection:
        if not _moved(connection, stream, before, sequence, chain):
            return False
        if labels:
            rows = [
                {name: getattr(label, name) for name in LabelRow.__slots__}
                for label in labels
            ]
            connection.execute(outcomes.insert(), rows)
    return True


def newest_labels(settings: Settings, model_name: str) -> dict[str, LabelRow]:
    """Return the label in force of each request of a model, by request id."""
    with open_database(settings) as connection:
        rows = connection.execute(
            select(outcomes)
            .where(outcomes.c.model_name == model_name)
            .order_by(outcomes.c.reported_at, outcomes.c.stream, outcomes.c.sequence)
        ).mappings()
        return {row["request_id"]: LabelRow(**row) for row in rows}


def _is(segment: SealedSegment) -> tuple[Any, Any]:
    return (
        ledger_segments.c.stream == segment.stream,
        ledger_segments.c.first == segment.first,
    )


def _moved(
    connection: Connection, stream: str, before: int, sequence: int, chain: str
) -> bool:
    """Move a cursor on from where it was read; say whether it still stood there."""
    values = {"sequence": sequence, "chain": chain}
    if before == 0:
        known = connection.execute(
            select(outcome_cursors.c.sequence).where(outcome_cursors.c.stream == stream)
        ).first()
        if known is None:
            connection.execute(outcome_cursors.insert().values(stream=stream, **values))
        return known is None
    changed = connection.execute(
        outcome_cursors.update()
        .where(outcome_cursors.c.stream == stream, outcome_cursors.c.sequence == before)
        .values(**values)
    )
    return changed.rowcount == 1
