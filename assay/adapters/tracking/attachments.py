"""Files that are added to a version's run, and tags that lead to them."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from assay.adapters.tracking.client import mlflow_client, reaching_mlflow
from assay.adapters.tracking.registry import VersionRecord
from assay.adapters.tracking.runs import run_url

if TYPE_CHECKING:
    from assay.settings import Settings


def attach_files(
    settings: Settings, record: VersionRecord, folder: str, files: Mapping[str, bytes]
) -> dict[str, str]:
    """Add files to the run that a version came from and return their URLs by name.

    Parameters
    ----------
    settings : Settings
        Where the server is.
    record : VersionRecord
        The version.
    folder : str
        Folder among the run's artifacts; a file of the same name there is replaced.
    files : mapping of str to bytes
        By path below the folder.

    Raises
    ------
    SourceError
        If the MLflow server does not take them.
    """
    with (
        reaching_mlflow(settings, f"add {len(files)} files to version {record.version}"),
        tempfile.TemporaryDirectory() as scratch,
    ):
        for name, content in files.items():
            path = Path(scratch) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        mlflow_client(settings).log_artifacts(record.run_id, scratch, folder)
    return {name: _url(settings, record.run_id, f"{folder}/{name}") for name in files}


def attachment_page(settings: Settings, record: VersionRecord, path: str) -> str:
    """Return the page of MLflow that shows a file of a version's run.

    The file's own URL hands it out as a download.

    Raises
    ------
    SourceError
        If the MLflow server does not say which experiment the run belongs to.
    """
    with reaching_mlflow(settings, f"find the run of version {record.version}"):
        run = run_url(mlflow_client(settings), settings, record.run_id)
    return f"{run}/artifacts/{quote(path, safe='/')}"


def tag_version(
    settings: Settings, record: VersionRecord, tags: Mapping[str, str]
) -> None:
    """Set tags of a version.

    Raises
    ------
    SourceError
        If the MLflow server does not take them.
    """
    client = mlflow_client(settings)
    with reaching_mlflow(settings, f"tag version {record.version}"):
        for name, value in tags.items():
            client.set_model_version_tag(
                record.model_name, str(record.version), name, value
            )


def _url(settings: Settings, run_id: str, path: str) -> str:
    return (
        f"{settings.mlflow_tracking}/get-artifact?path={quote(path, safe='/')}"
        f"&run_uuid={run_id}"
    )
