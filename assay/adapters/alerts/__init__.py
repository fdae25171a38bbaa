"""Alerts: rows with a state and a history, told to people by policy."""

from assay.adapters.alerts.alert import Alert, HistoryEntry, NewAlert
from assay.adapters.alerts.delivery import (
    Delivery,
    deliver_due,
    deliveries,
    queue_alert,
    revive,
)
from assay.adapters.alerts.outbox import (
    ask_for_retraining,
    claim_request,
    give_up,
    hold_on,
    note_step,
    postpone,
    requests,
    settle,
)
from assay.adapters.alerts.request import NewRequest, Request
from assay.adapters.alerts.retrain_policy import RetrainPolicy
from assay.adapters.alerts.routing import AlertPolicy, QuietHours, Route, read_policy
from assay.adapters.alerts.store import (
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
    "NewRequest",
    "QuietHours",
    "Request",
    "RetrainPolicy",
    "Route",
    "alerts",
    "ask_for_retraining",
    "change_state",
    "claim_request",
    "deliver_due",
    "deliveries",
    "give_up",
    "history",
    "hold_on",
    "note_step",
    "postpone",
    "queue_alert",
    "raise_alert",
    "read_policy",
    "requests",
    "revive",
    "settle",
]
