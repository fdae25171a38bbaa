"""Against a real MLflow server: the double in conftest.py could be wrong about it."""

import os
import subprocess
import sys
import time

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assay.bundle import bundle_signature
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
        self.key = key
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
        self.promote(version, model)
        return version

    def promote(self, version: str, model: str = "tiny") -> None:
        alias = {"name": model, "alias": "champion", "version": version}
        self.call("registered-models/alias", **alias)


@pytest.mark.slow
def test_a_version_in_a_real_registry_is_served_moved_rolled_back_and_withdrawn(
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

    mlflow.promote(first)
    catalogue.refresh()
    assert catalogue.champion("tiny").version == first

    stamp = catalogue.standings["tiny"].stamp
    catalogue.refresh()
    assert catalogue.standings["tiny"].stamp == stamp
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

    mlflow.call("-registered-models/alias", name="tiny", alias="champion")
    catalogue.refresh()
    assert catalogue.standings["tiny"].champion is None
    assert set(catalogue.standings) == {"tiny"}
    registry.close()
    mlflow.client.close()
