"""Requests for a retraining as rows: written with their alert, each carried out once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select

from assay.adapters.alerts.request import (
    ENDED,
    NewRequest,
    Request,
    RequestState,
    outbox,
    outbox_alerts,
)
from assay.adapters.database import insert_unless_there, open_database
from assay.errors import RegistryError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from assay.adapters.alerts.alert import Alert
    from assay.settings import Settings


def ask_for_retraining(
    connection: Connection, alert: Alert, new: NewRequest, now: datetime
) -> int | None:
    """Write a request in the alert's own transaction; return its number if it is new.

    A model has one request at a time: an alert that comes meanwhile joins it, and moves
    on the moment of the data while nobody has begun.
    """
    moment = _text(new.as_of or now)
    found = _open_row(connection, alert.model_name)
    if found is None:
        if _was_asked_lately(connection, alert.model_name, new, now):
            return None
        number = _insert(connection, alert.model_name, new, moment)
        if number is not None:
            _join(connection, number, alert.alert_id)
            return number
        found = _open_row(connection, alert.model_name)  # another was faster
    if found is not None:
        _join(connection, found.request_id, alert.alert_id)
        if found.state == "asked" and new.as_of is not None:
            connection.execute(
                outbox.update()
                .where(outbox.c.request_id == found.request_id)
                .values(as_of=moment)
            )
    return None


def requests(
    settings: Settings,
    *,
    model_name: str | None = None,
    alert_id: int | None = None,
    only_open: bool = False,
) -> list[Request]:
    """Return requests, newest first: of one model, about one alert, or not ended."""
    query = select(outbox).order_by(outbox.c.request_id.desc())
    if model_name is not None:
        query = query.where(outbox.c.model_name == model_name)
    if alert_id is not None:
        about = select(outbox_alerts.c.request_id)
        query = query.where(
            outbox.c.request_id.in_(about.where(outbox_alerts.c.alert_id == alert_id))
        )
    if only_open:
        query = query.where(outbox.c.open_key.is_not(None))
    with open_database(settings) as connection:
        rows = connection.execute(query).all()
        return [_request(connection, row) for row in rows]


def claim_request(
    settings: Settings, request_id: int, holder: str, seconds: float, now: datetime
) -> Request | None:
    """Return the request if it is this run's now; None where another one has it.

    One statement decides, so that of any number of runs one gets it. A hold that was
    not renewed in time is over: its run is taken to be dead.
    """
    free = or_(
        outbox.c.state == "asked",
        (outbox.c.state == "running") & (outbox.c.held_until <= now.timestamp()),
    )
    with open_database(settings) as connection:
        done = connection.execute(
            outbox.update()
            .where(outbox.c.request_id == request_id, free)
            .values(
                state="running",
                holder=holder,
                held_until=now.timestamp() + seconds,
                n_tries=outbox.c.n_tries + 1,
                n_failures=outbox.c.n_failures + 1,
            )
        )
        if done.rowcount != 1:
            return None
        return _request(connection, _row(connection, request_id))


def hold_on(settings: Settings, request: Request, seconds: float, now: datetime) -> bool:
    """Renew the hold; False where it was lost."""
    values = {"held_until": now.timestamp() + seconds}
    with open_database(settings) as connection:
        return _if_held(connection, request, values)


def note_step(settings: Settings, request: Request, **values: str | int) -> Request:
    """Write down how far the holder came (`snapshot_uri`, `version`, `note`).

    Raises
    ------
    RegistryError
        If another run holds the request by now: this one must stop.
    """
    with open_database(settings) as connection:
        if not _if_held(connection, request, values):
            raise RegistryError(_lost(request))
        return _request(connection, _row(connection, request.request_id))


def postpone(
    settings: Settings,
    request: Request,
    due_at: datetime,
    note: str,
    *,
    is_failure: bool = False,
) -> None:
    """Give the request back until a moment of the data; failures in a row are counted.

    Raises
    ------
    RegistryError
        If another run holds the request by now.
    """
    values: dict[str, Any] = {
        "state": "asked",
        "due_at": _text(due_at),
        "note": note,
    }
    if not is_failure:
        values["n_failures"] = 0
    with open_database(settings) as connection:
        if not _if_held(connection, request, values):
            raise RegistryError(_lost(request))


def settle(
    settings: Settings,
    request: Request,
    state: RequestState,
    note: str,
    *,
    from_state: RequestState = "running",
) -> bool:
    """Let a request end, or wait for people; False where it was not in `from_state`.

    A running request is settled by its holder alone.
    """
    values = {"state": state, "note": note}
    changed = values | {"open_key": None} if state in ENDED else values
    with open_database(settings) as connection:
        if from_state == "running":
            return _if_held(connection, request, changed)
        done = connection.execute(
            outbox.update()
            .where(
                outbox.c.request_id == request.request_id, outbox.c.state == from_state
            )
            .values(**changed)
        )
        return done.rowcount == 1


def give_up(settings: Settings, request: Request, note: str) -> bool:
    """End a request whose runs die each time; False where a living run holds it."""
    now = datetime.now(UTC).timestamp()
    with open_database(settings) as connection:
        done = connection.execute(
            outbox.update()
            .where(
                outbox.c.request_id == request.request_id,
                outbox.c.n_tries == request.n_tries,
                or_(outbox.c.state == "asked", outbox.c.held_until <= now),
                outbox.c.open_key.is_not(None),
            )
            .values(state="failed", note=note, open_key=None)
        )
        return done.rowcount == 1


def _if_held(connection: Connection, request: Request, values: dict[str, Any]) -> bool:
    done = connection.execute(
        outbox.update()
        .where(
            outbox.c.request_id == request.request_id,
            outbox.c.state == "running",
            outbox.c.holder == request.holder,
            outbox.c.n_tries == request.n_tries,
        )
        .values(**values)
    )
    return done.rowcount == 1


def _lost(request: Request) -> str:
    return (
        f"request {request.request_id} is no longer held by run {request.holder}: it was "
        "silent for too long, and another run carries it out"
    )


def _was_asked_lately(
    connection: Connection, model_name: str, new: NewRequest, now: datetime
) -> bool:
    query = select(outbox.c.state, outbox.c.due_at).where(
        outbox.c.model_name == model_name
    )
    last = connection.execute(query.order_by(outbox.c.request_id.desc())).first()
    if last is None or last.state == "promoted":
        return False
    return (new.as_of or now) < datetime.fromisoformat(last.due_at) + new.again


def _insert(
    connection: Connection, model_name: str, new: NewRequest, moment: str
) -> int | None:
    values = {
        "model_name": model_name,
        "state": "asked",
        "source": new.source,
        "as_of": moment if new.as_of else "",
        "since": _text(new.since),
        "asked_at": moment,
        "due_at": moment,
        "n_tries": 0,
        "n_failures": 0,
        "holder": "",
        "held_until": 0.0,
        "snapshot_uri": "",
        "version": 0,
        "note": "",
        "open_key": model_name,
    }
    return insert_unless_there(connection, outbox, outbox.c.request_id, values)


def _join(connection: Connection, request_id: int, alert_id: int) -> None:
    row = {"request_id": request_id, "alert_id": alert_id}
    known = select(outbox_alerts).filter_by(**row)
    if connection.execute(known).first() is None:
        connection.execute(outbox_alerts.insert().values(**row))


def _open_row(connection: Connection, model_name: str) -> Row[Any] | None:
    query = select(outbox).where(outbox.c.open_key == model_name)
    return connection.execute(query).first()


def _row(connection: Connection, request_id: int) -> Row[Any]:
    return connection.execute(
        select(outbox).where(outbox.c.request_id == request_id)
    ).one()


def _request(connection: Connection, row: Row[Any]) -> Request:
    about = select(outbox_alerts.c.alert_id).where(
        outbox_alerts.c.request_id == row.request_id
    )
    ids = connection.execute(about.order_by(outbox_alerts.c.alert_id)).scalars().all()
    values = {
        name: row._mapping[name] for name in Request.__slots__ if name != "alert_ids"
    }
    for name in ("since", "asked_at", "due_at"):
        values[name] = datetime.fromisoformat(values[name])
    values["as_of"] = datetime.fromisoformat(row.as_of) if row.as_of else None
    return Request(**values, alert_ids=tuple(ids))


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
