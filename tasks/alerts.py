"""Tasks of alerts: write them with what they ask for, tell people, tell Prefect."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.events import emit_event

from assay.adapters.alerts import (
    Alert,
    NewAlert,
    NewRequest,
    Request,
    RetrainPolicy,
    ask_for_retraining,
    deliver_due,
    queue_alert,
    raise_alert,
    read_policy,
    requests,
)
from assay.adapters.alerts.store import Also
from assay.adapters.tracking import VersionRecord
from assay.contract import Contract
from assay.monitoring.notices import Notice
from assay.settings import Settings
from tasks.faults import RETRIES, may_pass

if TYPE_CHECKING:
    from sqlalchemy import Connection

DRIFT_EVENT = "assay.drift.detected"
"""Event that starts a retraining at once; its payload names the alert."""


@task(name="raise-alerts", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES)
def raise_alerts(
    notices: Sequence[Notice],
    record: VersionRecord,
    contract: Contract,
    settings: Settings,
    source: str = "",
    as_of: datetime | None = None,
) -> list[Alert]:
    """Write an alert's row for each notice, with what it asks for, and send what is due.

    An alert that the policy lets start a retraining and its request are written in one
    transaction: there is never one without the other. `source` and `as_of` are what the
    retraining is to read, where they are not the settings' and the clock's.
    """
    policy = read_policy(settings.policies / "alerts.toml")
    rows = []
    for notice in notices:
        new = NewAlert(
            model_name=contract.name,
            measure=notice.measure,
            subject=notice.subject,
            severity=notice.severity,
            owner=contract.owner,
            summary=notice.summary,
            evidence={**notice.evidence, "version": record.version},
        )
        alert, is_new = raise_alert(
            settings,
            new,
            actor="monitor-champion",
            also=_asking(policy.retrain, source, as_of),
        )
        if is_new:
            queue_alert(settings, alert, policy)
        rows.append(alert)
    counts = send_due(settings)
    get_run_logger().info("alerts: raised=%d deliveries=%s", len(rows), counts)
    return rows


@task(name="announce-drift", cache_policy=NO_CACHE)
def announce_drift(model_name: str, settings: Settings) -> list[Request]:
    """Emit an event for each request of a model that nobody has taken; return them.

    An event may be lost: the rows stay, and `reconcile-alerts` starts what no event did.
    """
    waiting = [
        one
        for one in requests(settings, model_name=model_name, only_open=True)
        if one.is_startable(datetime.now(UTC))
    ]
    for request in waiting:
        emit_event(
            DRIFT_EVENT,
            resource={
                "prefect.resource.id": f"assay.model.{model_name}",
                "prefect.resource.name": model_name,
            },
            payload={
                "alert_id": request.alert_ids[0],
                "request_id": request.request_id,
                "model_name": model_name,
            },
        )
    get_run_logger().info("drift announced: requests=%d", len(waiting))
    return waiting


@task(
    name="deliver-alerts", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES
)
def deliver_alerts(settings: Settings) -> dict[str, int]:
    """Send every delivery that is due and return how many ended in which state."""
    return send_due(settings)


def send_due(settings: Settings) -> dict[str, int]:
    """Try every delivery that is due, by the policy and addresses of the settings."""
    policy = read_policy(settings.policies / "alerts.toml")
    channels = settings.alert_channels.items()
    addresses = {name: secret.get_secret_value() for name, secret in channels}
    counts = deliver_due(settings, addresses, policy)
    return {state: n for state, n in counts.items()}  # noqa: C416 # of any text


def _asking(policy: RetrainPolicy, source: str, as_of: datetime | None) -> Also:
    def ask(connection: Connection, alert: Alert) -> None:
        if not policy.asks(alert.measure, alert.severity):
            return
        now = datetime.now(UTC)
        since = alert.evidence.get("since")
        new = NewRequest(
            source=source,
            as_of=as_of,
            since=datetime.fromisoformat(since) if since else (as_of or now),
            again=timedelta(days=policy.again_days),
        )
        ask_for_retraining(connection, alert, new, now)

    return ask
