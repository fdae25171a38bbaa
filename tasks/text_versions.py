"""Tasks of a version that reads a text: the reader if it is better, else words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from assay.adapters.snapshots import Snapshot, read_snapshot
from assay.contract import Contract
from assay.contract.reading import contract_path
from assay.errors import ConfigError
from assay.models import Fitted, fit_challenger
from assay.models.against_boosting import preference
from assay.settings import Settings
from tasks.assembly import Assembled, assemble
from tasks.progress import progress_artifact
from tasks.texts import Reader, parameters_of
from tasks.train import SHARES

COMPARISON = "against_words.md"


def check_reads_text(contract: Contract) -> None:
    """Refuse a contract whose features are no text.

    Raises
    ------
    ConfigError
        If it has no text feature.
    """
    if contract.free_text is None:
        raise ConfigError(
            f"contract {contract.name!r} has no feature of dtype 'text'; train it with "
            "train_challenger or train_on_gpu"
        )


@task(name="build-text-version", cache_policy=NO_CACHE)
def build_text_version(
    snapshot: Snapshot,
    contract: Contract,
    kind: Reader,
    asked: Mapping[str, Any],
    seed: int,
    settings: Settings,
) -> Assembled:
    """Fit reader and words on one split and return what the better one is made of."""
    frame = read_snapshot(snapshot.uri)
    fitted, page = _better(frame, contract, kind, parameters_of(kind, asked), seed)
    made = assemble(
        fitted,
        frame,
        contract_path(contract.name, settings.contracts).read_text(),
        snapshot_digest=snapshot.snapshot_id,
        shares=SHARES,
        settings=settings,
    )
    get_run_logger().info(
        "text version built: model=%s rows=%d kept=%s",
        contract.name,
        len(frame),
        fitted.algorithm,
    )
    documents = {**made.parts.documents, COMPARISON: page.encode()}
    files = {**made.evidence.files, COMPARISON: page.encode()}
    return Assembled(
        replace(made.parts, documents=documents), replace(made.evidence, files=files)
    )


def _better(
    frame: pd.DataFrame,
    contract: Contract,
    kind: Reader,
    parameters: dict[str, Any],
    seed: int,
) -> tuple[Fitted, str]:
    """Return the encoder, the decoder or words, and the page that says why."""
    shared: dict[str, Any] = {"seed": seed, "folds": 0, **SHARES}
    reader = fit_challenger(
        frame,
        contract,
        algorithm="text_decoder" if kind == "decoder" else "text_encoder",
        parameters=parameters,
        progress=progress_artifact(f"Training {contract.name}"),
        **shared,
    )
    keeps_reader, page = comparison(reader)
    if keeps_reader:
        return reader, page
    return fit_challenger(frame, contract, algorithm="words", **shared), page


@task(name="publish-text-version", cache_policy=NO_CACHE)
def publish_text_version(made: Assembled) -> None:
    """Show on the flow run which of the two was kept."""
    key = made.parts.manifest.model_name.replace("_", "-")
    text = made.parts.documents[COMPARISON].decode()
    create_markdown_artifact(text, key=f"{key}-against-words")


def comparison(reader: Fitted) -> tuple[bool, str]:
    """Return whether a reader is shown to be better than words, and the page about it.

    Parameters
    ----------
    reader : Fitted
        An encoder or decoder. Its baseline is words with logistic regression, fitted and
        measured on the same rows.

    Notes
    -----
    The reader is kept only if its AUC is higher, or its cost lower, by the end of the
    95 % interval that speaks against it, and neither is shown to be worse.
    """
    kind = reader.algorithm.removeprefix("text_")
    better = reader.over_baseline
    keeps, _ = preference(better["auc"], better["cost"])
    rows = [
        f"| {name} | {reader.evaluation.metrics[name]} "
        f"| {reader.baseline.metrics[name]} | {found} |"
        for name, found in better.items()
    ]
    lines = [
        f"# {reader.contract.name}: kept {f'is the {kind}' if keeps else 'are words'}",
        "",
        f"The {kind} is kept only where it is shown to be better in AUC or cost and in "
        "neither shown to be worse. Both on the same split and holdout, calibrated, with "
        f"95 % intervals; the difference is paired, {kind} minus words.",
        "",
        f"| metric | {kind} | words, TF-IDF with logistic regression | difference |",
        "|---|---|---|---|",
        *rows,
    ]
    return keeps, "\n".join(lines) + "\n"
