"""Against a real MLflow server: the double in conftest.py could be wrong about it."""

import os
import subprocess
import sys
import time
from datetime import UTC, datetime

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assay.bundle import bundle_signature
from assay.history.chain import Link, next_link
from assay.history.entry import Change, change_content, history_of
from assay.history.statement import STATEMENT_TAG, statement_text
from assay.history.traffic import Served, Traffic, stopped
from serving.cache import BundleCache
from serving.catalogue import Catalogue
from serving.registry import MlflowRegistry


@pytest.fixture
def mlflow_url(tmp_path, free_port):
    log = (tmp_path / "mlflow.log").open("w")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_BACKEND_STORE_URI": f"sqlite:///{tmp_path}/mlflow.db",
        "MLFLOW_ARTIFACTS_DESTINATION": str(tmp_path / "artifacts"),
    }
    command = [
        *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"),
        *("--port", str(free_port), "--workers", "1", "--serve-artifacts"),
    ]
    process = subprocess.Popen(
        command, env=environment, cwd=tmp_path, stdout=log, stderr=log
    )
    url = f"http://127.0.0.1:{free_port}"
    end = time.monotonic() + 400
    while time.monotonic() < end:
        try:
            if httpx.get(f"{url}/health", trust_env=False).status_code == 200:
                break
        except httpx.TransportError:
            time.sleep(0.3)
    else:
        pytest.fail((tmp_path / "mlflow.log").read_text()[-3000:])
    yield url
    process.terminate()
    process.wait(60)
    log.close()


class Mlflow:
    """The REST calls with which a version comes to be."""

    def __init__(self, url: str, key: Ed25519PrivateKey) -> None:
        self.url = url
        self.key = self.statement_key = key
        self.head: Link | None = None
        self.client = httpx.Client(trust_env=False, timeout=30)

    def call(self, route: str, **content: object) -> dict:
        method = "DELETE" if route.startswith("-") else "POST"
        url = f"{self.url}/api/2.0/mlflow/{route.removeprefix('-')}"
        answer = self.client.request(method, url, json=content)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def register(self, made, model: str = "tiny") -> str:
        """Upload a bundle as a run's artifact and make it the champion."""
        run = self.call("runs/create", experiment_id="0", start_time=0)["run"]["info"]
        source = f"{run['artifact_uri']}/the bundle"
        path = source.removeprefix("mlflow-artifacts:/")
        for file in made.folder.iterdir():
            url = f"{self.url}/api/2.0/mlflow-artifacts/artifacts/{path}/{file.name}"
            self.client.put(url, content=file.read_bytes()).raise_for_status()
        tags = {
            "assay.bundle_digest": made.digest,
            "assay.bundle_path": path,
            "assay.bundle_signature": bundle_signature(self.key, made.digest),
        }
        version = self.call(
            "model-versions/create",
            name=model,
            source=source,
            run_id=run["run_id"],
            tags=[{"key": key, "value": value} for key, value in tags.items()],
        )["model_version"]["version"]
        self.promote(version, made.digest, model)
        return version

    def promote(self, version: str, digest: str, model: str = "tiny") -> None:
        """Move the alias and publish the statement, as the platform does."""
        alias = {"name": model, "alias": "champion", "version": version}
        self.call("registered-models/alias", **alias)
        self.state(Traffic(Served(int(version), digest)), model)

    def state(self, traffic: Traffic, model: str = "tiny") -> None:
        content = change_content(Change("promoted", traffic, "tests", ("a test",)))
        self.head = next_link(history_of(model), self.head, content, datetime.now(UTC))
        text = statement_text(self.head, self.statement_key.sign)
        key = f"{STATEMENT_TAG}{self.head.sequence}"
        self.call("registered-models/set-tag", name=model, key=key, value=text)


@pytest.mark.slow
def test_a_version_in_a_real_registry_is_served_moved_rolled_back_and_stopped(
    mlflow_url, make_bundle, settings, trust, registry
):
    mlflow = Mlflow(mlflow_url, registry.key)
    registry_key = registry.key
    registry = MlflowRegistry(mlflow_url, 10.0)
    catalogue = Catalogue(registry, BundleCache(settings.bundle_cache), ["tiny"], trust)
    catalogue.refresh()
    assert catalogue.registry_problem == ""
    assert "no champion" in catalogue.standings["tiny"].problem

    mlflow.call("registered-models/create", name="tiny")
    for n in range(3):
        mlflow.call("registered-models/create", name=f"foreign team {n}")
    catalogue.refresh()
    assert "no champion" in catalogue.standings["tiny"].problem

    made = make_bundle()
    first = mlflow.register(made)
    catalogue.refresh()
    assert catalogue.champion("tiny").version == first
    assert catalogue.champion("tiny").bundle.digest == made.digest

    second = mlflow.register(make_bundle(bias=0.4))
    catalogue.refresh()
    assert catalogue.champion("tiny").version == second

    mlflow.promote(first, made.digest)
    catalogue.refresh()
    assert catalogue.champion("tiny").version == first

    standing = catalogue.standings["tiny"]
    catalogue.refresh()
    assert catalogue.standings["tiny"] is standing
    mlflow.key = Ed25519PrivateKey.generate()
    foreign = mlflow.register(make_bundle(bias=0.6))
    catalogue.refresh()
    assert catalogue.champion("tiny").version == first
    assert f"version {foreign} was refused" in catalogue.standings["tiny"].problem
    mlflow.key = registry_key

    third = mlflow.register(make_bundle(golden_shift=0.1))
    catalogue.refresh()
    assert catalogue.champion("tiny").version == first
    assert f"version {third} was refused" in catalogue.standings["tiny"].problem

    mlflow.promote(first, made.digest)
    mlflow.call("-registered-models/alias", name="tiny", alias="champion")
    catalogue.refresh()
    catalogue.refresh()
    assert catalogue.champion("tiny").version == first
    assert "is on no version and was moved by hand" in catalogue.standings["tiny"].problem
    mlflow.state(stopped(Traffic(Served(int(first), made.digest)), "a person said so"))
    catalogue.refresh()
    assert "stopped: a person said so" in catalogue.standings["tiny"].problem
    assert catalogue.standings["tiny"].champion is None
    assert set(catalogue.standings) == {"tiny"}
    mlflow.client.close()
