"""Alerts as rows: one an alarm while it is open, with everything that was done to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias, get_args

from sqlalchemy import Column, Integer, String, Table, Text, select

from assay.adapters.alerts.alert import (
    SEVERITIES,
    Alert,
    HistoryEntry,
    NewAlert,
    State,
)
from assay.adapters.database import insert_unless_there, metadata, open_database
from assay.errors import ConfigError, RegistryError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from assay.settings import Settings


alerts_table = Table(
    "alerts",
    metadata,
    Column("alert_id", Integer, primary_key=True, autoincrement=True),
    Column("model_name", String(63), nullable=False, index=True),
    Column("measure", String(63), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("severity", String(10), nullable=False),
    Column("state", String(12), nullable=False, index=True),
    Column("owner", String(200), nullable=False),
    Column("summary", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("opened_at", String(32), nullable=False),
    Column("seen_at", String(32), nullable=False),
    Column("n_seen", Integer, nullable=False),
    # Empty once resolved: the database itself keeps a second open row out.
    Column("open_key", String(330), unique=True),
)
alert_history = Table(
    "alert_history",
    metadata,
    Column("entry", Integer, primary_key=True, autoincrement=True),
    Column("alert_id", Integer, nullable=False, index=True),
    Column("at", String(32), nullable=False),
    Column("actor", String(200), nullable=False),
    Column("change", String(20), nullable=False),
    Column("note", Text, nullable=False),
)


Also: TypeAlias = "Callable[[Connection, Alert], None]"


def raise_alert(
    settings: Settings,
    new: NewAlert,
    *,
    actor: str,
    at: datetime | None = None,
    also: Also | None = None,
) -> tuple[Alert, bool]:
    """Return the alert's row and whether it is new; an open one is seen once more.

    An open alert takes the newest evidence and the higher severity, and keeps its state
    and owner. A resolved one stays as it is, and a new row is opened. What `also` does
    is committed with the alert or not at all.

    Raises
    ------
    ConfigError
        If the severity is not known.
    SourceError
        If the database does not answer.
    """
    if new.severity not in SEVERITIES:
        raise ConfigError(
            f"unknown severity {new.severity!r}; allowed: {', '.join(SEVERITIES)}"
        )
    now = _text(at)
    with open_database(settings) as connection:
        alert_id, is_new = _opened_or_seen(connection, new, now, actor)
        alert = _alert(_row(connection, alert_id))
        if also is not None:
            also(connection, alert)
        return alert, is_new


def change_state(
    settings: Settings,
    alert_id: int,
    state: State,
    *,
    actor: str,
    note: str = "",
    at: datetime | None = None,
) -> Alert:
    """Return the alert after it was acknowledged, resolved or opened again.

    Raises
    ------
    RegistryError
        If there is no such alert, or another one about the same thing is open.
    ConfigError
        If the state is not known.
    """
    if state not in get_args(State):
        raise ConfigError(f"unknown state {state!r}; allowed: {get_args(State)}")
    with open_database(settings) as connection:
        row = _row(connection, alert_id)
        if row.state == state:
            return _alert(row)
        key = f"{row.model_name}/{row.measure}/{row.subject}"
        other = _open_row(connection, key)
        if state != "resolved" and other is not None and other.alert_id != alert_id:
            raise RegistryError(f"alert {other.alert_id} about {key} is open already")
        connection.execute(
            alerts_table.update()
            .where(alerts_table.c.alert_id == alert_id)
            .values(state=state, open_key=None if state == "resolved" else key)
        )
        change = "opened again" if state == "open" else state
        _note(connection, alert_id, _text(at), actor, change, note)
        return _alert(_row(connection, alert_id))


def alerts(
    settings: Settings, *, model_name: str | None = None, state: State | None = None
) -> list[Alert]:
    """Return alerts, newest first; by default those of every model and state."""
    query = select(alerts_table).order_by(alerts_table.c.alert_id.desc())
    if model_name is not None:
        query = query.where(alerts_table.c.model_name == model_name)
    if state is not None:
        query = query.where(alerts_table.c.state == state)
    with open_database(settings) as connection:
        return [_alert(row) for row in connection.execute(query).all()]


def history(settings: Settings, alert_id: int) -> list[HistoryEntry]:
    """Return all that happened to an alert, oldest first.

    Raises
    ------
    RegistryError
        If there is no such alert.
    """
    query = select(alert_history).where(alert_history.c.alert_id == alert_id)
    with open_database(settings) as connection:
        _row(connection, alert_id)
        rows = connection.execute(query.order_by(alert_history.c.entry)).all()
    return [
        HistoryEntry(datetime.fromisoformat(row.at), row.actor, row.change, row.note)
        for row in rows
    ]


def _opened_or_seen(
    connection: Connection, new: NewAlert, now: str, actor: str
) -> tuple[int, bool]:
    found = _open_row(connection, new.key)
    if found is None:
        alert_id = _insert(connection, new, now)
        if alert_id is not None:
            _note(connection, alert_id, now, actor, "opened", new.summary)
            return alert_id, True
        found = _open_row(connection, new.key)  # another process was faster
    if found is None:
        raise RegistryError(f"alert {new.key} was resolved meanwhile; raise it again")
    higher = max(found.severity, new.severity, key=SEVERITIES.index)
    connection.execute(
        alerts_table.update()
        .where(alerts_table.c.alert_id == found.alert_id)
        .values(
            seen_at=now,
            n_seen=alerts_table.c.n_seen + 1,
            severity=higher,
            summary=new.summary,
            evidence=json.dumps(dict(new.evidence)),
        )
    )
    if higher != found.severity:
        _note(connection, found.alert_id, now, actor, "raised", f"to {higher}")
    return found.alert_id, False


def _open_row(connection: Connection, key: str) -> Row[Any] | None:
    query = select(alerts_table).where(alerts_table.c.open_key == key)
    return connection.execute(query).first()


def _row(connection: Connection, alert_id: int) -> Row[Any]:
    query = select(alerts_table).where(alerts_table.c.alert_id == alert_id)
    row = connection.execute(query).first()
    if row is None:
        raise RegistryError(f"there is no alert {alert_id}; `assay alerts` lists them")
    return row


def _insert(connection: Connection, new: NewAlert, now: str) -> int | None:
    names = ("model_name", "measure", "subject", "severity", "owner", "summary")
    values = {
        **{name: getattr(new, name) for name in names},
        "state": "open",
        "evidence": json.dumps(dict(new.evidence)),
        "opened_at": now,
        "seen_at": now,
        "n_seen": 1,
        "open_key": new.key,
    }
    number = alerts_table.c.alert_id
    return insert_unless_there(connection, alerts_table, number, values)


def _note(
    connection: Connection, alert_id: int, at: str, actor: str, change: str, note: str
) -> None:
    connection.execute(
        alert_history.insert().values(
            alert_id=alert_id, at=at, actor=actor, change=change, note=note
        )
    )


def _text(at: datetime | None) -> str:
    return (at or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")


def _alert(row: Row[Any]) -> Alert:
    values = {name: row._mapping[name] for name in Alert.__slots__}
    values["evidence"] = json.loads(row.evidence)
    values["opened_at"] = datetime.fromisoformat(row.opened_at)
    values["seen_at"] = datetime.fromisoformat(row.seen_at)
    return Alert(**values)
