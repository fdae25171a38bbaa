"""``sql:NAME#SELECT ...``: the rows of a query, streamed."""

from __future__ import annotations

import pandas as pd
import sqlalchemy
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from assay.contract.model import Contract
from assay.errors import ConfigError, DataError, SourceError
from assay.settings import Settings

CHUNK_ROWS = 50_000
"""Rows that the driver hands over at once."""


def read_sql(rest: str, contract: Contract, settings: Settings) -> pd.DataFrame:
    """Return the rows of one reading query.

    Parameters
    ----------
    rest : str
        ``NAME#SELECT ...`` with a name in ``settings.databases``, or a SQLAlchemy URL
        without a password in the place of the name.
    contract : Contract
        Not used; every source has the same parameters.
    settings : Settings
        Names and URLs of databases.

    Raises
    ------
    ConfigError
        If the database is unknown, the URL holds a password or the query does not read.
    SourceError
        If the database refuses or does not answer.
    DataError
        If the query returns a column twice.
    """
    del contract
    return read_query(rest, settings)


def read_query(rest: str, settings: Settings) -> pd.DataFrame:
    """Return the rows of one reading query, as `read_sql` does, without a contract."""
    database, _, query = rest.partition("#")
    url = _database(database.strip(), settings)
    query = query.strip().rstrip(";")
    if query.partition(" ")[0].upper().split("\n")[0] not in ("SELECT", "WITH"):
        raise ConfigError(
            f"the query of a source starts with SELECT or WITH, this one with "
            f"{query[:20]!r}; write sql:NAME#SELECT ..."
        )
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    try:
        return _rows(engine, query)
    except SQLAlchemyError as error:
        # The driver's words only: SQLAlchemy's would repeat the whole query.
        cause = getattr(error, "orig", None) or error
        shown = url.render_as_string(hide_password=True)
        raise SourceError(f"database {shown} did not deliver: {cause}") from error
    finally:
        engine.dispose()


def _database(name: str, settings: Settings) -> URL:
    known = ", ".join(sorted(settings.databases)) or "none"
    if name in settings.databases:
        return make_url(settings.databases[name].get_secret_value())
    try:
        url = make_url(name)
        url.get_dialect()
    except (ArgumentError, NoSuchModuleError) as error:
        raise ConfigError(
            f"no database {name.split('@')[-1]!r}: settings name {known} "
            "(ASSAY_DATABASES), or give a SQLAlchemy URL without a password"
        ) from error
    if url.password is not None or "password" in {key.lower() for key in url.query}:
        raise ConfigError(
            "the source's database URL holds a password, and a flow's parameters are "
            "visible to everyone in the UI: put the URL into ASSAY_DATABASES under a "
            "name and write sql:NAME#SELECT ..."
        )
    return url


def _rows(engine: sqlalchemy.Engine, query: str) -> pd.DataFrame:
    """Return the result in chunks of objects, typed at the end when all is seen."""
    options = {"stream_results": True, "yield_per": CHUNK_ROWS}
    if engine.dialect.name == "postgresql":
        options["postgresql_readonly"] = True
    with engine.connect().execution_options(**options) as connection:
        result = connection.exec_driver_sql(query)
        names = list(result.keys())
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise DataError(f"the query returns columns twice: {', '.join(twice)}")
        chunks = [
            pd.DataFrame.from_records(list(map(tuple, rows)), columns=names).astype(
                object
            )
            for rows in result.partitions()
        ]
    if not chunks:
        return pd.DataFrame(columns=names, dtype=object)
    return pd.concat(chunks, ignore_index=True).infer_objects()
