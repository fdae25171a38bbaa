"""Monitoring: the champion's last days against its reference, alarms as alerts."""

from __future__ import annotations

from prefect import flow

from assay.monitoring.alarms import AlarmPolicy
from assay.settings import Settings
from flows.client import one_client
from flows.parameters import (
    AsOf,
    Level,
    Looks,
    ModelName,
    Seed,
    Source,
    WindowDays,
    as_of_or_midnight,
)
from flows.windows import receive
from tasks.alerts import announce_drift, raise_alerts
from tasks.monitor import (
    open_reference,
    publish_watch,
    watch_window,
)
from tasks.score import fetch_champion


@flow(name="monitor-champion")
@one_client
async def monitor_champion(
    model_name: ModelName,
    source: Source = None,
    as_of: AsOf = None,
    window_days: WindowDays = 30.0,
    level: Level = 0.05,
    looks: Looks = 12,
    seed: Seed = 0,
) -> dict[str, str | int | list[int]]:
    """Watch the champion and return which alerts were raised and where the report is.

    Rows of the last `window_days` are compared with the bundle's profile; labels that
    matured in as many days are held against the probabilities. The rows are the live
    decisions in the ledger; where it holds none of these days, those of the source.
    """
    settings = Settings()
    record, bundle = fetch_champion(model_name, settings)
    compared = open_reference(bundle)
    moment = as_of_or_midnight(as_of)
    window, told, origin = receive(bundle, settings, source, moment, window_days)
    policy = AlarmPolicy(level, looks)
    watched = watch_window(window, compared, bundle, policy, seed)
    raised = raise_alerts(
        watched.notices, record, bundle.contract, settings, origin, as_of and moment
    )
    announced = announce_drift(model_name, settings)
    url = publish_watch(
        watched, window, compared, record, bundle.contract, settings, told
    )
    return {
        "version": record.version,
        "n_rows": len(window.rows),
        "n_matured": len(window.matured),
        "alerts": [alert.alert_id for alert in raised],
        "retrainings": [request.request_id for request in announced],
        "url": url,
    }
