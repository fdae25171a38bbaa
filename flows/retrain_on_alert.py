"""Retraining: an alert's request becomes a champion, a refusal or a wait."""

from __future__ import annotations

from typing import Annotated, Any

from prefect import flow
from pydantic import Field

from assay.adapters.alerts import Request
from assay.contract import find_contract
from assay.settings import Settings
from flows.client import one_client
from flows.ingest_snapshot import ingest_snapshot
from flows.promote_challenger import promote_challenger
from flows.train_challenger import train_challenger
from tasks.retrain import (
    choose_rows,
    conclude,
    held,
    note_version,
    put_forward,
    take_request,
    wait_for_labels,
)


@flow(name="retrain-on-alert")
@one_client
async def retrain_on_alert(
    alert_id: Annotated[int, Field(title="Alert", ge=1)],
    lease_seconds: Annotated[
        float,
        Field(
            title="Lease",
            ge=1,
            le=86_400,
            description="Seconds after which a run that has died loses its request.",
        ),
    ] = 120.0,
) -> dict[str, Any]:
    """Carry out what an alert asked for, once, whoever starts this and how often.

    The request's row says who carries it out and how far that one came; a run that
    finds it taken or ended has nothing to do. Ingestion, training, gate and sign-off
    are those of every other version.
    """
    settings = Settings()
    taken = take_request(alert_id, lease_seconds, settings)
    if taken.request is None:
        return {"alert_id": alert_id, "outcome": "nothing", "note": taken.reason}
    with held(taken.request, lease_seconds, settings):
        done = await _carried_out(taken.request, settings)
    return {"alert_id": alert_id, "request_id": taken.request.request_id, **done}


async def _carried_out(request: Request, settings: Settings) -> dict[str, Any]:
    """Go on where the row says that the last holder stopped."""
    name = request.model_name
    contract = find_contract(name, settings.contracts)
    if not request.version:
        uri = request.snapshot_uri
        if not uri:
            whole = await ingest_snapshot(name, request.source or None, request.as_of)
            uri = str(whole["snapshot_uri"])
        request, ready = choose_rows(request, uri, contract, settings)
        if not ready.is_ready:
            return wait_for_labels(request, ready, settings)
        made = await train_challenger(
            name,
            request.snapshot_uri,
            folds=0,
            holdout_share=ready.holdout_share,
            calibration_share=ready.calibration_share,
        )
        request = note_version(request, int(made["version"]), settings)
    put_forward(request, settings)
    return conclude(request, await promote_challenger(name), settings)
