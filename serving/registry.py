"""The registry, read over MLflow's REST API alone."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from assay.bundle import SIGNATURE_TAG
from assay.errors import RegistryError, SourceError
from assay.history.statement import STATEMENT_TAG
from serving.asking import FAULTS, answer_to_get

CHAMPION = "champion"
DIGEST_TAG = "assay.bundle_digest"
PATH_TAG = "assay.bundle_path"
MOST_BYTES_PER_FILE = 2**30
_PIECE_BYTES = 2**16


@dataclass(frozen=True, slots=True)
class Entry:
    """A version in the registry, where its bundle is, and who signed it."""

    model_name: str
    version: str
    digest: str
    bundle_path: str
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the registry says of a model.

    Attributes
    ----------
    version : str
        Version that carries the alias; empty where none does.
    stamp : str
        Differs whenever the version, or the model's entry, is another than before: a
        registry that was set up anew counts from 1 again.
    statements : mapping of str to str
        The tags that say who answers, each signed.
    """

    version: str = ""
    stamp: str = ""
    statements: Mapping[str, str] = field(default_factory=dict)


class Registry(Protocol):
    """What serving asks of a registry."""

    def champions(self) -> dict[str, Look]:
        """Return what is said of every model that has a champion or a statement."""

    def champion(self, model_name: str) -> Entry:
        """Return the version that carries the champion's alias."""

    def version(self, model_name: str, version: str) -> Entry:
        """Return a version by its number."""

    def fetch(self, entry: Entry, name: str, target: Path) -> None:
        """Write one file of a version's bundle to `target`."""


class MlflowRegistry:
    """An MLflow server.

    Parameters
    ----------
    url : str
        Where it listens.
    timeout_seconds : float
        Longest wait for a connection or for one piece of an answer.
    """

    def __init__(self, url: str, timeout_seconds: float) -> None:
        self._url, self._timeout = url.rstrip("/"), timeout_seconds

    def champions(self) -> dict[str, Look]:
        """Return what is said of every model that has a champion or a statement.

        One request for 200 models.

        Raises
        ------
        SourceError
            If the server does not answer as MLflow does.
        """
        found: dict[str, Look] = {}
        token = ""
        while True:
            query = {"max_results": "200"} | ({"page_token": token} if token else {})
            page = self._json("registered-models/search", query)
            for model in page.get("registered_models", ()):
                look = _look(model)
                if look.version or look.statements:
                    found[str(model["name"])] = look
            token = page.get("next_page_token", "")
            if not token:
                return found

    def champion(self, model_name: str) -> Entry:
        """Return the version that carries the champion's alias.

        Raises
        ------
        RegistryError
            If the model has no champion, or its version has no bundle.
        SourceError
            If the server does not answer as MLflow does.
        """
        query = {"name": model_name, "alias": CHAMPION}
        return _entry(model_name, self._json("registered-models/alias", query))

    def version(self, model_name: str, version: str) -> Entry:
        """Return a version by its number. It raises as `champion`."""
        query = {"name": model_name, "version": version}
        return _entry(model_name, self._json("model-versions/get", query))

    def fetch(self, entry: Entry, name: str, target: Path) -> None:
        """Write one file of a version's bundle to `target`.

        Raises
        ------
        SourceError
            If the file is not there, too large or did not arrive whole.
        """
        path = f"{quote(entry.bundle_path.strip('/'))}/{quote(name, safe='')}"
        url = f"{self._url}/api/2.0/mlflow-artifacts/artifacts/{path}"
        with (
            _as_source_error(url),
            answer_to_get(url, self._timeout) as answer,
            target.open("wb") as file,
        ):
            _check_status(answer.status)
            n_bytes = 0
            while piece := answer.read(_PIECE_BYTES):
                n_bytes += len(piece)
                if n_bytes > MOST_BYTES_PER_FILE:
                    raise SourceError(
                        f"{name} of {entry.model_name!r} is larger than "
                        f"{MOST_BYTES_PER_FILE} bytes; it is no file of a bundle"
                    )
                file.write(piece)
            declared = answer.headers.get("Content-Length")
            if declared is not None and int(declared) != n_bytes:
                raise SourceError(
                    f"{n_bytes} of {declared} bytes of {url} arrived; try again"
                )

    def _json(self, route: str, query: dict[str, str]) -> dict[str, Any]:
        url = f"{self._url}/api/2.0/mlflow/{route}"
        asked = f"{url}?{urlencode(query)}"
        with _as_source_error(url), answer_to_get(asked, self._timeout) as answer:
            raw = answer.read()
            if answer.status in (400, 404):
                message = _message(raw)
                if message:
                    raise RegistryError(f"the registry refused {route}: {message}")
            _check_status(answer.status)
            content = json.loads(raw)
            if not isinstance(content, dict):
                raise SourceError(f"{url} did not answer with a JSON object")
            return content


@contextlib.contextmanager
def _as_source_error(url: str) -> Iterator[None]:
    try:
        yield
    except (SourceError, RegistryError):
        raise
    except FAULTS as error:
        raise SourceError(
            f"the registry did not deliver {url}: {error or type(error).__name__}; "
            "check that MLflow runs and ASSAY_MLFLOW_URL"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(f"{url} did not answer as MLflow does: {error}") from error


def _look(model: dict[str, Any]) -> Look:
    aliases = {
        each.get("alias"): each.get("version") for each in model.get("aliases", ())
    }
    version = str(aliases.get(CHAMPION, ""))
    # MLflow moves an alias without a new time stamp, and a new version gives one.
    times = [model.get(f"{name}_timestamp", "") for name in ("creation", "last_updated")]
    tags = {str(tag["key"]): str(tag["value"]) for tag in model.get("tags", ())}
    return Look(
        version,
        "/".join(str(part) for part in (version, *times)),
        {name: text for name, text in tags.items() if name.startswith(STATEMENT_TAG)},
    )


def _entry(model_name: str, answer: dict[str, Any]) -> Entry:
    version = answer.get("model_version", {})
    tags = {tag["key"]: tag["value"] for tag in version.get("tags", ())}
    absent = [tag for tag in (DIGEST_TAG, PATH_TAG) if not tags.get(tag)]
    if absent:
        raise RegistryError(
            f"version {version.get('version')} of {model_name!r} has no "
            f"tag {' and '.join(absent)}; it is no bundle of Assay: promote one "
            "that 'assay run train_challenger' registered"
        )
    return Entry(
        model_name,
        str(version["version"]),
        tags[DIGEST_TAG],
        tags[PATH_TAG],
        tags.get(SIGNATURE_TAG, ""),
    )


def _check_status(status: int) -> None:
    if status != 200:
        raise HTTPException(f"status {status}")


def _message(raw: bytes) -> str:
    """Return MLflow's own message, or nothing where the answer is not MLflow's."""
    try:
        content = json.loads(raw)
    except ValueError:
        return ""
    is_told = isinstance(content, dict) and "error_code" in content
    return str(content.get("message", "")) if is_told else ""
