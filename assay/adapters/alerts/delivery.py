"""Deliveries as rows: queued with the alert, tried again, dead in the end, never lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from sqlalchemy import Column, Integer, String, Table, Text, select

from assay.adapters.alerts.alert import Alert
from assay.adapters.alerts.channels import send
from assay.adapters.alerts.routing import AlertPolicy
from assay.adapters.alerts.store import alerts
from assay.adapters.database import metadata, open_database
from assay.errors import AssayError, RegistryError

if TYPE_CHECKING:
    from sqlalchemy import Row

    from assay.settings import Settings

DeliveryState: TypeAlias = Literal["pending", "delivered", "dead"]

deliveries_table = Table(
    "alert_deliveries",
    metadata,
    Column("delivery_id", Integer, primary_key=True, autoincrement=True),
    Column("alert_id", Integer, nullable=False, index=True),
    Column("channel", String(63), nullable=False),
    Column("state", String(12), nullable=False, index=True),
    Column("n_tries", Integer, nullable=False),
    Column("due_at", String(32), nullable=False),
    Column("error", Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One alert on its way to one channel; `due_at` is UTC."""

    delivery_id: int
    alert_id: int
    channel: str
    state: DeliveryState
    n_tries: int
    due_at: datetime
    error: str


def queue_alert(
    settings: Settings, alert: Alert, policy: AlertPolicy, *, now: datetime | None = None
) -> int:
    """Queue an alert for every channel that the policy routes it to; return how many."""
    moment = now or datetime.now(UTC)
    channels = policy.channels_of(alert)
    due = _text(policy.earliest(alert, moment))
    with open_database(settings) as connection:
        for channel in channels:
            connection.execute(
                deliveries_table.insert().values(
                    alert_id=alert.alert_id,
                    channel=channel,
                    state="pending",
                    n_tries=0,
                    due_at=due,
                    error="",
                )
            )
    return len(channels)


def deliver_due(
    settings: Settings,
    addresses: Mapping[str, str],
    policy: AlertPolicy,
    *,
    now: datetime | None = None,
) -> dict[DeliveryState, int]:
    """Try every delivery that is due and return how many ended in which state.

    Parameters
    ----------
    settings : Settings
        Name the database.
    addresses : mapping of str to str
        Addresses by channel; a channel without one counts as a failed try.
    policy : AlertPolicy
        Says how long to wait between tries.
    now : datetime, optional
        The clock's time by default.

    Notes
    -----
    A process that dies between sending and noting it sends once more: a channel may
    hear twice, and never not at all.
    """
    moment = now or datetime.now(UTC)
    by_id = {alert.alert_id: alert for alert in alerts(settings)}
    counts: dict[DeliveryState, int] = {"pending": 0, "delivered": 0, "dead": 0}
    for delivery in deliveries(settings, state="pending"):
        if delivery.due_at > moment:
            continue
        error = _tried(addresses.get(delivery.channel), by_id[delivery.alert_id])
        counts[_noted(settings, delivery, error, policy, moment)] += 1
    return counts


def deliveries(
    settings: Settings, *, state: DeliveryState | None = None
) -> list[Delivery]:
    """Return deliveries, oldest first; those of one state where it is named."""
    query = select(deliveries_table).order_by(deliveries_table.c.delivery_id)
    if state is not None:
        query = query.where(deliveries_table.c.state == state)
    with open_database(settings) as connection:
        return [_delivery(row) for row in connection.execute(query).all()]


def revive(
    settings: Settings, delivery_id: int, *, now: datetime | None = None
) -> Delivery:
    """Return a dead delivery after it was made pending again, due at once.

    Raises
    ------
    RegistryError
        If there is no such dead delivery.
    """
    table = deliveries_table
    with open_database(settings) as connection:
        done = connection.execute(
            table.update()
            .where(table.c.delivery_id == delivery_id, table.c.state == "dead")
            .values(state="pending", n_tries=0, due_at=_text(now or datetime.now(UTC)))
        )
        if done.rowcount != 1:
            raise RegistryError(f"there is no dead delivery {delivery_id}")
        query = select(table).where(table.c.delivery_id == delivery_id)
        return _delivery(connection.execute(query).one())


def _tried(address: str | None, alert: Alert) -> str:
    """Return what went wrong, empty where nothing did."""
    if address is None:
        return "the settings hold no address of this channel (ASSAY_ALERT_CHANNELS)"
    try:
        send(address, alert)
    except AssayError as error:
        return str(error)
    return ""


def _noted(
    settings: Settings,
    delivery: Delivery,
    error: str,
    policy: AlertPolicy,
    moment: datetime,
) -> DeliveryState:
    waits = policy.wait_minutes
    state: DeliveryState = "delivered"
    if error:
        state = "dead" if delivery.n_tries >= len(waits) else "pending"
    wait = waits[delivery.n_tries] if state == "pending" else 0.0
    with open_database(settings) as connection:
        connection.execute(
            deliveries_table.update()
            .where(deliveries_table.c.delivery_id == delivery.delivery_id)
            .values(
                state=state,
                n_tries=delivery.n_tries + 1,
                due_at=_text(moment + timedelta(minutes=wait)),
                error=error,
            )
        )
    return state


def _delivery(row: Row[Any]) -> Delivery:
    values = {name: row._mapping[name] for name in Delivery.__slots__}
    values["due_at"] = datetime.fromisoformat(row.due_at)
    return Delivery(**values)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
