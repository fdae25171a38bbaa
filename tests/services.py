"""Real services for tests, started once a session on free ports."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from sqlalchemy import create_engine, text

from deployments.environment import QUIET

PATIENCE_SECONDS = 600
DRAIN_SECONDS = 120
POSTGRESQL = os.environ.get(
    "ASSAY_TEST_POSTGRESQL", "postgresql+psycopg://postgres@127.0.0.1:5432"
)


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    """Return True if a GET of `url` is answered with a 2xx."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 # loopback
            return 200 <= answer.status < 300
    except OSError:
        return False


@contextmanager
def running(
    command: list[str], url: str, folder: Path, environment: dict[str, str]
) -> Iterator[str]:
    """Run a service until the end of the block; give `url` once it answers."""
    with (folder / "service.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, **QUIET, **environment},
        )
        try:
            wait_for(url, process, folder / "service.log")
            yield url
        finally:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@contextmanager
def running_mlflow(folder: Path, database: str) -> Iterator[str]:
    """Run an MLflow server on a database and a local folder; give its URL."""
    port = free_port()
    command = [
        *("mlflow", "server", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", "1", "--backend-store-uri", database),
        *("--artifacts-destination", str(folder / "artifacts")),
    ]
    environment = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    url = f"http://127.0.0.1:{port}"
    with running(command, f"{url}/health", folder, environment):
        yield url


@contextmanager
def running_prefect(folder: Path, database: str, port: int = 0) -> Iterator[str]:
    """Run a Prefect server on a database; give the URL of its API.

    A free port is taken where none is named.
    """
    port = port or free_port()
    command = ["prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    environment = {
        "PREFECT_HOME": str(folder),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": database,
    }
    api = f"http://127.0.0.1:{port}/api"
    environment["PREFECT_SERVER_UI_API_URL"] = api
    with running(command, f"{api}/health", folder, environment):
        try:
            yield api
        finally:
            deliver_what_waits()


def deliver_what_waits() -> None:
    """Send waiting log lines and events while there is a server to take them.

    Left for later, each would be tried again and again at a server that is gone, and
    what waits for this process' events then waits for that, the process' end too.
    """
    # In a thread without an event loop, so that the call waits wherever it is made.
    for service in (APILogWorker, EventsWorker):
        sending = Thread(target=service.drain_all, kwargs={"timeout": DRAIN_SECONDS})
        sending.start()
        sending.join()


@contextmanager
def postgresql_databases(*names: str) -> Iterator[str]:
    """Create databases of these names, give the server's URL, drop them at the end."""
    server = create_engine(f"{POSTGRESQL}/postgres", isolation_level="AUTOCOMMIT")

    def drop() -> None:
        with server.connect() as connection:
            for name in names:
                connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))

    drop()
    with server.connect() as connection:
        for name in names:
            connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield POSTGRESQL
    finally:
        drop()
        server.dispose()


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the URL of a real MLflow server on SQLite and a local folder."""
    folder = tmp_path_factory.mktemp("mlflow")
    with running_mlflow(folder, f"sqlite:///{folder}/mlflow.db") as url:
        yield url


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until `url` answers; say what the log says if it never does."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not answers(url):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{url} does not answer:\n{log.read_text()[-2000:]}")
        time.sleep(0.2)
