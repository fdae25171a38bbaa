"""Text models: an encoder or decoder is fitted, and kept if it beats words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from prefect import flow
from pydantic import Field

from assay.adapters.snapshots import SnapshotStore
from assay.contract import find_contract
from assay.encoders.encoder import SHIPPED_ENCODER
from assay.errors import ConfigError
from assay.settings import Settings
from flows.client import one_client
from flows.ingest_snapshot import ingest_snapshot
from flows.parameters import Device, Seed, Source
from flows.promote_challenger import promote_challenger
from tasks.text_versions import (
    build_text_version,
    check_reads_text,
    publish_text_version,
)
from tasks.texts import (
    Reader,
    check_text_device,
    fetch_weights,
    fit_texts,
    publish_texts,
)
from tasks.train import choose_snapshot, publish_training, register_version

TextModel = Annotated[
    str | None,
    Field(
        title="Model",
        pattern=r"^[a-z][a-z0-9_]{0,62}$",
        description="A contract with a text feature; empty compares classes of a table.",
    ),
]
Encoder = Annotated[
    str,
    Field(
        title="Encoder",
        description="Folder of a pre-trained encoder, the shipped package's name, or "
        "owner/name@commit on a hub.",
    ),
]
Decoder = Annotated[
    str | None,
    Field(
        title="Decoder",
        description="In place of the encoder: 'new' for one made of the training texts, "
        "or a causal language model as a folder or owner/name@commit.",
    ),
]
Online = Annotated[
    bool,
    Field(
        title="Online",
        description="Whether weights that a hub names may be downloaded.",
    ),
]


@flow(name="fine-tune-text")
@one_client
async def fine_tune_text(
    model_name: TextModel = None,
    source: Source = None,
    text: str = "text",
    label: str = "label",
    encoder: Encoder = SHIPPED_ENCODER,
    decoder: Decoder = None,
    online: Online = False,
    training: Literal["frozen", "full"] | None = None,
    device: Device = "cuda",
    seed: Seed = 0,
    options: dict[str, float | int | str] | None = None,
    judge: bool = True,
) -> dict[str, Any]:
    """Fit encoder or decoder and words on the same texts and keep the better one.

    With a model the version goes where every other goes: bundle, signature, gate, and
    the scoring API, which answers without torch. Without one, `source` is a Parquet file
    with the columns `text` and `label`, of any number of classes, and the comparison and
    a folder that scores are what comes of it. `frozen` learns the head alone (an
    encoder's default), `full` every weight. A decoder first learns to tell the next token
    of the training texts.
    """
    settings = Settings()
    kind: Reader = "encoder" if decoder is None else "decoder"
    asked = {**(options or {}), "device": device, kind: decoder or encoder}
    if training is not None:
        asked["training"] = training
    check_text_device(kind, asked)
    fetch_weights(str(asked[kind]), online=online)
    if model_name is not None:
        version = await _version(model_name, source, kind, asked, seed, settings)
        return {**version, **(await promote_challenger(model_name) if judge else {})}
    if source is None:
        raise ConfigError("name a model, or as source a Parquet file with texts")
    found = fit_texts(str(Path(source)), (text, label), kind, asked, seed, settings)
    publish_texts(found)
    return {
        f"keeps_{kind}": found.keeps_reader,
        f"{kind}_accuracy": found.reader.value,
        "baseline_accuracy": found.baseline.value,
        "folder": found.folder,
        "digest": found.digest,
    }


async def _version(
    model_name: str,
    source: str | None,
    kind: Reader,
    asked: Mapping[str, Any],
    seed: int,
    settings: Settings,
) -> dict[str, Any]:
    """Register a version of a contract with a text feature."""
    contract = find_contract(model_name, settings.contracts)
    check_reads_text(contract)
    if source is not None or not SnapshotStore(settings).has_any(model_name):
        await ingest_snapshot(model_name, source)
    snapshot = choose_snapshot(model_name, None, settings)
    made = build_text_version(snapshot, contract, kind, asked, seed, settings)
    record, logged = register_version(made, snapshot, settings)
    publish_training(made, record, logged)
    publish_text_version(made)
    return {
        "model_name": model_name,
        "version": record.version,
        "bundle_digest": record.bundle_digest,
        "snapshot_id": snapshot.snapshot_id,
        "algorithm": made.parts.manifest.algorithm,
        "auc": made.parts.manifest.metrics["auc"].value,
        "url": logged.url,
    }
