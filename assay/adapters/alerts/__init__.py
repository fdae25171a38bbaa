"""Alerts: rows with a state and a history, told to people by policy."""

from assay.adapters.alerts.delivery import (
    Delivery,
    deliver_due,
    deliveries,
    queue_alert,
    revive,
)
from assay.adapters.alerts.routing import AlertPolicy, QuietHours, Route, read_policy
from assay.adapters.alerts.store import (
    Alert,
    HistoryEntry,
    NewAlert,
    alerts,
    change_state,
    history,
    raise_alert,
)

__all__ = [
    "Alert",
    "AlertPolicy",
    "Delivery",
    "HistoryEntry",
    "NewAlert",
    "QuietHours",
    "Route",
    "alerts",
    "change_state",
    "deliver_due",
    "deliveries",
    "history",
    "queue_alert",
    "raise_alert",
    "read_policy",
    "revive",
]
