"""Runs in MLflow: what was made, from what, and the evidence that people look at."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.adapters.tracking.client import mlflow_client, reaching_mlflow
from assay.adapters.tracking.registry import Registry, VersionRecord
from assay.adapters.tracking.signature import write_model_folder
from assay.bundle import Bundle

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from assay.settings import Settings


@dataclass(frozen=True, slots=True)
class Evidence:
    """Files and facts that a run keeps.

    Attributes
    ----------
    parameters : mapping of str to value
        Logged as parameters.
    metrics : mapping of str to float
        Logged as metrics; not-a-number is left out by MLflow's own rule.
    files : mapping of str to bytes
        Artifacts by path, such as ``plots/roc.png``.
    tags : mapping of str to str
        Tags of the run.
    """

    parameters: Mapping[str, Any]
    metrics: Mapping[str, float]
    files: Mapping[str, bytes]
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LoggedRun:
    """Where a run is to be seen."""

    run_id: str
    url: str


def log_evidence(
    settings: Settings, experiment: str, run_name: str, evidence: Evidence
) -> LoggedRun:
    """Log a finished run with its evidence and return where it is.

    Raises
    ------
    SourceError
        If the MLflow server does not take it. The run is then marked as failed.
    """
    client = mlflow_client(settings)
    with reaching_mlflow(settings, f"log run {run_name!r}"):
        run_id = start_run(client, experiment, run_name)
        try:
            _log(client, run_id, evidence)
        except BaseException:
            client.set_terminated(run_id, "FAILED")
            raise
        client.set_terminated(run_id, "FINISHED")
    return LoggedRun(run_id, run_url(client, settings, run_id))


def log_training(
    settings: Settings, bundle: Bundle, snapshot_uri: str, evidence: Evidence
) -> tuple[VersionRecord, LoggedRun]:
    """Log a training run and register its bundle as a version.

    A bundle whose digest is registered already gives the version that is there, and
    no second run.

    Parameters
    ----------
    settings : Settings
        Where the server is.
    bundle : Bundle
        The bundle that was trained.
    snapshot_uri : str
        The snapshot that it was trained on.
    evidence : Evidence
        What to log beside the bundle.

    Raises
    ------
    SourceError
        If the MLflow server does not take it.
    """
    registry, client = Registry(settings), mlflow_client(settings)
    known = registry.with_digest(bundle.manifest.model_name, bundle.digest)
    if known is not None:
        return known, LoggedRun(known.run_id, run_url(client, settings, known.run_id))
    name = bundle.manifest.model_name
    logged = log_evidence(settings, name, f"train-{bundle.digest[:12]}", evidence)
    with reaching_mlflow(settings, f"register a version of {name!r}"):
        _log_dataset(client, logged.run_id, bundle, snapshot_uri)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "model"
        write_model_folder(bundle, folder)
        tags = {"assay.snapshot_uri": snapshot_uri, **evidence.tags}
        record = registry.register(folder, bundle, logged.run_id, tags)
    return record, logged


def start_run(client: MlflowClient, experiment: str, run_name: str) -> str:
    """Return the id of a new run; an experiment that is not there is made."""
    found = client.get_experiment_by_name(experiment)
    experiment_id = found.experiment_id if found else client.create_experiment(experiment)
    return str(client.create_run(experiment_id, run_name=run_name).info.run_id)


def _log(client: MlflowClient, run_id: str, evidence: Evidence) -> None:
    from mlflow.entities import Metric, Param, RunTag

    now = time.time_ns() // 1_000_000
    client.log_batch(
        run_id,
        metrics=[Metric(key, value, now, 0) for key, value in evidence.metrics.items()],
        params=[Param(key, str(value)) for key, value in evidence.parameters.items()],
        tags=[RunTag(key, value) for key, value in evidence.tags.items()],
    )
    with tempfile.TemporaryDirectory() as scratch:
        for name, content in evidence.files.items():
            path = Path(scratch) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        client.log_artifacts(run_id, scratch)


def _log_dataset(
    client: MlflowClient, run_id: str, bundle: Bundle, snapshot_uri: str
) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    manifest = bundle.manifest
    dataset = Dataset(
        name=f"{manifest.model_name}-snapshot",
        digest=manifest.snapshot_digest[:36],  # the longest that MLflow takes
        source_type="local",
        source=f'{{"uri": "{snapshot_uri}"}}',
        profile=f'{{"num_rows": {sum(manifest.n_rows.values())}}}',
    )
    tags = [
        InputTag("mlflow.data.context", "training"),
        InputTag("assay.snapshot_digest", manifest.snapshot_digest),
    ]
    client.log_inputs(run_id, datasets=[DatasetInput(dataset, tags)])


def run_url(client: MlflowClient, settings: Settings, run_id: str) -> str:
    """Return the page of a run."""
    experiment_id = client.get_run(run_id).info.experiment_id
    return f"{settings.mlflow_tracking}/#/experiments/{experiment_id}/runs/{run_id}"
