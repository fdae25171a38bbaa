"""A real Prefect server, a real MLflow server and a home of their own, per database."""

from __future__ import annotations

import gc
import os
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_LOCAL_STORAGE_PATH,
    PREFECT_RESULTS_PERSIST_BY_DEFAULT,
    temporary_settings,
)

from assay.settings import Settings
from tests.services import postgresql_databases, running_mlflow, running_prefect


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bear with sockets that Prefect's client leaves to the garbage collector."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            for kind in ("ResourceWarning", "pytest.PytestUnraisableExceptionWarning"):
                item.add_marker(pytest.mark.filterwarnings(f"ignore::{kind}"))


@dataclass(frozen=True)
class Services:
    """Where the flow tests run."""

    settings: Settings
    prefect_api: str


@pytest.fixture(
    scope="package",
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)],
)
def services(request, tmp_path_factory) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp(f"platform-{request.param}")
    for name in ("mlflow", "prefect", "home"):
        (folder / name).mkdir()
    with ExitStack() as stack:
        if request.param == "sqlite":
            urls = {
                "mlflow": f"sqlite:///{folder}/mlflow/mlflow.db",
                "prefect": f"sqlite+aiosqlite:///{folder}/prefect/prefect.db",
                "assay": "",
            }
        else:
            own = uuid.uuid4().hex[:12]  # another run of the tests may go on beside
            names = [f"assay_test_{own}_{n}" for n in ("mlflow", "prefect", "own")]
            server = stack.enter_context(postgresql_databases(*names))
            asynchronous = server.replace("+psycopg", "+asyncpg")
            urls = {
                "mlflow": f"{server}/{names[0]}",
                "prefect": f"{asynchronous}/{names[1]}",
                "assay": f"{server}/{names[2]}",
            }
        api = stack.enter_context(running_prefect(folder / "prefect", urls["prefect"]))
        mlflow = stack.enter_context(running_mlflow(folder / "mlflow", urls["mlflow"]))
        stack.enter_context(
            temporary_settings(
                {
                    PREFECT_API_URL: api,
                    PREFECT_LOCAL_STORAGE_PATH: folder / "results",
                    PREFECT_RESULTS_PERSIST_BY_DEFAULT: False,
                }
            )
        )
        settings = Settings(
            home=folder / "home", mlflow_url=mlflow, database=urls["assay"]
        )
        yield Services(settings, api)
        gc.collect()


@pytest.fixture(autouse=True)
def flow_settings(services: Services, monkeypatch) -> Settings:
    """Give flows, which build their own settings, those of the test services."""
    given = services.settings
    monkeypatch.setenv("ASSAY_HOME", str(given.home))
    monkeypatch.setenv("ASSAY_MLFLOW_URL", given.mlflow_url)
    monkeypatch.setenv("ASSAY_DATABASE", given.database.get_secret_value())
    return given


@pytest.fixture
def root() -> Path:
    return Path(os.environ.get("ASSAY_ROOT", ".")).resolve()
