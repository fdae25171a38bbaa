"""Training of a network, on a device of the pool `cuda` or, by choice, on a processor."""

from __future__ import annotations

from typing import Any

from prefect import flow

from assay.adapters.snapshots import SnapshotStore
from assay.contract import find_contract
from assay.settings import Settings
from flows.client import one_client
from flows.ingest_snapshot import ingest_snapshot
from flows.parameters import (
    AsOf,
    Device,
    ModelName,
    NetworkKind,
    NetworkOptions,
    Seed,
    SnapshotUri,
    Source,
)
from flows.promote_challenger import promote_challenger
from tasks.networks import build_network, check_device_and_shape, publish_comparison
from tasks.train import choose_snapshot, publish_training, register_version


@flow(name="train-on-gpu")
@one_client
async def train_on_gpu(
    model_name: ModelName,
    network: NetworkKind = "residual_network",
    device: Device = "cuda",
    snapshot_uri: SnapshotUri = None,
    source: Source = None,
    as_of: AsOf = None,
    seed: Seed = 0,
    options: NetworkOptions = None,
    judge: bool = True,
) -> dict[str, Any]:
    """Train a network, compare it with boosting, register it and let the gate judge it.

    Without a snapshot, or with a source, the model's data is ingested first. Where the
    device that is asked for is absent or does not fit, the run fails before it reads.
    """
    settings = Settings()
    contract = find_contract(model_name, settings.contracts)
    asked = {**(options or {}), "device": device}
    check_device_and_shape(network, asked)
    if source is not None or (
        snapshot_uri is None and not SnapshotStore(settings).has_any(model_name)
    ):
        snapshot_uri = str(
            (await ingest_snapshot(model_name, source, as_of))["snapshot_uri"]
        )
    snapshot = choose_snapshot(model_name, snapshot_uri, settings)
    made = build_network(snapshot, contract, network, asked, seed, settings)
    record, logged = register_version(made, snapshot, settings)
    publish_training(made, record, logged)
    publish_comparison(made)
    outcome = await promote_challenger(model_name) if judge else {}
    return {
        **outcome,
        "model_name": model_name,
        "version": record.version,
        "bundle_digest": record.bundle_digest,
        "snapshot_id": snapshot.snapshot_id,
        "auc": made.parts.manifest.metrics["auc"].value,
        "url": logged.url,
    }
