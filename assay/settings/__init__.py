"""One frozen `Settings`, built at entry points and passed on as an argument.

Every setting is an environment variable with the prefix ``ASSAY_`` (nested with two
underscores) or a line of ``.env``. The defaults run everything on one machine: SQLite
and local files. The same code with other settings uses PostgreSQL and object storage.
"""

from __future__ import annotations

import getpass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from assay.errors import ConfigError
from assay.settings.service import ServiceSettings

Port = Annotated[int, Field(ge=1, le=65535)]

SHIPPED_SOURCES = MappingProxyType(
    {
        "credit_default": "simulate:lender?n_applicants=200000&start=2025-10-01"
        "&days=1826&seed=7&dirty_share=0.01"
    }
)
"""Sources of the shipped models, where the settings name none: each day brings rows."""


class Settings(ServiceSettings):
    """Where Assay keeps its things and finds its services.

    Attributes
    ----------
    contracts : Path
        Folder of the contracts, one TOML file a model.
    policies : Path
        Folder of the policies; `signoff.toml` says who must sign for a version,
        `alerts.toml` who hears of an alert, and when.
    alert_channels : mapping of str to SecretStr
        Addresses of the channels that the policy names: ``https:``, ``slack+https:`` or
        ``smtp:``.
    identity : str
        Who acts: trains, rolls back, stops. Empty takes the name of the account.
    lock : Path
        Lock that the environment was installed from; its digest goes into a version.
    code_revision : str
        Name of the code where there is no git checkout, as in an image.
    default_model : str
        Model that ``make run`` trains and ``POST /predict`` asks.
    sources : mapping of str to str
        Source of each model's data, for runs that name none. See `docs/sources.md`.
    databases : mapping of str to SecretStr
        SQLAlchemy URLs that SQL sources name, so that no password is a parameter.
    host : str
        Address that the services listen on.
    prefect_port, mlflow_port, api_port : int
        Their ports.
    prefect_api_url, mlflow_url : str
        Where the services are; empty means on this machine at the ports above.
    prefect_database, mlflow_database, database : SecretStr
        Database URLs; empty means an SQLite file under `home`. `database` holds
        Assay's own tables.
    mlflow_artifacts : str
        Folder or ``s3://`` URL of MLflow's artifacts; empty means under `home`.
    snapshot_remote : str
        DVC remote for snapshots: a folder or ``s3://`` URL; empty means under `home`.
    s3_endpoint : str
        Endpoint of an S3-compatible store; empty means the cloud's own.
    openml_url, uci_url : str
        Where pinned downloads come from.
    download_timeout_seconds : float
        Longest wait for one answer of a remote source.
    cuda_pool : {"process", "docker", "kubernetes"}
        What the workers of the pool ``cuda`` start a run as.
    cuda_devices : int
        CUDA devices behind that pool; as many runs go at once, others wait.
    fan_out : str
        Where many independent pieces of work run: empty for the flow's own process,
        ``dask:N`` for N processes beside it, or a Dask scheduler's address such as
        ``tcp://10.0.0.5:8786``. The numbers are the same.
    language_model : str
        Model that writes answers from documents: its name at `language_model_url`, else
        a local folder or hub id of transformers. Empty means that answers are quoted.
    language_model_url : str
        OpenAI-compatible endpoint, such as ``http://127.0.0.1:8080/v1``.
    language_model_key : SecretStr
        Its key; empty means none.
    language_model_window : int
        Tokens that the model takes, answer included.
    language_model_timeout_seconds : float
        Longest wait for what it writes, all tries together.

    See Also
    --------
    ServiceSettings : `home`, and the settings of the scoring API and its records.
    """

    contracts: Path = Path("data/contracts")
    policies: Path = Path("data/policies")
    alert_channels: dict[str, SecretStr] = Field(default_factory=dict)
    identity: str = ""
    lock: Path = Path("locks/dev.txt")
    code_revision: str = ""
    default_model: str = "credit_default"
    sources: dict[str, str] = Field(default_factory=dict)
    databases: dict[str, SecretStr] = Field(default_factory=dict)
    host: str = "127.0.0.1"
    prefect_port: Port = 4200
    mlflow_port: Port = 5000
    api_port: Port = 8000
    prefect_api_url: str = ""
    mlflow_url: str = ""
    prefect_database: SecretStr = SecretStr("")
    mlflow_database: SecretStr = SecretStr("")
    database: SecretStr = SecretStr("")
    mlflow_artifacts: str = ""
    snapshot_remote: str = ""
    s3_endpoint: str = ""
    openml_url: str = "https://data.openml.org"
    uci_url: str = "https://archive.ics.uci.edu"
    download_timeout_seconds: Annotated[float, Field(gt=0)] = 30.0
    cuda_pool: Literal["process", "docker", "kubernetes"] = "process"
    cuda_devices: Annotated[int, Field(ge=1)] = 1
    fan_out: str = ""
    language_model: str = ""
    language_model_url: str = ""
    language_model_key: SecretStr = SecretStr("")
    language_model_window: Annotated[int, Field(ge=512)] = 8192
    language_model_timeout_seconds: Annotated[float, Field(gt=0)] = 20.0

    @property
    def actor(self) -> str:
        """Identity of whoever runs this process."""
        return self.identity or getpass.getuser()

    @property
    def prefect_api(self) -> str:
        """URL of the Prefect API."""
        return self.prefect_api_url or f"http://{self.host}:{self.prefect_port}/api"

    @property
    def mlflow_tracking(self) -> str:
        """URL of the MLflow server."""
        return self.mlflow_url or f"http://{self.host}:{self.mlflow_port}"

    @property
    def api_url(self) -> str:
        """URL of the scoring API on this machine."""
        return f"http://{self.host}:{self.api_port}"

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL of Assay's own tables."""
        return self.database.get_secret_value() or self._sqlite("assay.db")

    @property
    def mlflow_database_url(self) -> str:
        """SQLAlchemy URL of the MLflow server's tables."""
        return self.mlflow_database.get_secret_value() or self._sqlite("mlflow.db")

    @property
    def prefect_database_url(self) -> str:
        """SQLAlchemy URL, with an asynchronous driver, of the Prefect server's tables."""
        return self.prefect_database.get_secret_value() or self._sqlite(
            "prefect.db", "sqlite+aiosqlite"
        )

    @property
    def mlflow_artifact_store(self) -> str:
        """Folder or URL of MLflow's artifacts."""
        return self.mlflow_artifacts or str(self.home.resolve() / "mlflow-artifacts")

    @property
    def snapshot_store(self) -> Path:
        """Folder of the DVC repository that holds the snapshots."""
        return self.home.resolve() / "snapshots"

    @property
    def snapshot_remote_url(self) -> str:
        """Folder or URL that snapshots are pushed to."""
        return self.snapshot_remote or str(self.home.resolve() / "snapshot-remote")

    @property
    def known_sources(self) -> dict[str, str]:
        """Sources by model: those of the shipped models, and over them the settings'."""
        return {**SHIPPED_SOURCES, **self.sources}

    def source_of(self, model_name: str, source: str | None = None) -> str:
        """Return `source`, or the one that the settings name for the model.

        Raises
        ------
        ConfigError
            If neither names one.
        """
        found = source or self.known_sources.get(model_name)
        if not found:
            raise ConfigError(
                f"no source for model {model_name!r}: give the flow's parameter "
                f"'source' or set ASSAY_SOURCES='{{\"{model_name}\": \"FILE\"}}'"
            )
        return found

    def _sqlite(self, name: str, driver: str = "sqlite") -> str:
        return f"{driver}:///{self.home.resolve() / name}"
