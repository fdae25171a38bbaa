"""The history of champions: who answered when, moved by whom, on which decision."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Column, Integer, String, Table, Text, select

from assay.adapters.database import metadata, open_database

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row

    from assay.settings import Settings

champion_history = Table(
    "champion_history",
    metadata,
    Column("entry", Integer, primary_key=True, autoincrement=True),
    Column("model_name", String(63), nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("bundle_digest", String(64), nullable=False),
    Column("previous_version", Integer),
    Column("since", String(32), nullable=False),
    Column("actor", String(200), nullable=False),
    Column("reasons", Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class ChampionEntry:
    """One change of champion.

    Attributes
    ----------
    model_name : str
        The model.
    version, previous_version : int
        The version that took over, and the one before; None for the first.
    bundle_digest : str
        Digest of the bundle that took over.
    since : datetime
        When, in UTC.
    actor : str
        Who moved the alias: a person, or a flow run.
    reasons : tuple of str
        The rules that the gate found kept.
    """

    model_name: str
    version: int
    bundle_digest: str
    previous_version: int | None
    since: datetime
    actor: str
    reasons: tuple[str, ...]


def append_champion(settings: Settings, entry: ChampionEntry) -> bool:
    """Append an entry unless the newest one is about the same version; say which.

    Returns
    -------
    bool
        True if it was appended. A repeated call after a crash appends nothing.
    """
    with open_database(settings) as connection:
        newest = connection.execute(
            select(champion_history)
            .where(champion_history.c.model_name == entry.model_name)
            .order_by(champion_history.c.entry.desc())
            .limit(1)
        ).first()
        if newest is not None and newest.version == entry.version:
            return False
        connection.execute(
            champion_history.insert().values(
                model_name=entry.model_name,
                version=entry.version,
                bundle_digest=entry.bundle_digest,
                previous_version=newest.version if newest else entry.previous_version,
                since=entry.since.astimezone(UTC).isoformat(),
                actor=entry.actor,
                reasons=json.dumps(entry.reasons),
            )
        )
    return True


def champions(settings: Settings, model_name: str) -> list[ChampionEntry]:
    """Return every change of a model's champion, oldest first."""
    with open_database(settings) as connection:
        rows = connection.execute(
            select(champion_history)
            .where(champion_history.c.model_name == model_name)
            .order_by(champion_history.c.entry)
        ).all()
    return _entries(rows)


def _entries(rows: Sequence[Row[tuple[object, ...]]]) -> list[ChampionEntry]:
    return [
        ChampionEntry(
            model_name=row.model_name,
            version=row.version,
            bundle_digest=row.bundle_digest,
            previous_version=row.previous_version,
            since=datetime.fromisoformat(row.since),
            actor=row.actor,
            reasons=tuple(json.loads(row.reasons)),
        )
        for row in rows
    ]
