"""Texts from a file to a judged version that the service answers with."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from assay.adapters.tracking import Registry
from assay.errors import ConfigError, DeviceError
from deployments.environment import project_root
from flows.fine_tune_text import fine_tune_text
from serving.champion import load_champion
from serving.scoring.deciding import decide
from tests.texts import CONTRACT, notes, small_encoder

OPTIONS = {"passes": 6, "encoder_rate": 2e-3}


@pytest.fixture
def table(tmp_path, monkeypatch):
    """Return a file of notes, and name the folder in which their contract is."""
    contracts = tmp_path / "contracts"
    shutil.copytree(project_root() / "data" / "contracts", contracts)
    (contracts / "note.toml").write_text(CONTRACT)
    monkeypatch.setenv("ASSAY_CONTRACTS", str(contracts))
    notes(400).to_parquet(tmp_path / "notes.parquet")
    return tmp_path / "notes.parquet"


@pytest.mark.slow
async def test_texts_are_trained_compared_judged_and_served(
    flow_settings, table, tmp_path
):
    outcome = await fine_tune_text(
        "note",
        source=str(table),
        encoder=small_encoder(tmp_path),
        training="full",
        device="cpu",
        options=OPTIONS,
    )

    registry = Registry(flow_settings)
    record = registry.with_alias("note", "challenger")
    assert record.bundle_digest == outcome["bundle_digest"]
    failures = outcome["failures"]  # the gate has judged it
    for rule in ("second fit", "graph against trainer", "shuffled", "missing", "beyond"):
        assert not [failure for failure in failures if rule in failure], failures

    bundle = registry.fetch_bundle(record, flow_settings.bundle_cache)
    assert bundle.manifest.algorithm == outcome["algorithm"]
    files = {"against_words.md", "card.md", "reference.json", "text_reasons.npz"}
    assert files <= set(bundle.documents)
    champion = load_champion("note", str(record.version), bundle)
    decision = decide(champion, json.dumps({"words said": "debt fell badly"}).encode())
    assert decision.probability > 0.5
    said = "debt fell badly"
    assert decision.reasons is not None
    assert {field for field, _ in decision.reasons} == {"words said"}
    assert all(0 <= start < end <= len(said) for start, end in decision.spans)

    (page,) = await artifacts("note-against-words")
    is_encoder = outcome["algorithm"] == "text_encoder"
    assert f"kept {'is the encoder' if is_encoder else 'are words'}" in page


@pytest.mark.slow
async def test_a_decoder_made_of_the_texts_is_compared_and_its_version_served(
    flow_settings, table
):
    sizes = {"vocabulary": 320, "width": 32, "layers": 2, "heads": 2, "next_passes": 1}
    outcome = await fine_tune_text(
        "note",
        source=str(table),
        decoder="new",
        device="cpu",
        options={**sizes, "passes": 1},
        judge=False,
    )
    registry = Registry(flow_settings)
    record = registry.with_digest("note", outcome["bundle_digest"])
    bundle = registry.fetch_bundle(record, flow_settings.bundle_cache)
    page = bundle.documents["against_words.md"].decode()
    assert "| metric | decoder | words" in page
    kept = outcome["algorithm"] == "text_decoder"
    assert f"kept {'is the decoder' if kept else 'are words'}" in page
    champion = load_champion("note", str(record.version), bundle)
    decision = decide(champion, json.dumps({"words said": "debt fell badly"}).encode())
    assert 0 < decision.probability < 1


@pytest.mark.slow
async def test_classes_of_a_table_are_compared_without_a_contract(
    flow_settings, table, tmp_path
):
    outcome = await fine_tune_text(
        source=str(table),
        text="words said",
        label="bad",
        encoder=small_encoder(tmp_path),
        device="cpu",
        options={"passes": 2},
    )
    assert outcome["baseline_accuracy"] > 0.8
    assert outcome["folder"].startswith(str(flow_settings.home))


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"model_name": "credit_default"}, "no feature of dtype 'text'"),
        ({}, "name a model, or as source"),
        ({"model_name": "note", "options": {"passes": 0}}, "passes = 0"),
        ({"model_name": "note", "encoder": "house/small"}, "needs the commit"),
        ({"model_name": "note", "decoder": "new", "options": {"heads": 5}}, "multiple"),
    ],
)
async def test_what_cannot_be_trained_is_refused_before_anything_is_read(given, said):
    with pytest.raises(ConfigError, match=said):
        await fine_tune_text(device="cpu", **given)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
async def test_a_run_that_asks_for_cuda_and_lands_without_it_fails_with_the_reason():
    with pytest.raises(DeviceError, match="0 devices are visible"):
        await fine_tune_text("note", source="not read at all")


async def artifacts(key):
    async with get_client() as client:
        found = await client.read_artifacts(
            artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
        )
    return [one.data for one in found]
