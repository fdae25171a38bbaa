"""Assay's own tables: SQLite by default, PostgreSQL by setting."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import MetaData, create_engine, event, inspect, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import (
    IntegrityError,
    OperationalError,
    ProgrammingError,
    SQLAlchemyError,
)

from assay.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Column, Connection, Engine, Table

    from assay.settings import Settings

metadata = MetaData()
"""Every table of ours hangs here, so that `open_database` creates what is missing."""


@contextmanager
def open_database(settings: Settings) -> Iterator[Connection]:
    """Give a connection with one transaction: committed at the end, or nothing of it.

    Tables that are missing are created.

    Raises
    ------
    SourceError
        If the database does not answer or refuses. No password is in the message.
    """
    url = make_url(settings.database_url)
    shown = url.render_as_string(hide_password=True)
    try:
        engine = _engine(settings.database_url, settings.home)
        try:
            _create_tables(engine)
            with engine.begin() as connection:
                yield connection
        finally:
            engine.dispose()
    except SQLAlchemyError as error:
        first_line = str(getattr(error, "orig", error)).splitlines()[0]
        raise SourceError(
            f"the database {shown} did not do what was asked: {first_line}; is it "
            "running, and is ASSAY_DATABASE right?"
        ) from error


def insert_unless_there(
    connection: Connection, table: Table, number: Column[int], values: dict[str, Any]
) -> int | None:
    """Return the number of a new row; None where a unique column keeps it out.

    One statement: a savepoint would be committed by SQLite's driver as it is released,
    whatever becomes of the transaction around it.
    """
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table).values(**values).on_conflict_do_nothing()
    found = connection.execute(statement.returning(number)).scalar()
    return None if found is None else int(found)


def _create_tables(engine: Engine) -> None:
    """Create what is missing; another process that does so now is no fault."""
    if metadata.tables.keys() <= set(inspect(engine).get_table_names()):
        return None  # one question instead of one a table
    for _ in metadata.tables:
        try:
            return metadata.create_all(engine)
        except (IntegrityError, OperationalError, ProgrammingError) as error:
            met = "already exists" in str(error) or isinstance(error, IntegrityError)
            if not met:
                raise
    return metadata.create_all(engine)


def _engine(url: str, home: Path) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True)
    home.mkdir(parents=True, exist_ok=True)
    # A second writer waits for the first instead of failing at once.
    engine = create_engine(url, connect_args={"timeout": 30})
    event.listen(engine, "connect", _write_ahead)
    return engine


def _write_ahead(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined] # a DBAPI connection
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()
