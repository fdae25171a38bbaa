"""Evaluation: the index in service against the golden questions."""

from __future__ import annotations

from pathlib import Path

from prefect import flow

from assay.errors import DataError, RegistryError
from assay.retrieval.index import current_version
from assay.settings import Settings
from flows.parameters import Seed
from tasks.documents import judge_index, publish_evaluation


@flow(name="evaluate-answers")
async def evaluate_answers(
    golden: str = "data/evaluation/golden.jsonl",
    limits: str = "data/evaluation/limits.json",
    seed: Seed = 0,
) -> dict[str, str | float]:
    """Ask the current index the golden questions; a measure below its limit fails."""
    settings = Settings()
    root = settings.document_index
    version = current_version(root)
    if version is None:
        raise RegistryError("no index is current; run the flow index-documents first")
    report = judge_index(version, Path(golden), Path(limits), seed, root)
    logged = publish_evaluation(report, settings)
    if not report.passed:
        raise DataError(f"index {version}: " + "; ".join(report.failures))
    return {
        "version": version,
        "url": logged.url,
        **{name: found.value for name, found in report.measures.items()},
    }
