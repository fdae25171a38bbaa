"""Batch scoring: the champion scores a file, folder or query."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from prefect import flow
from pydantic import Field

from assay.settings import Settings
from flows.client import one_client
from flows.parameters import ModelName, Source
from tasks.score import fetch_champion, publish_scores, score_chunks


@flow(name="score-batch")
@one_client
async def score_batch(
    model_name: ModelName,
    source: Source = None,
    output: Annotated[
        str | None,
        Field(title="Output", description="A Parquet file; empty names one by time."),
    ] = None,
    chunk_rows: Annotated[
        int, Field(title="Rows a chunk", ge=1, le=10_000_000)
    ] = 100_000,
) -> dict[str, str | int]:
    """Score every row of a source and return where the scores are and how many.

    A row outside the contract is written with its reasons instead of a probability, so
    that no row is lost.
    """
    settings = Settings()
    record, bundle = fetch_champion(model_name, settings)
    now = datetime.now(UTC)
    named = (
        settings.home.resolve() / "scores" / f"{model_name}-{now:%Y%m%dT%H%M%SZ}.parquet"
    )
    target = Path(output) if output else named
    origin = settings.source_of(model_name, source)
    scored = score_chunks(record, bundle, origin, target, chunk_rows, settings)
    publish_scores(scored, record, bundle)
    return {
        "output": str(scored.output),
        "version": record.version,
        "n_received": scored.n_received,
        "n_scored": scored.n_scored,
        "n_refused": scored.n_refused,
    }
