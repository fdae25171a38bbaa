"""The environment of every process that Assay starts, in one place.

Nothing here calls home: each library's telemetry is switched off by its own variable,
since `DO_NOT_TRACK` alone is not understood by all of them.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydantic import SecretStr

if TYPE_CHECKING:
    from assay.settings import Settings

QUIET: Mapping[str, str] = MappingProxyType(
    {
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",  # the word; "1" is not understood
        "GX_ANALYTICS_ENABLED": "false",
        "DVC_NO_ANALYTICS": "1",
        "ITERATIVE_DO_NOT_TRACK": "1",
        "EVIDENTLY_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
        "STREAMLIT_SERVER_HEADLESS": "true",
        "HF_HUB_OFFLINE": "1",  # models come from packages, never from a hub
        "TOKENIZERS_PARALLELISM": "false",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
        "GIT_PYTHON_REFRESH": "quiet",
        "PREFECT_CLI_PROMPT": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        # By default each event of a task run is a transaction of its own. On SQLite a
        # request that meets one is refused and tried again two seconds later.
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "100",
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
        "PYTHONUNBUFFERED": "1",
    }
)
"""Telemetry off, no prompts, no progress bars in logs, patience on a busy machine."""

PLATFORM_MARK = "ASSAY_PLATFORM"
"""Names, in a process's environment, the home of the platform that started it."""
SERVICE_MARK = "ASSAY_SERVICE"
"""Names the service; child processes of a service inherit it."""


def project_root() -> Path:
    """Return the folder that holds `prefect.yaml`, `flows/` and `data/`."""
    return Path(__file__).resolve().parents[1]


def be_quiet() -> None:
    """Set the quiet variables in this process where the caller has not set them."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)


def settings_environment(settings: Settings, root: Path) -> dict[str, str]:
    """Return the variables from which a child builds the same `settings`.

    Relative folders become absolute, so that the child may stand anywhere.
    """
    found = {}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, Path):
            text = str((root / value).resolve())
        elif isinstance(value, SecretStr):
            text = value.get_secret_value()
        elif isinstance(value, dict):
            plain = {key: _plain(item) for key, item in value.items()}
            text = json.dumps(plain, sort_keys=True)
        else:
            text = str(value)
        found[f"ASSAY_{name.upper()}"] = text
    return found


def platform_environment(settings: Settings, root: Path) -> dict[str, str]:
    """Return what each service and flow run gets on top of `os.environ`."""
    home = (root / settings.home).resolve()
    wanted = dict(QUIET) | settings_environment(settings, root)
    wanted |= {
        PLATFORM_MARK: str(home),
        "PWD": str(root),
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_API_URL": settings.prefect_api,
        # Relative: with another port than 4200 the page would look for its API there.
        "PREFECT_SERVER_UI_API_URL": "/api",
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": settings.prefect_database_url,
        "PREFECT_RESULTS_LOCAL_STORAGE_PATH": str(home / "results"),
        "PREFECT_WORKER_QUERY_SECONDS": "2",
        "MLFLOW_TRACKING_URI": settings.mlflow_tracking,
        "MLFLOW_BACKEND_STORE_URI": settings.mlflow_database_url,
        "MLFLOW_ARTIFACTS_DESTINATION": settings.mlflow_artifact_store,
        # Its job runner costs seven processes and two gigabytes, for nothing used here.
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    if settings.s3_endpoint:
        wanted["MLFLOW_S3_ENDPOINT_URL"] = settings.s3_endpoint
        wanted["AWS_ENDPOINT_URL_S3"] = settings.s3_endpoint
    return wanted


def digest_of(paths: list[Path], *texts: str) -> str:
    """Return SHA-256 over names and contents of files, and over texts."""
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    for text in texts:
        total.update(text.encode() + b"\0")
    return total.hexdigest()


def _plain(value: object) -> object:
    return value.get_secret_value() if isinstance(value, SecretStr) else value
