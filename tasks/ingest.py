"""Tasks of ingestion: receive rows, judge them, keep the good ones, show the rest."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
from prefect import get_run_logger, task
from prefect.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    create_table_artifact,
)
from prefect.cache_policies import NO_CACHE

from assay.adapters.provenance import code_revision
from assay.adapters.snapshots import Snapshot, SnapshotStore
from assay.adapters.sources import read_source
from assay.adapters.tracking import Evidence, LoggedRun, log_evidence
from assay.contract import Contract
from assay.quality.expectations import BatchValidation, validate_batch
from assay.quality.rows import Quality, QualityDecision, assess_rows, decide_quality
from assay.settings import Settings
from tasks.faults import RETRIES, may_pass

judge_rows = task(name="judge-rows", cache_policy=NO_CACHE)(assess_rows)
witness_rows = task(name="witness-rows", cache_policy=NO_CACHE)(validate_batch)


@task(name="judge-batch", cache_policy=NO_CACHE)
def judge_batch(
    quality: Quality, witness: BatchValidation, contract: Contract
) -> QualityDecision:
    """Decide whether the batch goes on; the second witness must agree on what is good."""
    decision = decide_quality(quality, contract)
    if witness.success or quality.accepted.empty:
        return decision
    broken = ", ".join(f"{k} {n}" for k, n in sorted(witness.unexpected_counts.items()))
    doubt = f"Great Expectations finds accepted rows outside the contract: {broken}"
    return QualityDecision((*decision.failures, doubt))


@task(
    name="receive-rows",
    cache_policy=NO_CACHE,
    retry_condition_fn=may_pass,
    **RETRIES,
)
def receive_rows(
    source: str, contract: Contract, settings: Settings, as_of: datetime
) -> pd.DataFrame:
    """Read every row of the source, with retries because it may be remote."""
    received = read_source(source, contract, settings, as_of)
    get_run_logger().info("rows received: model=%s rows=%d", contract.name, len(received))
    return received


@task(
    name="store-quarantine",
    cache_policy=NO_CACHE,
    retry_condition_fn=may_pass,
    **RETRIES,
)
def store_quarantine(
    quality: Quality, contract: Contract, lineage: dict[str, Any], settings: Settings
) -> None:
    """Keep the refused rows with their reasons, before the gate decides."""
    if len(quality.quarantined):
        SnapshotStore(settings).write_quarantine(quality.quarantined, contract, lineage)


def lineage_of_run(
    quality: Quality, source: str, as_of: datetime, settings: Settings
) -> dict[str, Any]:
    """Return where a batch came from, as its snapshot and its quarantine keep it."""
    return {
        "source": source,
        "as_of": as_of.isoformat(),
        "code_revision": code_revision(settings),
        "n_received": quality.n_received,
        "n_accepted": len(quality.accepted),
        "n_quarantined": len(quality.quarantined),
    }


@task(
    name="store-snapshot",
    cache_policy=NO_CACHE,
    retry_condition_fn=may_pass,
    **RETRIES,
)
def store_snapshot(
    quality: Quality, contract: Contract, lineage: dict[str, Any], settings: Settings
) -> Snapshot:
    """Keep the accepted rows as a snapshot, with where they came from."""
    snapshot = SnapshotStore(settings).write(quality.accepted, contract, lineage)
    get_run_logger().info(
        "snapshot stored: model=%s snapshot=%s rows=%d",
        contract.name,
        snapshot.snapshot_id[:12],
        snapshot.n_rows,
    )
    return snapshot


@task(
    name="publish-quality",
    cache_policy=NO_CACHE,
    retry_condition_fn=may_pass,
    **RETRIES,
)
def publish_quality(
    quality: Quality,
    decision: QualityDecision,
    received: BatchValidation,
    accepted: BatchValidation,
    contract: Contract,
    settings: Settings,
) -> LoggedRun:
    """Keep the evidence in MLflow and show it on the flow run, passed or not."""
    figures = {
        "n_received": quality.n_received,
        "n_accepted": len(quality.accepted),
        "n_quarantined": len(quality.quarantined),
    }
    logged = log_evidence(
        settings,
        f"{contract.name}-quality",
        "passed" if decision.passed else "refused",
        Evidence(
            parameters={"contract_digest": contract.digest},
            metrics={key: float(value) for key, value in figures.items()},
            files={
                "data_docs_received.html": received.page_html.encode(),
                "data_docs_accepted.html": accepted.page_html.encode(),
                "validation_received.json": received.json.encode(),
                "validation_accepted.json": accepted.json.encode(),
                "quarantine.csv": quality.quarantined.to_csv(index=False).encode(),
            },
            tags={"assay.decision": "passed" if decision.passed else "refused"},
        ),
    )
    _show_quality(quality, decision, contract, logged)
    get_run_logger().info(
        "batch judged: model=%s received=%d accepted=%d quarantined=%d passed=%s",
        contract.name,
        *figures.values(),
        decision.passed,
    )
    return logged


def _show_quality(
    quality: Quality, decision: QualityDecision, contract: Contract, logged: LoggedRun
) -> None:
    key = contract.name.replace("_", "-")
    page = f"{logged.url}/artifacts/data_docs"
    share = quality.quarantined_share
    verdict = "passed" if decision.passed else "**refused**"
    lines = [
        f"# Data of {contract.name}: {verdict}",
        "",
        "| received | accepted | quarantined | share | allowed |",
        "|---:|---:|---:|---:|---:|",
        f"| {quality.n_received:,} | {len(quality.accepted):,} "
        f"| {len(quality.quarantined):,} | {share:.2%} "
        f"| {contract.gates.max_quarantined_share:.2%} |",
        "",
        *(f"- {failure}" for failure in decision.failures),
        *(f"- {finding.message}" for finding in quality.findings),
        "",
        f"Every expectation: [as received]({page}_received.html), "
        f"[as accepted]({page}_accepted.html) · "
        f"[quarantined rows]({logged.url}/artifacts/quarantine.csv)",
    ]
    create_markdown_artifact("\n".join(lines), key=f"{key}-quality")
    create_table_artifact(
        [{"reason": reason, "rows": n} for reason, n in quality.reason_counts.items()],
        key=f"{key}-quarantine-reasons",
        description="Rows by reason; a row with two reasons counts in both.",
    )
    create_link_artifact(
        f"{page}_received.html",
        link_text="Great Expectations data docs",
        key=f"{key}-data-docs",
    )
