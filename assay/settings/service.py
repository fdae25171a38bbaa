"""Settings of the service that decides, and of the records that it keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """How the scoring API answers and where its records go.

    Attributes
    ----------
    home : Path
        Folder of everything that is written: databases, snapshots, logs, caches.
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
        Time between two looks of the API at the registry: how soon a stop, a rollback or
        a new champion holds.
    api_body_bytes : int
        Largest body of a request to the API.
    ledger : str
        Folder of the ledger of decisions; empty means ``ledger`` under `home`.
    ledger_mode : {"durable", "relaxed", "off"}
        Whether an answer of the API waits until its record is on the disk, only until
        the operating system has it, or is not recorded.
    api_body_seconds : float
        Longest time that a caller may take to send a head, and to send a body.
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
    ledger_copies: str = ""
    ledger_archive: str = ""
    ledger_keys: str = ""
    ledger_retention: dict[str, dict[str, float]] = {}
    registry_timeout_seconds: Annotated[float, Field(gt=0)] = 5.0
    require_signature: bool = True
    platform_key: str = ""
    platform_public_keys: str = ""
    api_refresh_seconds: Annotated[float, Field(gt=0)] = 0.3
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
        """File of the key that signs checkpoints: the platform's."""
        return self.platform_key_file

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
