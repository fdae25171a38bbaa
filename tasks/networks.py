"""Tasks of a network: check the device, train in sight, compare with boosting."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast

import pandas as pd
from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from assay.adapters.provenance import code_revision
from assay.adapters.snapshots import Snapshot, read_snapshot
from assay.adapters.tracking.live import LiveRun, live_run
from assay.contract import Contract
from assay.contract.reading import contract_path
from assay.evaluation.plots import png
from assay.features import design_matrix
from assay.models import Algorithm, Fitted, fit_challenger
from assay.models.against_boosting import AgainstBoosting, against_boosting
from assay.models.estimators import DEFAULTS
from assay.networks.devices import check_device, this_machine
from assay.networks.parameters import Shape
from assay.networks.plots import expert_usage, training_curve, usage_of
from assay.networks.watching import Epoch, Listener, Watch
from assay.settings import Settings
from tasks.assembly import Assembled, assemble
from tasks.progress import progress_artifact
from tasks.train import CALIBRATION_SHARE, HOLDOUT_SHARE

SHARES: Mapping[str, Any] = {
    "holdout_share": HOLDOUT_SHARE,
    "calibration_share": CALIBRATION_SHARE,
}
COMPARISON = "against_boosting.md"


@task(name="check-device", cache_policy=NO_CACHE)
def check_device_and_shape(kind: Algorithm, options: Mapping[str, Any]) -> None:
    """Refuse in seconds what could not be trained: a wrong shape, an absent device."""
    shape = Shape.of({**DEFAULTS[kind], **options})
    if shape.device == "cuda":
        machine = this_machine()
        check_device(machine)
        get_run_logger().info(
            "device fits: name=%s driver=%s runtime=%s free_bytes=%d",
            machine.name,
            machine.driver,
            machine.runtime,
            machine.free_bytes,
        )


@task(name="build-network", cache_policy=NO_CACHE)
def build_network(
    snapshot: Snapshot,
    contract: Contract,
    kind: Algorithm,
    options: Mapping[str, Any],
    seed: int,
    settings: Settings,
) -> Assembled:
    """Train a network where people can watch, and return what its version is made of.

    A run that was killed leaves a checkpoint; the next with the same snapshot, code and
    options goes on from it.
    """
    frame = read_snapshot(snapshot.uri)
    key = [snapshot.snapshot_id, contract.digest, code_revision(settings), kind]
    key += [str(seed), *(f"{name}={options[name]}" for name in sorted(options))]
    digest = hashlib.sha256("/".join(key).encode()).hexdigest()
    checkpoint = settings.home / "checkpoints" / f"{digest[:32]}.pt"
    tell = progress_artifact(f"Training {contract.name}")
    tags = {"assay.snapshot_digest": snapshot.snapshot_id, "assay.training": digest}
    with live_run(settings, contract.name, f"network-{digest[:12]}", tags) as run:
        fitted = fit_challenger(
            frame,
            contract,
            algorithm=kind,
            seed=seed,
            parameters=dict(options),
            folds=0,
            watch=Watch(_listener(run, tell), checkpoint),
            progress=tell,
            **SHARES,
        )
    rival = against_boosting(fitted, frame, **SHARES)
    tell("comparison with boosting", 1.0)
    made = assemble(
        fitted,
        frame,
        contract_path(contract.name, settings.contracts).read_text(),
        snapshot_digest=snapshot.snapshot_id,
        shares=SHARES,
        settings=settings,
    )
    _forget(checkpoint)
    return _with_network(made, fitted, frame, rival, run.logged.run_id)


@task(name="publish-comparison", cache_policy=NO_CACHE)
def publish_comparison(made: Assembled) -> None:
    """Show on the flow run how the network stands against boosting."""
    key = made.parts.manifest.model_name.replace("_", "-")
    text = made.parts.documents[COMPARISON].decode()
    create_markdown_artifact(text, key=f"{key}-against-boosting")


def comparison_page(fitted: Fitted, rival: AgainstBoosting, usage: list[float]) -> str:
    """Return the comparison with boosting as Markdown."""
    rows = [
        f"| {name} | {rival.network.metrics[name]} | {rival.boosting.metrics[name]} "
        f"| {found} |"
        for name, found in rival.differences.items()
    ]
    lines = [
        f"# {fitted.contract.name}: {fitted.algorithm} against boosting",
        "",
        f"**Prefer {rival.why}.**",
        "",
        "Both on the same split and holdout, calibrated, with 95 % intervals; the "
        "difference is paired, network minus boosting.",
        "",
        "| metric | network | boosting | difference |",
        "|---|---|---|---|",
        *rows,
    ]
    if usage:
        shares = ", ".join(f"{share:.1%}" for share in usage)
        lines += ["", f"Use of experts on the holdout, two a row: {shares}."]
    return "\n".join(lines) + "\n"


def _with_network(
    made: Assembled,
    fitted: Fitted,
    frame: pd.DataFrame,
    rival: AgainstBoosting,
    run_id: str,
) -> Assembled:
    """Return the parts and the evidence with what only a network has."""
    classifier = fitted.pipeline[-1]
    figures = {"training": training_curve(classifier.epochs_)}
    usage: list[float] = []
    if classifier.network_.is_gated:
        rows = frame.iloc[fitted.split.holdout]
        matrix, _ = design_matrix(rows, fitted.contract)
        shares = usage_of(classifier.network_.shares(matrix))
        usage = shares.tolist()
        figures["experts"] = expert_usage(shares)
    page = comparison_page(fitted, rival, usage).encode()
    epochs = [asdict(each) for each in classifier.epochs_]
    files = {
        **made.evidence.files,
        COMPARISON: page,
        "training.json": json.dumps({"epochs": epochs, "expert_usage": usage}).encode(),
        **{f"plots/{name}.png": png(figure) for name, figure in figures.items()},
    }
    tags = {**made.evidence.tags, "assay.training_run": run_id}
    return Assembled(
        replace(made.parts, documents={**made.parts.documents, COMPARISON: page}),
        replace(made.evidence, files=files, tags=tags),
    )


def _listener(run: LiveRun, tell: Any) -> Listener:  # noqa: ANN401 # a callable
    """Return what hears of each pass: the run's curves and the progress artifact."""

    def listen(epoch: Epoch) -> None:
        figures = {k: v for k, v in asdict(epoch).items() if k not in ("number", "most")}
        known = {k: float(v) for k, v in figures.items() if v is not None}
        run.log(known, step=epoch.number)
        tell("passes", epoch.number / epoch.most)

    return cast("Listener", listen)


def _forget(checkpoint: Path) -> None:
    checkpoint.unlink(missing_ok=True)
