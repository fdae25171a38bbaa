"""Tasks of batch scoring: the champion scores a source chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from assay.adapters.sources import iterate_source
from assay.adapters.tracking import Registry, VersionRecord
from assay.bundle import Bundle, Scorer
from assay.contract import Contract
from assay.errors import DataError
from assay.features.matrix import design_matrix
from assay.models.parity import feature_columns
from assay.quality.rows import assess_rows
from assay.reasons.exits import TreeExits
from assay.reasons.proof import probability_of, proven_exits
from assay.settings import Settings
from tasks.faults import RETRIES, may_pass

Words: TypeAlias = NDArray[np.object_]

SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        ("identifier", pa.string()),
        ("probability", pa.float64()),
        ("decision", pa.string()),
        ("reasons_refused", pa.string()),
        ("model_name", pa.string()),
        ("model_version", pa.int64()),
        ("bundle_digest", pa.string()),
        ("scored_at", pa.timestamp("us", tz="UTC")),
    ]
)
"""Columns of the output: one row for each received row, scored or refused."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What became of a source's rows; scored and refused make up received."""

    output: Path
    n_received: int
    n_scored: int
    n_positive: int

    @property
    def n_refused(self) -> int:
        """Rows outside the contract, which have no probability but their reasons."""
        return self.n_received - self.n_scored


@dataclass(frozen=True, slots=True)
class ChunkScorer:
    """A version as it scores many rows: by its trees' leaves, or else by its graph.

    Attributes
    ----------
    scorer : Scorer
        The graph, golden rows agreed.
    exits : TreeExits or None
        The leaves, proven against the graph; None for a version that has no such table.
    """

    scorer: Scorer
    exits: TreeExits | None
    contract: Contract

    @classmethod
    def of(cls, bundle: Bundle) -> Self:
        """Return the scorer of a bundle.

        Raises
        ------
        BundleError
            If its graph or its table does not score as recorded.
        """
        scorer = Scorer.of(bundle)
        return cls(scorer, proven_exits(bundle, scorer), bundle.contract)

    def probabilities(self, accepted: pd.DataFrame) -> NDArray[np.float64]:
        """Return the probability of label 1 of rows that keep the contract, (n_rows,)."""
        if self.exits is None:
            return self.scorer.probabilities(feature_columns(accepted, self.contract))
        matrix, _ = design_matrix(accepted, self.contract)
        return probability_of(self.exits.log_odds_of(matrix))


@task(
    name="fetch-champion", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES
)
def fetch_champion(model_name: str, settings: Settings) -> tuple[VersionRecord, Bundle]:
    """Fetch the champion's bundle, every byte checked."""
    registry = Registry(settings)
    record = registry.champion(model_name)
    return record, registry.fetch_bundle(record, settings.bundle_cache)


@task(name="score-chunks", cache_policy=NO_CACHE)
def score_chunks(
    record: VersionRecord,
    bundle: Bundle,
    source: str,
    output: Path,
    chunk_rows: int,
    settings: Settings,
) -> Scored:
    """Score a source chunk by chunk and say how far it is; see `write_scores`."""
    logger = get_run_logger()
    chunks = iterate_source(source, bundle.contract, settings, chunk_rows=chunk_rows)
    return write_scores(
        record, bundle, chunks, output, lambda n: logger.info("rows scored: %d", n)
    )


def write_scores(
    record: VersionRecord,
    bundle: Bundle,
    chunks: Iterable[pd.DataFrame],
    output: Path,
    tell: Callable[[int], None],
) -> Scored:
    """Write a row for each received row; the file appears whole or not at all.

    Raises
    ------
    DataError
        If `output` exists, or a chunk lacks a feature.
    """
    if output.exists():
        raise DataError(
            f"{output} exists; scores are never written over: name another output"
        )
    now, scorer = datetime.now(UTC), ChunkScorer.of(bundle)
    output.parent.mkdir(parents=True, exist_ok=True)
    unfinished = output.with_name(f".{output.name}.unfinished")
    n_received = n_scored = n_positive = 0
    try:
        with pq.ParquetWriter(unfinished, SCHEMA, compression="zstd") as writer:
            for chunk in chunks:
                table = _scored_table(chunk, n_received, record, bundle, scorer, now)
                writer.write_table(table)
                n_received += len(chunk)
                n_scored += len(chunk) - table["probability"].null_count
                action = bundle.contract.decision.positive_action
                n_positive += pc.sum(pc.equal(table["decision"], action)).as_py() or 0
                tell(n_received)
        unfinished.rename(output)
    finally:
        unfinished.unlink(missing_ok=True)
    return Scored(output, n_received, n_scored, n_positive)


@task(name="publish-scores", cache_policy=NO_CACHE)
def publish_scores(scored: Scored, record: VersionRecord, bundle: Bundle) -> None:
    """Show on the flow run how many rows were scored, decided how, and refused."""
    rule = bundle.contract.decision
    n_negative = scored.n_scored - scored.n_positive
    create_markdown_artifact(
        f"# {record.model_name}: {scored.n_received:,} rows, version {record.version}\n\n"
        f"| received | refused | {rule.positive_action} | {rule.negative_action} |\n"
        "|---:|---:|---:|---:|\n"
        f"| {scored.n_received:,} | {scored.n_refused:,} | {scored.n_positive:,} "
        f"| {n_negative:,} |\n\nWritten to `{scored.output}`.",
        key=f"{record.model_name.replace('_', '-')}-scores",
    )


def _scored_table(
    chunk: pd.DataFrame,
    offset: int,
    record: VersionRecord,
    bundle: Bundle,
    scorer: ChunkScorer,
    now: datetime,
) -> pa.Table:
    contract, n_rows = bundle.contract, len(chunk)
    quality = assess_rows(chunk, contract, as_of=now, labelled=False)
    refused = quality.quarantined["row"].to_numpy(np.int64)
    probability = np.full(n_rows, np.nan)
    if len(quality.accepted):
        kept = np.setdiff1d(np.arange(n_rows), refused)
        probability[kept] = scorer.probabilities(quality.accepted)
    reasons = np.full(n_rows, None, dtype=object)
    reasons[refused] = quality.quarantined["reasons"].to_numpy()
    return pa.table(
        {
            "row": np.arange(offset, offset + n_rows),
            "identifier": pa.array(_identifiers(chunk, bundle), pa.string()),
            "probability": pa.array(probability, from_pandas=True),
            "decision": pa.array(_decisions(probability, bundle), pa.string()),
            "reasons_refused": pa.array(reasons, pa.string()),
            "model_name": pa.repeat(record.model_name, n_rows),
            "model_version": pa.repeat(pa.scalar(record.version, pa.int64()), n_rows),
            "bundle_digest": pa.repeat(record.bundle_digest, n_rows),
            "scored_at": pa.repeat(
                pa.scalar(now, SCHEMA.field("scored_at").type), n_rows
            ),
        },
        schema=SCHEMA,
    )


def _identifiers(chunk: pd.DataFrame, bundle: Bundle) -> Words:
    field = bundle.contract.identifier
    if field is None or field.name not in chunk:
        return np.full(len(chunk), None, dtype=object)
    return chunk[field.name].astype(str).to_numpy(dtype=object)


def _decisions(probability: NDArray[np.float64], bundle: Bundle) -> Words:
    """Return the action of each row, None where it has no probability."""
    rule = bundle.contract.decision
    actions = np.array([rule.negative_action, rule.positive_action], dtype=object)
    decision = actions[(probability >= bundle.manifest.threshold).astype(np.intp)]
    decision[np.isnan(probability)] = None
    return decision
