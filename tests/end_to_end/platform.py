"""Versions in a real registry and a real server, for tests from end to end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from assay.adapters.champions.history import platform_key_file
from assay.adapters.tracking.client import mlflow_client
from assay.bundle import bundle_signature
from assay.history import Served
from assay.ledger.signing import signing_key
from assay.settings import Settings
from tests.serving.conftest import CONTRACT, ROW, unused_port, write_made

SHARE = 0.5
ROOT = Path(__file__).parents[2]


def settings_of(folder: Path, mlflow_url: str, name: str) -> Settings:
    """Return settings of a home of its own, with the contract of a model."""
    (folder / "contracts").mkdir()
    text = CONTRACT.replace('"tiny"', f'"{name}"', 1)
    (folder / "contracts" / f"{name}.toml").write_text(text)
    (folder / "home").mkdir()
    return Settings(
        _env_file=None,
        home=folder / "home",
        contracts=folder / "contracts",
        default_model=name,
        mlflow_url=mlflow_url,
    )


def wait_until(condition: Callable[[], bool], seconds: float = 120) -> None:
    """Return once a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the server did not follow"
        time.sleep(0.02)


def row(n: int) -> dict[str, object]:
    """Return a row about an entity of its own."""
    return {**ROW, "case number": f"e-{n}", "seen-at": "2026-11-20T14:30:00Z"}


def register(settings: Settings, version: int, **made_with: float) -> Served:
    """Upload a signed bundle as the registry's next version of the model."""
    name = settings.default_model
    text = CONTRACT.replace('"tiny"', f'"{name}"', 1)
    made = write_made(
        settings.home / "made" / f"{name}-{version}", contract_text=text, **made_with
    )
    client = mlflow_client(settings)
    if version == 1:
        client.create_registered_model(name)
    run = client.create_run("0").info
    client.log_artifacts(run.run_id, str(made.folder), "bundle")
    key = signing_key(platform_key_file(settings))
    path = f"{run.artifact_uri}/bundle"
    tags = {
        "assay.bundle_digest": made.digest,
        "assay.bundle_path": path.removeprefix("mlflow-artifacts:/").lstrip("/"),
        "assay.bundle_signature": bundle_signature(key, made.digest),
    }
    created = client.create_model_version(name, path, run.run_id, tags=tags)
    return Served(int(created.version), made.digest)


@contextmanager
def serve(settings: Settings, **more: str) -> Iterator[httpx.Client]:
    """Run the service until the end of the block; give a client once it answers."""
    port = unused_port()
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "ASSAY_HOME": str(settings.home),
        "ASSAY_CONTRACTS": str(settings.contracts),
        "ASSAY_DEFAULT_MODEL": settings.default_model,
        "ASSAY_MLFLOW_URL": settings.mlflow_url,
        "ASSAY_API_PORT": str(port),
        "ASSAY_API_REFRESH_SECONDS": "0.1",
        **more,
    }
    log = settings.home / f"server-{port}.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "serving"],
            cwd=settings.home,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        with httpx.Client(base_url=url, trust_env=False, timeout=120) as client:
            _wait_ready(client, process, log)
            yield client
    finally:
        process.terminate()
        process.wait(60)


def _wait_ready(
    client: httpx.Client, process: subprocess.Popen[bytes], log: Path
) -> None:
    end = time.monotonic() + 300
    while time.monotonic() < end:
        try:
            if client.get("/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError(f"not ready within 300 s:\n{log.read_text()}")
