"""Put sealed segments into the archive and labels into their table, exactly once."""

from __future__ import annotations

from prefect import flow

from assay.settings import Settings
from flows.client import one_client
from tasks.ledger import (
    Shipped,
    collect_labels,
    has_ledger,
    publish_shipment,
    ship_sealed,
)


@flow(name="ship-ledger")
@one_client
async def ship_ledger() -> dict[str, int]:
    """Ship what the archive lacks; a run that was killed is finished by the next."""
    settings = Settings()
    if not has_ledger(settings):
        return {"segments": 0, "records": 0, "labels": 0}
    n_segments, n_records = ship_sealed(settings)
    n_labels = collect_labels(settings)
    publish_shipment(
        Shipped(n_segments, n_records, n_labels), settings.ledger_archive or "folder"
    )
    return {"segments": n_segments, "records": n_records, "labels": n_labels}
