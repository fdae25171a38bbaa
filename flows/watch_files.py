"""Monitoring of a window too large for memory: many Parquet files, column by column."""

from __future__ import annotations

from typing import Annotated

from prefect import flow
from pydantic import Field

from assay.monitoring.alarms import AlarmPolicy
from assay.settings import Settings
from flows.client import one_client
from flows.parameters import Level, Looks, ModelName
from tasks.alerts import announce_drift, raise_alerts
from tasks.monitor import open_reference
from tasks.score import fetch_champion
from tasks.window_files import find_files, measure_files, publish_files


@flow(name="watch-files")
@one_client
async def watch_files(
    model_name: ModelName,
    folder: Annotated[
        str,
        Field(
            title="Folder",
            min_length=1,
            description="Parquet files in it and below it are the window; where Dask's "
            "workers read them, under the same path there.",
        ),
    ],
    level: Level = 0.05,
    looks: Looks = 12,
) -> dict[str, str | int | list[int]]:
    """Compare the rows of many files with the champion's reference and raise alerts.

    Memory is a batch of rows for each worker, whatever the files hold. Rows are taken as
    keeping the contract: an ingested or recorded table, not a raw feed. Labels and the
    estimate before labels are the morning's look's, `monitor-champion`.
    """
    settings = Settings()
    record, bundle = fetch_champion(model_name, settings)
    compared = open_reference(bundle)
    window = find_files(folder, bundle.contract)
    moved = measure_files(
        window, compared.reference, bundle.contract, AlarmPolicy(level, looks), settings
    )
    raised = raise_alerts(moved.notices, record, bundle.contract, settings)
    announce_drift(model_name, settings)
    url = publish_files(window, moved, record, bundle.contract, settings)
    return {
        "version": record.version,
        "n_rows": window.n_rows,
        "n_files": len(window.files),
        "alerts": [alert.alert_id for alert in raised],
        "url": url,
    }
