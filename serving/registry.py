"""The registry, read over MLflow's REST API alone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import httpx

from assay.bundle import SIGNATURE_TAG
from assay.errors import RegistryError, SourceError

CHAMPION = "champion"
DIGEST_TAG = "assay.bundle_digest"
PATH_TAG = "assay.bundle_path"
MOST_BYTES_PER_FILE = 2**30


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
        Version that carries the alias.
    stamp : str
        Differs whenever the version, or the model's entry, is another than before: a
        registry that was set up anew counts from 1 again.
    """

    version: str
    stamp: str


class Registry(Protocol):
    """What serving asks of a registry."""

    def champions(self) -> dict[str, Look]:
        """Return the champion's version of every model that has one."""

    def champion(self, model_name: str) -> Entry:
        """Return the champion of a model."""

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
        self._url = url.rstrip("/")
        # The environment's proxies are not asked: the registry is inside.
        self._client = httpx.Client(timeout=timeout_seconds, trust_env=False)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def champions(self) -> dict[str, Look]:
        """Return the champion's version of every model that has one. One request.

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
                for alias in model.get("aliases", ()):
                    if alias.get("alias") == CHAMPION:
                        found[str(model["name"])] = _look(model, str(alias["version"]))
            token = page.get("next_page_token", "")
            if not token:
                return found

    def champion(self, model_name: str) -> Entry:
        """Return the champion of a model.

        Raises
        ------
        RegistryError
            If the model has no champion, or its version has no bundle.
        SourceError
            If the server does not answer as MLflow does.
        """
        query = {"name": model_name, "alias": CHAMPION}
        version = self._json("registered-models/alias", query).get("model_version", {})
        tags = {tag["key"]: tag["value"] for tag in version.get("tags", ())}
        absent = [tag for tag in (DIGEST_TAG, PATH_TAG) if not tags.get(tag)]
        if absent:
            raise RegistryError(
                f"champion version {version.get('version')} of {model_name!r} has no "
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
            self._client.stream("GET", url) as answer,
            target.open("wb") as file,
        ):
            answer.raise_for_status()
            n_bytes = 0
            for piece in answer.iter_bytes():
                n_bytes += len(piece)
                if n_bytes > MOST_BYTES_PER_FILE:
                    raise SourceError(
                        f"{name} of {entry.model_name!r} is larger than "
                        f"{MOST_BYTES_PER_FILE} bytes; it is no file of a bundle"
                    )
                file.write(piece)

    def _json(self, route: str, query: dict[str, str]) -> dict[str, Any]:
        url = f"{self._url}/api/2.0/mlflow/{route}"
        with _as_source_error(url):
            answer = self._client.get(url, params=query)
            if answer.status_code in (400, 404):
                message = _message(answer)
                if message:
                    raise RegistryError(f"the registry refused {route}: {message}")
            answer.raise_for_status()
            content = answer.json()
            if not isinstance(content, dict):
                raise SourceError(f"{url} did not answer with a JSON object")
            return content


@contextlib.contextmanager
def _as_source_error(url: str) -> Iterator[None]:
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        raise SourceError(
            f"the registry did not deliver {url}: {error or type(error).__name__}; "
            "check that MLflow runs and ASSAY_MLFLOW_URL"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, SourceError | RegistryError):
            raise
        raise SourceError(f"{url} did not answer as MLflow does: {error}") from error


def _look(model: dict[str, Any], version: str) -> Look:
    # MLflow moves an alias without a new time stamp, and a new version gives one.
    times = [model.get(f"{name}_timestamp", "") for name in ("creation", "last_updated")]
    return Look(version, "/".join(str(part) for part in (version, *times)))


def _message(answer: httpx.Response) -> str:
    """Return MLflow's own message, or nothing where the answer is not MLflow's."""
    try:
        content = answer.json()
    except ValueError:
        return ""
    return str(content.get("message", "")) if "error_code" in content else ""
