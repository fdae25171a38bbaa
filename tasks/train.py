"""Tasks of training: find the snapshot, build the version, register it, show it."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prefect import get_run_logger, task
from prefect.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    create_table_artifact,
)
from prefect.cache_policies import NO_CACHE
from prefect.context import TaskRunContext

from assay.adapters.champions.signoffs import record_trainer
from assay.adapters.provenance import code_revision, lock_digest
from assay.adapters.snapshots import Snapshot, SnapshotStore, read_snapshot
from assay.adapters.tracking import LoggedRun, Registry, VersionRecord, log_training
from assay.adapters.tracking.registry import CHALLENGER
from assay.bundle import read_bundle, write_bundle
from assay.contract import Contract
from assay.contract.reading import contract_path
from assay.models import fit_challenger
from assay.settings import Settings
from tasks.assembly import Assembled, assemble
from tasks.faults import RETRIES, may_pass
from tasks.progress import progress_artifact

HOLDOUT_SHARE = 0.2
CALIBRATION_SHARE = 0.15
SHARES = {"holdout_share": HOLDOUT_SHARE, "calibration_share": CALIBRATION_SHARE}


@task(name="choose-snapshot", cache_policy=NO_CACHE)
def choose_snapshot(
    model_name: str, snapshot_uri: str | None, settings: Settings
) -> Snapshot:
    """Return the snapshot at that URI, or the one of the model delivered last."""
    store = SnapshotStore(settings)
    return store.find(snapshot_uri) if snapshot_uri else store.newest(model_name)


def _build_key(_context: TaskRunContext, arguments: dict[str, Any]) -> str | None:
    """Key the cache on everything that decides the bundle's bytes."""
    options: Mapping[str, Any] = arguments["options"]
    if options.get("search_minutes"):
        return None  # a search that a clock ends is no function of its inputs
    settings: Settings = arguments["settings"]
    parts = [
        arguments["snapshot"].snapshot_id,
        arguments["contract"].digest,
        code_revision(settings),
        lock_digest(settings),
        *(f"{name}={value}" for name, value in sorted(options.items())),
    ]
    return hashlib.sha256("/".join(parts).encode()).hexdigest()


@task(name="build-version", cache_key_fn=_build_key, persist_result=True)
def build_version(
    snapshot: Snapshot,
    contract: Contract,
    options: Mapping[str, Any],
    settings: Settings,
) -> Assembled:
    """Fit a challenger, prove its graph and return what its version is written from.

    A second run with the same snapshot, contract, code, lock and options takes the
    result of the first.
    """
    frame = read_snapshot(snapshot.uri)
    fitted = fit_challenger(
        frame,
        contract,
        progress=progress_artifact(f"Training {contract.name}"),
        **options,
    )
    made = assemble(
        fitted,
        frame,
        contract_path(contract.name, settings.contracts).read_text(),
        snapshot_digest=snapshot.snapshot_id,
        shares={name: options.get(name, share) for name, share in SHARES.items()},
        settings=settings,
    )
    get_run_logger().info(
        "version built: model=%s rows=%d auc=%.4f parity=%.1e",
        contract.name,
        len(frame),
        made.evidence.metrics["auc"],
        made.evidence.metrics["parity_largest_difference"],
    )
    return made


@task(
    name="register-version", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES
)
def register_version(
    made: Assembled, snapshot: Snapshot, settings: Settings
) -> tuple[VersionRecord, LoggedRun]:
    """Write the bundle, register and sign it and give it the alias `challenger`.

    A bundle that is registered already is found by its digest and not made twice.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "bundle"
        bundle = read_bundle(folder, write_bundle(folder, made.parts))
        record, logged = log_training(settings, bundle, snapshot.uri, made.evidence)
    record_trainer(settings, record.model_name, record.bundle_digest, settings.actor)
    registry = Registry(settings)
    record = registry.sign(record)
    registry.move_alias(record.model_name, CHALLENGER, record.version)
    get_run_logger().info(
        "version registered: model=%s version=%d digest=%s",
        record.model_name,
        record.version,
        record.bundle_digest[:12],
    )
    return record, logged


@task(
    name="publish-training", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES
)
def publish_training(made: Assembled, record: VersionRecord, logged: LoggedRun) -> None:
    """Show the model card and where the plots are on the flow run."""
    key = record.model_name.replace("_", "-")
    head = (
        f"[Version {record.version} in MLflow]({logged.url}) · "
        f"digest `{record.bundle_digest[:12]}`\n\n"
    )
    create_markdown_artifact(
        head + made.parts.documents["card.md"].decode(), key=f"{key}-model-card"
    )
    create_table_artifact(
        [
            {"metric": name, "value": found.value, "low": found.low, "high": found.high}
            for name, found in made.parts.manifest.metrics.items()
        ],
        key=f"{key}-metrics",
        description="On the holdout, with 95 % intervals.",
    )
    create_link_artifact(
        f"{logged.url}/artifacts/plots", link_text="Plots", key=f"{key}-plots"
    )
