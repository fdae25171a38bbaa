"""Reconciliation: what events did not start is started, what waits too long is told."""

from __future__ import annotations

from typing import Any

from prefect import flow

from assay.settings import Settings
from flows.client import one_client
from tasks.alerts import deliver_alerts
from tasks.reconcile import (
    escalate_requests,
    follow_signoffs,
    publish_requests,
    start_requests,
)


@flow(name="reconcile-alerts")
@one_client
async def reconcile_alerts() -> dict[str, Any]:
    """Hold the outbox against what happened, and return what had to be done.

    Events may be lost, workers die and servers restart: whatever a row still asks for
    is started here. Alerts that could not be delivered are tried again.
    """
    settings = Settings()
    signed = follow_signoffs(settings)
    escalated = escalate_requests(settings)
    started = await start_requests(settings)
    delivered = deliver_alerts(settings)
    publish_requests(settings)
    return {
        "signed": signed,
        "escalated": escalated,
        "started": started,
        "deliveries": delivered,
    }
