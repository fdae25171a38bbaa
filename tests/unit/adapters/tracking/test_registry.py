"""Versions in a real MLflow server: registered once, fetched whole, moved by alias."""

import uuid

import numpy as np
import pandas as pd
import pytest

from assay.adapters.tracking import Evidence, Registry, log_evidence, log_training
from assay.adapters.tracking.registry import CHAMPION
from assay.bundle import (
    SIGNATURE_TAG,
    Scorer,
    check_signature,
    read_bundle,
    trusted_keys,
    write_bundle,
)
from assay.errors import BundleError, RegistryError, SourceError
from assay.settings import Settings
from tests.services import mlflow_server
from tests.unit.bundle.conftest import CONTRACT, tiny_parts

__all__ = ["mlflow_server"]

EVIDENCE = Evidence(
    parameters={"depth": 4},
    metrics={"auc": 0.8, "auc_low": 0.7},
    files={"plots/roc.txt": b"a plot"},
    tags={"assay.flow_run": "none"},
)


@pytest.fixture
def settings(mlflow_server, tmp_path):
    return Settings(home=tmp_path, mlflow_url=mlflow_server)


@pytest.fixture
def bundle(tmp_path):
    """Return a bundle of a model that no other test has."""
    name = f"tiny_{uuid.uuid4().hex[:8]}"
    parts = tiny_parts(CONTRACT.replace('"tiny"', f'"{name}"'), name)
    digest = write_bundle(tmp_path / "made" / "b", parts)
    return read_bundle(tmp_path / "made" / "b", digest)


def test_a_model_without_versions_has_no_champion(settings):
    registry = Registry(settings)
    assert registry.with_alias("nobody", CHAMPION) is None
    assert registry.versions("nobody") == []
    with pytest.raises(RegistryError, match="assay run nightly --model nobody"):
        registry.champion("nobody")


def test_a_bundle_goes_in_and_comes_back_byte_by_byte(settings, bundle, tmp_path):
    record, logged = log_training(settings, bundle, "file:///snapshot", EVIDENCE)
    assert record.version == 1
    assert record.bundle_digest == bundle.digest
    assert record.tags["assay.snapshot_uri"] == "file:///snapshot"
    assert logged.url.startswith(settings.mlflow_tracking)
    fetched = Registry(settings).fetch_bundle(record, tmp_path / "cache")
    assert fetched.digest == bundle.digest
    assert sorted(p.name for p in fetched.folder.iterdir()) == sorted(
        p.name for p in bundle.folder.iterdir()
    )
    assert [p.name for p in (tmp_path / "cache").iterdir()] == [bundle.digest]


def test_the_same_digest_is_registered_once(settings, bundle):
    first, _ = log_training(settings, bundle, "file:///snapshot", EVIDENCE)
    second, _ = log_training(settings, bundle, "file:///snapshot", EVIDENCE)
    assert first == second
    assert len(Registry(settings).versions(bundle.manifest.model_name)) == 1


def test_moving_the_alias_makes_a_champion(settings, bundle):
    record, _ = log_training(settings, bundle, "file:///snapshot", EVIDENCE)
    registry = Registry(settings)
    registry.move_alias(record.model_name, CHAMPION, record.version)
    assert registry.champion(record.model_name).version == record.version
    assert record.model_name in registry.model_names()


def test_mlflows_own_tools_load_a_version_and_agree_with_ours(settings, bundle):
    import mlflow

    record, _ = log_training(settings, bundle, "file:///snapshot", EVIDENCE)
    rows = pd.DataFrame({"income": [0.0, 2.0], "housing": ["own", "rent"]})
    mlflow.set_tracking_uri(settings.mlflow_tracking)
    theirs = mlflow.pyfunc.load_model(f"models:/{record.model_name}/{record.version}")
    found = theirs.predict(rows)["probability"].to_numpy()
    ours = Scorer.of(bundle).probabilities(rows.to_dict("list"))
    np.testing.assert_array_equal(found, ours)


def test_a_cached_bundle_that_was_altered_is_refused(settings, bundle, tmp_path):
    record, _ = log_training(settings, bundle, "file:///snapshot", EVIDENCE)
    registry = Registry(settings)
    fetched = registry.fetch_bundle(record, tmp_path / "cache")
    (fetched.folder / "card.md").write_text("better than it was")
    with pytest.raises(BundleError, match=r"card\.md"):
        registry.fetch_bundle(record, tmp_path / "cache")


def test_evidence_is_kept_with_its_figures(settings):
    from mlflow import MlflowClient

    logged = log_evidence(settings, "evidence-test", "a run", EVIDENCE)
    client = MlflowClient(tracking_uri=settings.mlflow_tracking)
    run = client.get_run(logged.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.metrics == {"auc": 0.8, "auc_low": 0.7}
    assert run.data.params == {"depth": "4"}
    assert client.list_artifacts(logged.run_id, "plots")[0].path == "plots/roc.txt"


def test_a_server_that_is_down_is_named_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    settings = Settings(home=tmp_path, mlflow_url="http://127.0.0.1:1")
    with pytest.raises(SourceError, match=r"127\.0\.0\.1:1\).*make status"):
        Registry(settings).versions("tiny")


def test_a_version_is_signed_once_with_the_platforms_own_key(settings, bundle):
    record, _ = log_training(settings, bundle, "file:///snapshot", EVIDENCE)
    assert SIGNATURE_TAG not in record.tags
    registry = Registry(settings)
    signed = registry.sign(record)
    trusted = trusted_keys("", settings.platform_key_file.with_suffix(".pub"))
    check_signature(signed.tags[SIGNATURE_TAG], bundle.digest, trusted)
    assert settings.platform_key_file.stat().st_mode & 0o777 == 0o600
    (kept,) = registry.versions(bundle.manifest.model_name)
    assert kept == signed
    assert registry.sign(kept) is kept
