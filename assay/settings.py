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
from pydantic_settings import BaseSettings, SettingsConfigDict

from assay.errors import ConfigError

Port = Annotated[int, Field(ge=1, le=65535)]

SHIPPED_SOURCES = MappingProxyType(
    {
        "credit_default": "simulate:lender?n_applicants=200000&start=2025-10-01"
        "&days=1826&seed=7&dirty_share=0.01"
    }
)
"""Sources of the shipped models, where the settings name none: each day brings rows."""


class Settings(BaseSettings):
    """Where Assay keeps its things and finds its services.

    Attributes
    ----------
    home : Path
        Folder of everything that is written: databases, snapshots, logs, caches.
    contracts : Path
        Folder of the contracts, one TOML file a model.
    policies : Path
        Folder of the policies; `signoff.toml` says who must sign for a version.
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
    ledger_copies : str
        Second place of the ledger's checkpoints, best on another machine; empty means
        that there is none.
    ledger_archive : str
        Where sealed segments of the ledger go: a folder, an ``s3://`` URL, or
        ``database`` for Assay's own tables; empty means a folder under `home`.
    ledger_keys : str
        Folder of the keys that personal inputs are sealed under, apart from the ledger;
        empty means ``ledger-keys`` under `home`.
    ledger_retention : mapping of str to mapping
        By policy profile, ``keep_days``, the least that its records are kept, and
        ``delete_days``, after which they are deleted. A profile that is not named is
        kept for good.
    openml_url, uci_url : str
        Where pinned downloads come from.
    download_timeout_seconds : float
        Longest wait for one answer of a remote source.
    registry_timeout_seconds : float
        Longest wait of the API for one answer of the MLflow server.
    require_signature : bool
        Whether the API refuses a bundle that none of the platform's keys signed. False
        is for development with a registry that holds unsigned versions.
    platform_key : str
        File of the platform's private key, which signs bundles; empty means
        ``keys/platform.pem`` under `home`, made where there is none.
    platform_public_keys : str
        Public keys that the API trusts, or files of them, separated by commas; empty
        means ``keys/platform.pub`` under `home`.
    api_refresh_seconds : float
        Time between two looks of the API at the registry: how soon a moved champion
        answers.
    api_body_bytes : int
        Largest body of a request to the API.
    ledger : str
        Folder of the ledger of decisions; empty means ``ledger`` under `home`.
    ledger_mode : {"durable", "relaxed", "off"}
        Whether an answer of the API waits until its record is on the disk, only until
        the operating system has it, or is not recorded.
    api_body_seconds : float
        Longest time that a caller may take to send a body.
    api_most_in_flight : int
        Requests that one worker holds at a time; more are answered 503 at once.
    api_keys : str
        ``on``, ``off``, or ``auto``: on where `host` is not this machine alone.
    api_key_file : str
        File of the API keys' hashes; empty means ``keys/api-keys.json`` under `home`.
    api_rate_per_second : float
        Requests that each API key may make a second, by worker; 0 means no limit. A key
        can have a rate of its own.
    api_log_json : bool
        Whether the API logs one JSON object a line.
    api_log_requests : bool
        Whether the API logs every request, not only failures.
    api_traces : bool
        Whether the API makes OpenTelemetry spans; needs the package opentelemetry-sdk.
    """

    model_config = SettingsConfigDict(
        env_prefix="ASSAY_",
        env_nested_delimiter="__",
        env_file=".env",
        extra="ignore",
        frozen=True,
    )

    home: Path = Path(".assay")
    contracts: Path = Path("data/contracts")
    policies: Path = Path("data/policies")
    identity: str = ""
    lock: Path = Path("locks/dev.txt")
    code_revision: str = ""
    default_model: str = "credit_default"
    sources: dict[str, str] = {}
    databases: dict[str, SecretStr] = {}
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
    ledger_copies: str = ""
    ledger_archive: str = ""
    ledger_keys: str = ""
    ledger_retention: dict[str, dict[str, float]] = {}
    openml_url: str = "https://data.openml.org"
    uci_url: str = "https://archive.ics.uci.edu"
    download_timeout_seconds: Annotated[float, Field(gt=0)] = 30.0
    registry_timeout_seconds: Annotated[float, Field(gt=0)] = 5.0
    require_signature: bool = True
    platform_key: str = ""
    platform_public_keys: str = ""
    api_refresh_seconds: Annotated[float, Field(gt=0)] = 0.75
    api_body_bytes: Annotated[int, Field(ge=1024)] = 8 * 2**20
    ledger: str = ""
    ledger_mode: Literal["durable", "relaxed", "off"] = "durable"
    api_body_seconds: Annotated[float, Field(gt=0)] = 10.0
    api_most_in_flight: Annotated[int, Field(ge=1)] = 256
    api_keys: Literal["auto", "on", "off"] = "auto"
    api_key_file: str = ""
    api_rate_per_second: Annotated[float, Field(ge=0)] = 0.0
    api_log_json: bool = False
    api_log_requests: bool = False
    api_traces: bool = False

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
    def bundle_cache(self) -> Path:
        """Folder of the bundles that the API has fetched."""
        return self.home.resolve() / "bundles"

    @property
    def ledger_folder(self) -> Path:
        """Folder of the ledger of decisions."""
        return Path(self.ledger or self.home / "ledger").resolve()

    @property
    def ledger_copies_folder(self) -> Path | None:
        """Second place of the ledger's checkpoints, or None."""
        return Path(self.ledger_copies) if self.ledger_copies else None

    @property
    def ledger_keys_folder(self) -> Path:
        """Folder of the keys of personal inputs."""
        return Path(self.ledger_keys or self.home.resolve() / "ledger-keys")

    @property
    def ledger_signing_key(self) -> Path:
        """File of the key that signs checkpoints; its public half stands beside it."""
        return self.home.resolve() / "keys" / "ledger.pem"

    @property
    def platform_key_file(self) -> Path:
        """File of the platform's private key; its public half stands beside it."""
        return Path(self.platform_key or self.home.resolve() / "keys" / "platform.pem")

    @property
    def api_keys_file(self) -> Path:
        """File of the API keys' hashes."""
        return Path(self.api_key_file or self.home.resolve() / "keys" / "api-keys.json")

    @property
    def workers_folder(self) -> Path:
        """Folder in which each worker of the API says what it serves."""
        return self.home.resolve() / "workers"

    @property
    def document_index(self) -> Path:
        """Folder of the document index."""
        return self.home.resolve() / "document-index"

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
