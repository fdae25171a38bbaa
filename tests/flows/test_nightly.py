"""The main job end to end: data in, champion out, everything visible."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from assay.adapters.champions.history import champions
from assay.adapters.snapshots import SnapshotStore, read_snapshot
from assay.adapters.tracking import Registry
from assay.bundle import Scorer, write_bundle
from assay.contract import find_contract
from assay.errors import AssayError, ConfigError, QualityError, RegistryError
from flows.ingest_snapshot import ingest_snapshot
from flows.nightly import nightly
from flows.promote_challenger import promote_challenger
from flows.score_batch import score_batch
from flows.train_challenger import train_challenger
from tasks.train import build_version

AS_OF = "2026-06-01T00:00:00+00:00"
MODEL = "credit_default"
OPTIONS = {
    "algorithm": "boosting",
    "seed": 0,
    "search_trials": 0,
    "search_minutes": 0.0,
    "folds": 5,
}


def source(seed=7, dirty=0.01, n=6000):
    return (
        f"simulate:lender?n_applicants={n}&start=2025-06-01&days=365&seed={seed}"
        f"&dirty_share={dirty}"
    )


async def artifacts(key):
    """Return the texts of the artifacts with this key, oldest first."""
    async with get_client() as client:
        found = await client.read_artifacts(
            artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
        )
    return [one.data for one in sorted(found, key=lambda one: one.created)]


async def test_the_nightly_makes_a_champion_that_answers(flow_settings):
    outcome = (await nightly(MODEL, source(), as_of=AS_OF))[MODEL]

    assert outcome["promoted"]
    registry = Registry(flow_settings)
    champion = registry.champion(MODEL)
    assert champion.bundle_digest == outcome["bundle_digest"]
    bundle = registry.fetch_bundle(champion, flow_settings.bundle_cache)
    row = {name: [value] for name, value in bundle.golden.rows[0].items()}
    assert Scorer.of(bundle).probabilities(row) == pytest.approx(
        bundle.golden.probabilities[0], abs=1e-12
    )
    [entry] = champions(flow_settings, MODEL)
    assert (entry.version, entry.bundle_digest) == (champion.version, bundle.digest)
    for key in ("quality", "quarantine-reasons", "data-docs", "model-card", "promotion"):
        assert await artifacts(f"credit-default-{key}"), key


async def test_the_same_night_again_changes_nothing(flow_settings):
    before = Registry(flow_settings).versions(MODEL)

    outcome = (await nightly(MODEL, source(), as_of=AS_OF))[MODEL]

    assert outcome["is_champion"]
    assert not outcome["promoted"]
    assert Registry(flow_settings).versions(MODEL) == before
    assert len(champions(flow_settings, MODEL)) == 1


async def test_training_again_without_the_cache_gives_the_same_digest(
    flow_settings, tmp_path
):
    champion = Registry(flow_settings).champion(MODEL)
    snapshot = SnapshotStore(flow_settings).find(champion.tags["assay.snapshot_uri"])
    contract = find_contract(MODEL, flow_settings.contracts)

    @flow
    async def train_again():
        fresh = build_version.with_options(refresh_cache=True)
        return fresh(snapshot, contract, OPTIONS, flow_settings)

    made = await train_again()

    assert write_bundle(tmp_path / "again", made.parts) == champion.bundle_digest


async def test_a_challenger_that_learned_mostly_noise_is_refused_and_the_champion_stays(
    flow_settings, tmp_path
):
    before = Registry(flow_settings).champion(MODEL)
    rows = read_snapshot(before.tags["assay.snapshot_uri"])
    noisy = rows[rows["defaulted"].notna()].copy()
    chosen = noisy.index[np.random.default_rng(0).random(len(noisy)) < 0.7]
    dealt = noisy.loc[chosen, "defaulted"].sample(frac=1, random_state=0)
    noisy.loc[chosen, "defaulted"] = dealt.to_numpy()
    noisy.to_parquet(tmp_path / "noise.parquet")
    await ingest_snapshot(MODEL, str(tmp_path / "noise.parquet"), AS_OF)
    await train_challenger(
        MODEL, noise_uri(flow_settings, before), algorithm="logistic", folds=0
    )

    outcome = await promote_challenger(MODEL)

    assert not outcome["promoted"]
    assert any(failure.startswith("auc") for failure in outcome["failures"])
    assert Registry(flow_settings).champion(MODEL) == before
    assert "refused" in (await artifacts("credit-default-promotion"))[-1]


def noise_uri(settings, champion):
    """Return the snapshot that is not the champion's."""
    folder = settings.snapshot_store / MODEL
    [other] = [
        path
        for path in folder.glob("*.parquet")
        if str(path) != champion.tags["assay.snapshot_uri"]
    ]
    return str(other)


async def test_too_many_bad_rows_stop_the_run_and_leave_their_evidence():
    with pytest.raises(QualityError, match=r"break the contract; at most 5\.00% may"):
        await ingest_snapshot(MODEL, source(dirty=0.2, n=2000), AS_OF)
    assert "**refused**" in (await artifacts("credit-default-quality"))[-1]


async def test_every_row_of_a_batch_is_scored_or_refused_with_reasons(tmp_path):
    output = tmp_path / "scores.parquet"
    outcome = await score_batch(
        MODEL, source(seed=8, dirty=0.05, n=3000), str(output), chunk_rows=700
    )
    table = pq.read_table(output).to_pandas()
    assert len(table) == outcome["n_received"] >= 3000
    assert (table["probability"].isna() == table["reasons_refused"].notna()).all()
    assert outcome["n_refused"] == table["probability"].isna().sum() > 50
    assert set(table["model_version"]) == {outcome["version"]}
    assert sorted(table["row"]) == list(range(len(table)))


async def test_a_model_without_a_contract_lists_those_there_are():
    with pytest.raises(RegistryError, match="credit_default"):
        await train_challenger("nobody")


async def test_a_model_without_a_challenger_says_how_to_get_one():
    with pytest.raises(RegistryError, match="assay run train-challenger"):
        await promote_challenger("taiwan_credit")


async def test_one_model_that_fails_does_not_stop_the_others(monkeypatch):
    sources = {MODEL: source(), "taiwan_credit": "absent.parquet"}
    monkeypatch.setenv("ASSAY_SOURCES", json.dumps(sources))
    with pytest.raises(AssayError, match=r"1 of 2 models failed: taiwan_credit: no file"):
        await nightly("all", as_of=AS_OF)


async def test_all_leaves_out_a_model_whose_source_nobody_named(monkeypatch):
    monkeypatch.setenv("ASSAY_SOURCES", json.dumps({MODEL: source()}))
    assert list(await nightly("all", as_of=AS_OF)) == [MODEL]


async def test_one_source_cannot_serve_all_models():
    with pytest.raises(ConfigError, match="ASSAY_SOURCES"):
        await nightly("all", source())
