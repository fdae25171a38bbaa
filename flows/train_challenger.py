"""Training: a snapshot becomes a registered version that asks to be champion."""

from __future__ import annotations

from prefect import flow

from assay.contract import find_contract
from assay.settings import Settings
from flows.client import one_client
from flows.parameters import (
    Algorithm,
    Folds,
    Minutes,
    ModelName,
    Seed,
    Share,
    SnapshotUri,
    Trials,
)
from tasks.train import (
    CALIBRATION_SHARE,
    HOLDOUT_SHARE,
    build_version,
    choose_snapshot,
    publish_training,
    register_version,
)


@flow(name="train-challenger")
@one_client
async def train_challenger(
    model_name: ModelName,
    snapshot_uri: SnapshotUri = None,
    algorithm: Algorithm = "boosting",
    seed: Seed = 0,
    search_trials: Trials = 0,
    search_minutes: Minutes = 0.0,
    folds: Folds = 5,
    holdout_share: Share = HOLDOUT_SHARE,
    calibration_share: Share = CALIBRATION_SHARE,
) -> dict[str, str | int | float]:
    """Train on a snapshot and return the version, which gets the alias `challenger`."""
    settings = Settings()
    contract = find_contract(model_name, settings.contracts)
    snapshot = choose_snapshot(model_name, snapshot_uri, settings)
    options = {
        "algorithm": algorithm,
        "seed": seed,
        "search_trials": search_trials,
        "search_minutes": search_minutes,
        "folds": folds,
        "holdout_share": holdout_share,
        "calibration_share": calibration_share,
    }
    made = build_version(snapshot, contract, options, settings)
    record, logged = register_version(made, snapshot, settings)
    publish_training(made, record, logged)
    return {
        "model_name": model_name,
        "version": record.version,
        "bundle_digest": record.bundle_digest,
        "snapshot_id": snapshot.snapshot_id,
        "auc": made.parts.manifest.metrics["auc"].value,
        "url": logged.url,
    }
