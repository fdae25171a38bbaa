"""Monitoring: the champion's last days against its reference, alarms as alerts."""

from __future__ import annotations

from typing import Annotated

from prefect import flow
from pydantic import Field

from assay.monitoring.alarms import AlarmPolicy
from assay.settings import Settings
from flows.client import one_client
from flows.parameters import AsOf, ModelName, Seed, Source, as_of_or_midnight
from tasks.monitor import (
    open_reference,
    publish_watch,
    raise_alerts,
    receive_window,
    watch_window,
)
from tasks.score import fetch_champion


@flow(name="monitor-champion")
@one_client
async def monitor_champion(
    model_name: ModelName,
    source: Source = None,
    as_of: AsOf = None,
    window_days: Annotated[
        float, Field(title="Days of the window", gt=0, le=3660)
    ] = 30.0,
    level: Annotated[
        float,
        Field(
            title="Chance of a false alarm",
            gt=0,
            lt=1,
            description="Over all looks at one reference.",
        ),
    ] = 0.05,
    looks: Annotated[int, Field(title="Looks at one reference", ge=1, le=10_000)] = 12,
    seed: Seed = 0,
) -> dict[str, str | int | list[int]]:
    """Watch the champion and return which alerts were raised and where the report is.

    Rows of the last `window_days` are compared with the bundle's profile; labels that
    matured in as many days are held against the probabilities.
    """
    settings = Settings()
    record, bundle = fetch_champion(model_name, settings)
    compared = open_reference(bundle)
    moment = as_of_or_midnight(as_of)
    origin = settings.source_of(model_name, source)
    window = receive_window(origin, bundle, settings, moment, window_days)
    policy = AlarmPolicy(level, looks)
    watched = watch_window(window, compared, bundle, policy, seed)
    raised = raise_alerts(watched, record, bundle.contract, settings)
    url = publish_watch(watched, window, compared, record, bundle.contract, settings)
    return {
        "version": record.version,
        "n_rows": len(window.rows),
        "n_matured": len(window.matured),
        "alerts": [alert.alert_id for alert in raised],
        "url": url,
    }
