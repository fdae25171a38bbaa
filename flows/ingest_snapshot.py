"""Ingestion: rows from a source, through the quality gate, into a snapshot."""

from __future__ import annotations

from prefect import flow

from assay.contract import find_contract
from assay.errors import QualityError
from assay.settings import Settings
from flows.client import one_client
from flows.parameters import AsOf, ModelName, Source, as_of_or_midnight
from tasks.ingest import (
    judge_batch,
    judge_rows,
    lineage_of_run,
    publish_quality,
    receive_rows,
    store_quarantine,
    store_snapshot,
    witness_rows,
)


@flow(name="ingest-snapshot")
@one_client
async def ingest_snapshot(
    model_name: ModelName, source: Source = None, as_of: AsOf = None
) -> dict[str, str | int]:
    """Take in a model's data and return the snapshot that was made of it.

    Every received row is accepted or quarantined with its reasons. More bad rows than
    the contract allows fail the run; the evidence is kept all the same.
    """
    settings = Settings()
    contract = find_contract(model_name, settings.contracts)
    origin = settings.source_of(model_name, source)
    moment = as_of_or_midnight(as_of)
    received = receive_rows(origin, contract, settings, moment)
    quality = judge_rows(received, contract, as_of=moment)
    lineage = lineage_of_run(quality, origin, moment, settings)
    store_quarantine(quality, contract, lineage, settings)
    as_received = witness_rows(received, contract, moment)
    as_accepted = witness_rows(quality.accepted, contract, moment)
    decision = judge_batch(quality, as_accepted, contract)
    publish_quality(quality, decision, as_received, as_accepted, contract, settings)
    if not decision.passed:
        raise QualityError("; ".join(decision.failures))
    snapshot = store_snapshot(quality, contract, lineage, settings)
    return {
        "model_name": model_name,
        "snapshot_uri": snapshot.uri,
        "snapshot_id": snapshot.snapshot_id,
        "n_received": quality.n_received,
        "n_accepted": len(quality.accepted),
        "n_quarantined": len(quality.quarantined),
    }
