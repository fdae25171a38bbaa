"""Tasks of the document index: build beside the current one, judge, switch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from assay.adapters.tracking import Evidence, LoggedRun, log_evidence
from assay.errors import BundleError, DataError, SourceError
from assay.retrieval.answers.golden import (
    EvaluationReport,
    evaluate_answers,
    read_golden,
    regressions,
)
from assay.retrieval.documents import read_documents
from assay.retrieval.index import (
    build_version,
    current_version,
    open_version,
    promote_version,
    read_manifest,
    recalibrated_version,
)
from assay.retrieval.index.build import Built
from assay.retrieval.index.encoders import prepared_encoding, query_encoder
from assay.retrieval.learning.own_gate import calibrated_gate
from assay.retrieval.search import Defaults
from assay.settings import Settings
from tasks.faults import RETRIES, may_pass
from tasks.progress import progress_artifact


@task(name="build-index", cache_policy=NO_CACHE)
def build_index(documents: Path, encoder: str, root: Path) -> Built:
    """Read all documents and build a version; only what changed is encoded."""
    corpus = read_documents(documents)
    before = current_version(root)
    try:
        known = read_manifest(root / "versions" / before) if before else None
    except BundleError:
        known = None  # a broken version is no reason to build no new one
    built = build_version(
        root,
        corpus,
        prepared_encoding(root, encoder),
        before=known,
        tell=progress_artifact("document index"),
    )
    get_run_logger().info(
        "index built: version=%s documents=%d passages=%d encoded=%d",
        built.manifest.version,
        built.manifest.n_documents,
        built.manifest.n_passages,
        built.n_encoded,
    )
    return built


@task(name="calibrate-index", cache_policy=NO_CACHE)
def calibrate_index(
    version: str, calibration: Path | None, golden: Path, root: Path
) -> str:
    """Return the version with a gate fitted to its own questions, or as it is.

    The questions must be others than the golden ones, which judge the result.
    """
    if calibration is None:
        return version
    asked = [
        one
        for one in read_golden(calibration)
        if one.kind in ("answerable", "out_of_scope", "near_scope")
    ]
    judging = {one.question.casefold() for one in read_golden(golden)}
    shared = [one.id for one in asked if one.question.casefold() in judging]
    if shared:
        raise DataError(
            f"{len(shared)} questions of {calibration.name} are golden ones, which judge "
            f"the index: {', '.join(shared[:5])}; take others to calibrate by"
        )
    engine = open_version(root, version, partial(query_encoder, root)).engine
    gate, found = calibrated_gate(
        engine,
        [one.question for one in asked],
        [one.kind == "answerable" for one in asked],
    )
    made = recalibrated_version(
        root, version, Defaults(engine.reranker, gate), found.as_dict()
    )
    get_run_logger().info(
        "gate calibrated: version=%s source=%s answerable=%d others=%d reason=%s",
        made.version,
        found.source,
        found.n_answerable,
        found.n_others,
        found.reason or "none",
    )
    return made.version


@task(name="judge-index", cache_policy=NO_CACHE)
def judge_index(
    version: str, golden: Path, limits: Path, seed: int, root: Path
) -> EvaluationReport:
    """Ask a version the golden questions and hold it against the limits."""
    index = open_version(root, version, partial(query_encoder, root))
    tell = progress_artifact("golden questions")
    return evaluate_answers(
        index,
        read_golden(golden),
        read_limits(limits),
        rng=np.random.default_rng(seed),
        tell=lambda share: tell("ask", share),
    )


@task(name="compare-index", cache_policy=NO_CACHE)
def compare_index(
    report: EvaluationReport, golden: Path, margin: float, seed: int, root: Path
) -> EvaluationReport:
    """Hold a version against the one that answers now, on the same questions."""
    before = current_version(root)
    if before is None or before == report.version:
        return report
    try:
        index = open_version(root, before, partial(query_encoder, root))
    except BundleError as error:
        # A broken version is no reason to keep a sound one out.
        get_run_logger().warning("not compared: version=%s problem=%s", before, error)
        return report
    rng = np.random.default_rng(seed)
    serving = evaluate_answers(index, read_golden(golden), {}, rng=rng)
    worse = regressions(serving, report, margin=margin, rng=rng)
    return replace(report, failures=(*report.failures, *worse))


@task(
    name="publish-evaluation",
    cache_policy=NO_CACHE,
    retry_condition_fn=may_pass,
    **RETRIES,
)
def publish_evaluation(report: EvaluationReport, settings: Settings) -> LoggedRun:
    """Show the evaluation on the flow run and keep it in MLflow."""
    create_markdown_artifact(evaluation_page(report), key="document-index-evaluation")
    metrics = {f"latency_{k}_ms": value for k, value in report.latency_ms.items()}
    for name, found in report.measures.items():
        metrics |= {
            name: found.value,
            f"{name}_low": found.low,
            f"{name}_high": found.high,
        }
    content = json.dumps(report.as_dict(), indent=1).encode()
    evidence = Evidence(
        parameters={"index_version": report.version, "passed": report.passed},
        metrics=metrics,
        files={"evaluation.json": content},
        tags={"assay.index_version": report.version},
    )
    return log_evidence(
        settings, "document_index", f"evaluate-{report.version[:12]}", evidence
    )


@task(name="switch-index", cache_policy=NO_CACHE)
def switch_index(report: EvaluationReport, root: Path) -> None:
    """Make the judged version the current one; a version that failed is refused."""
    promote_version(root, report.version, report.as_dict())


def read_limits(path: Path) -> dict[str, float]:
    """Read the least value of each measure.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If it is no JSON object of numbers.
    """
    try:
        stored = json.loads(path.read_text("utf-8"))
        return {str(name): float(value) for name, value in stored.items()}
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise DataError(f"{path.name} is no JSON object of numbers: {error}") from error


def evaluation_page(report: EvaluationReport) -> str:
    """Return an evaluation for people, in Markdown."""
    verdict = "passed" if report.passed else "failed: " + "; ".join(report.failures)
    rows = "\n".join(
        f"| {name} | {m.value:.3f} | {m.low:.3f} to {m.high:.3f} | {m.n_queries} |"
        for name, m in report.measures.items()
    )
    wrong = ", ".join(report.wrong) or "none"
    return (
        f"# Index {report.version}: {verdict}\n\n"
        f"| measure | mean | 95 % interval | questions |\n|---|---:|---|---:|\n{rows}\n\n"
        f"Answers took {report.latency_ms['p50']:.1f} ms (median) and "
        f"{report.latency_ms['p99']:.1f} ms (99 %). Not fully right: {wrong}.\n\n"
        f"{gate_line(report.gate)}"
    )


def gate_line(gate: Mapping[str, Any]) -> str:
    """Return what the gate was fitted to, for people."""
    if gate.get("source") != "judged questions":
        return (
            f"The gate is the one that ships: {gate.get('reason', 'nothing is known')}."
        )
    return (
        f"The gate is fitted to {gate['n_answerable']} answerable and {gate['n_others']} "
        f"other judged questions: AUROC {gate['auroc']:.3f} on those that a fold did not "
        f"see ({gate['auroc_shipped']:.3f} with the gate that ships), "
        f"{gate['false_answers']:.1%} false answers at {gate['false_refusals']:.0%} "
        f"false refusals ({gate['false_answers_shipped']:.1%})."
    )
