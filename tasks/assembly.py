"""From a fitted challenger to the bundle and the evidence that are kept of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from assay.adapters.provenance import code_revision, library_versions, lock_digest
from assay.adapters.tracking import Evidence
from assay.bundle import Manifest, MetricValue, Parts
from assay.evaluation import Interval
from assay.evaluation.card import model_card
from assay.evaluation.plots import evaluation_plots, png
from assay.evaluation.profile import reference_profile
from assay.models import Fitted, Parity, check_parity, golden_rows
from assay.reasons import REASONS
from assay.reasons.quoting import QUOTES
from assay.settings import Settings
from tasks.reasons import quotes_document, reasons_document
from tasks.watch_documents import monitoring_documents


@dataclass(frozen=True, slots=True)
class Assembled:
    """What a version is written from, and what people look at."""

    parts: Parts
    evidence: Evidence


def assemble(
    fitted: Fitted,
    frame: pd.DataFrame,
    contract_text: str,
    *,
    snapshot_digest: str,
    shares: Mapping[str, float],
    settings: Settings,
) -> Assembled:
    """Return the parts of a bundle after its graph was proven against the trainer.

    Parameters
    ----------
    fitted : Fitted
        The challenger.
    frame : DataFrame
        The snapshot that it was fitted on.
    contract_text : str
        The contract's TOML, which goes into the bundle as it is.
    snapshot_digest : str
        Digest of the snapshot.
    shares : mapping of str to float
        How the rows were split; kept, so that a later gate finds the same holdout.
    settings : Settings
        Name the lock.

    Raises
    ------
    ParityError
        If the graph answers otherwise than the trainer anywhere it was tried.
    """
    graph = fitted.graph()
    parity = check_parity(graph, fitted, frame, limit=fitted.parity_limit)
    metrics = _metrics(fitted)
    manifest = Manifest(
        model_name=fitted.contract.name,
        algorithm=fitted.algorithm,
        parameters={**_plain(fitted.parameters), **shares},
        threshold=fitted.threshold,
        seed=fitted.seed,
        n_rows=fitted.split.sizes,
        metrics={name: MetricValue(**found.as_dict()) for name, found in metrics.items()},
        contract_digest=fitted.contract.digest,
        snapshot_digest=snapshot_digest,
        code_revision=code_revision(settings),
        lock_digest=lock_digest(settings),
        library_versions=library_versions(*fitted.more_libraries),
    )
    card = _card(fitted, manifest, parity)
    parts = Parts(
        manifest=manifest,
        graph=graph,
        contract_text=contract_text,
        golden=golden_rows(fitted, frame),
        documents=_documents(fitted, frame, card),
    )
    return Assembled(parts, _evidence(fitted, manifest, parity, card))


def _documents(fitted: Fitted, frame: pd.DataFrame, card: str) -> dict[str, bytes]:
    seen = frame.iloc[fitted.split.train]
    profile = reference_profile(seen, fitted.contract, fitted.probabilities(seen))
    if fitted.contract.free_text is not None:
        why = {QUOTES: quotes_document(fitted)}
    else:
        why = {REASONS: reasons_document(fitted, frame)}
    return {
        "reference.json": json.dumps(profile, sort_keys=True).encode(),
        "card.md": card.encode(),
        **why,
        **monitoring_documents(fitted, frame),
    }


def _metrics(fitted: Fitted) -> dict[str, Interval]:
    found = {k: v for k, v in fitted.evaluation.metrics.items() if v.is_defined}
    baseline = fitted.baseline.metrics["auc"]
    if baseline.is_defined:
        found["baseline_auc"] = baseline
    if fitted.cross_validated_auc is not None:
        found["cross_validated_auc"] = fitted.cross_validated_auc
    return found


def _card(fitted: Fitted, manifest: Manifest, parity: Parity) -> str:
    return model_card(
        fitted.contract,
        algorithm=fitted.algorithm,
        parameters=fitted.parameters,
        n_rows=fitted.split.sizes,
        evaluation=fitted.evaluation,
        baseline=fitted.baseline,
        over_baseline=fitted.over_baseline,
        cross_validated_auc=fitted.cross_validated_auc,
        slices=fitted.slices,
        importance=fitted.importance,
        provenance={
            "snapshot": manifest.snapshot_digest,
            "code": manifest.code_revision,
            "lock": manifest.lock_digest,
            "seed": str(manifest.seed),
            "graph against trainer": (
                f"{parity.largest_difference:.1e} at most, on {parity.n_rows:,} rows"
            ),
        },
    )


def _evidence(fitted: Fitted, manifest: Manifest, parity: Parity, card: str) -> Evidence:
    metrics = {"parity_largest_difference": parity.largest_difference}
    for name, found in manifest.metrics.items():
        metrics |= {
            name: found.value,
            f"{name}_low": found.low,
            f"{name}_high": found.high,
        }
    figures = evaluation_plots(
        fitted.holdout_labels,
        fitted.holdout_probabilities,
        fitted.evaluation,
        fitted.importance,
        fitted.contract,
    )
    plots = {f"plots/{name}.png": png(figure) for name, figure in figures.items()}
    importance = {k: v.as_dict() for k, v in fitted.importance.items()}
    return Evidence(
        parameters={
            "algorithm": fitted.algorithm,
            **manifest.parameters,
            "seed": manifest.seed,
            "threshold": manifest.threshold,
            "search_trials_done": fitted.search.n_trials if fitted.search else 0,
        },
        metrics=metrics,
        files={
            "card.md": card.encode(),
            "importance.json": json.dumps(importance, indent=1).encode(),
            **plots,
        },
        tags={
            "assay.code_revision": manifest.code_revision,
            "assay.lock_digest": manifest.lock_digest,
            "assay.snapshot_digest": manifest.snapshot_digest,
            "assay.library_versions": json.dumps(manifest.library_versions),
        },
    )


def _plain(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.item() if hasattr(value, "item") else value
        for name, value in parameters.items()
    }
