"""Re-validation by the calendar: the champion against its contract's floors."""

from __future__ import annotations

import numpy as np
from prefect import flow

from assay.settings import Settings
from flows.client import one_client
from flows.parameters import (
    AsOf,
    ModelName,
    Seed,
    Source,
    WindowDays,
    as_of_or_midnight,
)
from flows.windows import receive
from tasks.alerts import announce_drift, raise_alerts
from tasks.monitor import publish_revalidation, revalidate_window
from tasks.score import fetch_champion


@flow(name="revalidate-champion")
@one_client
async def revalidate_champion(
    model_name: ModelName,
    source: Source = None,
    as_of: AsOf = None,
    window_days: WindowDays = 90.0,
    seed: Seed = 0,
) -> dict[str, str | int | list[int] | dict[str, str]]:
    """Hold the champion against its floors on the labels of the last days.

    It is due by the calendar, whether or not anything moved. A floor that is broken
    becomes an alert, which asks for a retraining as drift does.
    """
    settings = Settings()
    record, bundle = fetch_champion(model_name, settings)
    moment = as_of_or_midnight(as_of)
    window, _, origin = receive(bundle, settings, source, moment, window_days)
    found = revalidate_window(window, bundle, np.random.default_rng(seed))
    raised = raise_alerts(
        found.notices, record, bundle.contract, settings, origin, as_of and moment
    )
    announced = announce_drift(model_name, settings)
    publish_revalidation(found, bundle.contract)
    return {
        "version": record.version,
        "n_matured": found.n_rows,
        "verdicts": dict(found.verdicts),
        "alerts": [alert.alert_id for alert in raised],
        "retrainings": [request.request_id for request in announced],
    }
