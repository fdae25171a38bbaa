"""What a request for a retraining is, and its row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from sqlalchemy import Column, Float, Integer, String, Table, Text

from assay.adapters.database import metadata

RequestState: TypeAlias = Literal[
    "asked", "running", "signing", "promoted", "refused", "failed"
]
ENDED: tuple[RequestState, ...] = ("promoted", "refused", "failed")

outbox = Table(
    "outbox",
    metadata,
    Column("request_id", Integer, primary_key=True, autoincrement=True),
    Column("model_name", String(63), nullable=False, index=True),
    Column("state", String(12), nullable=False, index=True),
    Column("source", Text, nullable=False),
    Column("as_of", String(32), nullable=False),
    Column("since", String(32), nullable=False),
    Column("asked_at", String(32), nullable=False),
    Column("due_at", String(32), nullable=False),
    Column("n_tries", Integer, nullable=False),
    Column("n_failures", Integer, nullable=False),
    Column("holder", String(64), nullable=False),
    Column("held_until", Float, nullable=False),
    Column("snapshot_uri", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("note", Text, nullable=False),
    # Empty once ended: the database itself keeps a second request of a model out.
    Column("open_key", String(63), unique=True),
)
outbox_alerts = Table(
    "outbox_alerts",
    metadata,
    Column("request_id", Integer, primary_key=True, autoincrement=False),
    Column("alert_id", Integer, primary_key=True, autoincrement=False),
)


@dataclass(frozen=True, slots=True)
class NewRequest:
    """What a retraining is asked to look at.

    Attributes
    ----------
    source : str
        Source of the rows; empty takes the one that the settings name.
    as_of : datetime or None
        Moment of the data; None is the clock's.
    since : datetime
        First moment of the new world, as far as is known.
    again : timedelta
        After a request that changed nothing, none is written for so long.
    """

    source: str
    as_of: datetime | None
    since: datetime
    again: timedelta


@dataclass(frozen=True, slots=True)
class Request:
    """A row of the outbox; times are UTC.

    Attributes
    ----------
    request_id : int
        Its number.
    model_name : str
        Whose champion is to be replaced.
    state : str
        ``asked``; ``running``, held by one run; ``signing``, waiting for people; or how
        it ended: ``promoted``, ``refused``, ``failed``.
    source : str
        Source of the rows; empty takes the one that the settings name.
    as_of : datetime or None
        Moment of the data; None is the clock's.
    since : datetime
        First moment of the new world, as far as is known.
    asked_at, due_at : datetime
        When it was asked for, and before when it need not be tried; of the data.
    n_tries, n_failures : int
        Claims ever, and claims that ended in nothing since the last that did not.
    holder : str
        Flow run that holds it, or held it last.
    held_until : float
        Epoch seconds at which the hold ends unless it is renewed.
    snapshot_uri : str
        Rows that it trains on, once chosen.
    version : int
        Version that it made; 0 before.
    note : str
        What became of it last.
    alert_ids : tuple of int
        The alerts that it answers.
    """

    request_id: int
    model_name: str
    state: RequestState
    source: str
    as_of: datetime | None
    since: datetime
    asked_at: datetime
    due_at: datetime
    n_tries: int
    n_failures: int
    holder: str
    held_until: float
    snapshot_uri: str
    version: int
    note: str
    alert_ids: tuple[int, ...]

    def moment(self, now: datetime) -> datetime:
        """Return the moment of the data: that of the request, else `now`."""
        return self.as_of or now

    def is_startable(self, now: datetime) -> bool:
        """Say whether a run may take it now: due, and held by nobody who lives."""
        if self.state == "running":
            return self.held_until <= now.timestamp()
        return self.state == "asked" and self.due_at <= self.moment(now)
