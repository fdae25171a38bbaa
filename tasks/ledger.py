"""Tasks of the ledger's keeping: sign, ship, collect labels, retire."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from assay.adapters.ledger.archive import archive_of
from assay.adapters.ledger.tables import LabelRow, append_labels, outcome_cursor
from assay.ledger.archive import seal_abandoned, sealed_segments, ship_segments
from assay.ledger.checkpoint import Checkpoint, new_bodies, write_checkpoint
from assay.ledger.privacy import KeyStore
from assay.ledger.retention import (
    Erasure,
    Retired,
    erase_due,
    retention_profiles,
    retire_segments,
)
from assay.ledger.signing import signing_key
from assay.ledger.standalone import HEAD, genesis
from tasks.faults import RETRIES, may_pass

if TYPE_CHECKING:
    from assay.settings import Settings

LABELS_AT_A_TIME = 10_000


@dataclass(frozen=True, slots=True)
class Shipped:
    """What a run put into the archive, and how many labels into the table."""

    n_segments: int
    n_records: int
    n_labels: int


@task(name="sign-checkpoint", cache_policy=NO_CACHE)
def sign_checkpoint(settings: Settings) -> Checkpoint | None:
    """Sign everything that the streams hold; None where there is no ledger yet.

    Raises
    ------
    LedgerError
        If a stream does not continue what was signed before.
    """
    if not has_ledger(settings):
        return None
    made = write_checkpoint(
        settings.ledger_folder,
        signing_key(settings.ledger_signing_key),
        copies=settings.ledger_copies_folder,
    )
    get_run_logger().info("checkpoint=%d records=%d", made.number, made.size)
    return made


@task(name="ship-sealed", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES)
def ship_sealed(settings: Settings) -> tuple[int, int]:
    """Put sealed segments that the archive lacks into it; return segments and records."""
    logger = get_run_logger()
    n_records = 0
    sealed, refused = seal_abandoned(settings.ledger_folder)
    logger.info("streams_sealed=%d streams_refused=%d", len(sealed), len(refused))
    for each in refused:
        logger.error("not sealed: %s", each)
    archive = archive_of(settings)
    for segment in sealed_segments(settings.ledger_folder):
        if ship_segments([segment], archive):
            n_records += segment.n_records
            logger.info("shipped %s records=%d", segment.name, segment.n_records)
    return sum(1 for _ in sealed_segments(settings.ledger_folder)), n_records


@task(
    name="collect-labels", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES
)
def collect_labels(settings: Settings) -> int:
    """Put labels that the ledger took since the last run into Assay's table."""
    n_labels = 0
    folders = (settings.ledger_folder / "streams").glob("*")
    for folder in sorted(each for each in folders if each.is_dir()):
        n_labels += collect_stream(settings, folder)
    get_run_logger().info("labels=%d", n_labels)
    return n_labels


def collect_stream(settings: Settings, folder: Path) -> int:
    """Put one stream's new labels into the table and return how many those were.

    The cursor moves in the transaction that takes the labels: killed at any moment and
    called again, each label is there once.
    """
    stream = folder.name
    n_labels = 0
    while True:
        before, chained = outcome_cursor(settings, stream)
        begin = bytes.fromhex(chained) if chained else genesis(stream)
        labels: list[LabelRow] = []
        end = (before, begin)
        limit = before + LABELS_AT_A_TIME
        for sequence, body, chain in new_bodies(folder, before, begin, limit):
            end = (sequence, chain)
            if b'"kind":"outcome"' in body:
                labels += _labels(stream, sequence, body)
        if end[0] == before:
            return n_labels
        if append_labels(settings, stream, before, labels, end[0], end[1].hex()):
            n_labels += len(labels)


@task(name="retire-due", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES)
def retire_due(settings: Settings) -> list[Retired]:
    """Delete segments whose time is over, here and in the archive."""
    retired = retire_segments(
        settings.ledger_folder,
        signing_key(settings.ledger_signing_key),
        retention_profiles(settings.ledger_retention),
        archive_of(settings),
        datetime.now(UTC),
    )
    get_run_logger().info("segments_deleted=%d", len(retired))
    return retired


@task(name="erase-people", cache_policy=NO_CACHE)
def erase_people(settings: Settings) -> list[Erasure]:
    """Destroy the keys of those whose erasure was asked for and nothing forbids."""
    erasures = erase_due(
        settings.ledger_folder,
        KeyStore(settings.ledger_keys_folder),
        retention_profiles(settings.ledger_retention),
        datetime.now(UTC),
    )
    n_done = sum(each.is_done for each in erasures)
    get_run_logger().info("erased=%d waiting=%d", n_done, len(erasures) - n_done)
    return erasures


@task(name="publish-retention", cache_policy=NO_CACHE)
def publish_retention(retired: list[Retired], erasures: list[Erasure]) -> None:
    """Show on the flow run what was deleted, and what each erasure waits for."""
    lines = [
        f"| {each.segment.stream} | {each.segment.first} to {each.segment.last} "
        f"| {each.why} |"
        for each in retired
    ]
    waits = [
        f"| {each.subject} | {'done' if each.is_done else each.why} | {each.n_records} |"
        for each in erasures
    ]
    create_markdown_artifact(
        "# Retention\n\n| stream | records deleted | under |\n|---|---|---|\n"
        + "\n".join(lines)
        + "\n\n# Erasure\n\n| subject | state | records |\n|---|---|---:|\n"
        + "\n".join(waits),
        key="ledger-retention",
    )


@task(name="publish-shipment", cache_policy=NO_CACHE)
def publish_shipment(shipped: Shipped, where: str) -> None:
    """Show on the flow run what the archive took."""
    create_markdown_artifact(
        f"# {shipped.n_records:,} records shipped, {shipped.n_labels:,} labels collected"
        f"\n\n{shipped.n_segments:,} sealed segments are in the archive `{where}`.",
        key="ledger-shipment",
    )


def has_ledger(settings: Settings) -> bool:
    """Return whether anything was ever written to the ledger."""
    return (settings.ledger_folder / "streams").is_dir()


def _labels(stream: str, sequence: int, body: bytes) -> list[LabelRow]:
    entry = orjson.loads(body)["entry"]
    head = HEAD.search(body, max(0, len(body) - 256))
    if entry["kind"] != "outcome" or head is None:
        return []
    return [
        LabelRow(
            stream=stream,
            sequence=sequence,
            model_name=entry["model"],
            request_id=entry["request_id"],
            decision=entry["decision"],
            label=entry["label"],
            observed_at=entry["observed_at"],
            reported_at=head[4].decode(),
            is_late=entry["is_late"],
        )
    ]
