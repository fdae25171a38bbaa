"""Bundles that are really fitted, for the gate to read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from assay.bundle import Bundle, Manifest, MetricValue, Parts, read_bundle, write_bundle
from assay.contract import Contract
from assay.models import Algorithm, fit_challenger, golden_rows

ROOT = Path(__file__).resolve().parents[2]


def fitted_bundle(
    folder: Path,
    frame: pd.DataFrame,
    contract: Contract,
    text: str,
    algorithm: Algorithm,
    shares: Mapping[str, float],
) -> Bundle:
    """Return the bundle of a model fitted on the frame, split by `shares`."""
    fitted = fit_challenger(
        frame,
        contract,
        algorithm=algorithm,
        folds=0,
        holdout_share=shares["holdout_share"],
        calibration_share=shares["calibration_share"],
    )
    content = pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes()
    metrics = {
        name: MetricValue(**found.as_dict())
        for name, found in fitted.evaluation.metrics.items()
    }
    manifest = Manifest(
        model_name=contract.name,
        algorithm=algorithm,
        parameters={**fitted.parameters, **shares},
        threshold=fitted.threshold,
        seed=0,
        n_rows=fitted.split.sizes,
        metrics=metrics,
        contract_digest=contract.digest,
        snapshot_digest=hashlib.sha256(content).hexdigest(),
        code_revision="benchmark",
        lock_digest=hashlib.sha256((ROOT / "locks/dev.txt").read_bytes()).hexdigest(),
        library_versions={},
    )
    parts = Parts(manifest, fitted.graph(), text, golden_rows(fitted, frame), {})
    return read_bundle(folder, write_bundle(folder, parts))
