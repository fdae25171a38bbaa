"""Chains of entries in the database: appended to, never changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Column, Index, Integer, String, Table, Text, select
from sqlalchemy.exc import IntegrityError

from assay.adapters.database import metadata, open_database
from assay.history.chain import Link, moment, read_moment

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy import Connection, Row

    from assay.settings import Settings

chain_links = Table(
    "chain_links",
    metadata,
    Column("chain", String(200), primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("at", String(32), nullable=False),
    Column("body", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Index("chain_links_by_time", "chain", "at", "sequence"),
)
"""The key lets one link of a number in: who appends second is refused."""


class Chains:
    """The chains of one database, over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def head(self, chain: str) -> Link | None:
        """Return the newest link, or None of an empty chain."""
        return self._first(
            select(chain_links)
            .where(chain_links.c.chain == chain)
            .order_by(chain_links.c.sequence.desc())
        )

    def at(self, chain: str, at: datetime) -> Link | None:
        """Return the newest link at a moment, or None if the chain began later."""
        return self._first(
            select(chain_links)
            .where(chain_links.c.chain == chain, chain_links.c.at <= moment(at))
            .order_by(chain_links.c.at.desc(), chain_links.c.sequence.desc())
        )

    def links(self, chain: str) -> Iterator[Link]:
        """Give every link from the first on."""
        rows = self._connection.execute(
            select(chain_links)
            .where(chain_links.c.chain == chain)
            .order_by(chain_links.c.sequence)
            .execution_options(yield_per=10_000)
        )
        return (_link(row) for row in rows)

    def append(self, link: Link) -> bool:
        """Append a link; return False, and append nothing, if its number is taken."""
        values = {
            "chain": link.chain,
            "sequence": link.sequence,
            "at": moment(link.at),
            "body": link.body,
            "previous": link.previous,
            "digest": link.digest,
        }
        try:
            with self._connection.begin_nested():
                self._connection.execute(chain_links.insert().values(**values))
        except IntegrityError:
            return False
        return True

    def _first(self, query: Any) -> Link | None:  # noqa: ANN401 # a SELECT of our table
        row = self._connection.execute(query.limit(1)).first()
        return None if row is None else _link(row)


@contextmanager
def open_chains(settings: Settings) -> Iterator[Chains]:
    """Give the chains in one transaction: committed at the end, or nothing of it.

    Raises
    ------
    SourceError
        If the database does not answer.
    """
    with open_database(settings) as connection:
        yield Chains(connection)


def _link(row: Row[Any]) -> Link:
    return Link(
        chain=row.chain,
        sequence=row.sequence,
        at=read_moment(row.at),
        body=row.body,
        previous=row.previous,
        digest=row.digest,
    )
