"""A client of the MLflow server, and its faults as errors of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from assay.errors import SourceError

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from assay.settings import Settings


def mlflow_client(settings: Settings) -> MlflowClient:
    """Return a client of the server that the settings name; no global state is set."""
    from mlflow import MlflowClient  # 4 s that callers without it save

    url = settings.mlflow_tracking
    return MlflowClient(tracking_uri=url, registry_uri=url)


@contextmanager
def reaching_mlflow(settings: Settings, doing: str) -> Iterator[None]:
    """Turn a fault of the MLflow server into a `SourceError` that says what to do."""
    from mlflow.exceptions import MlflowException
    from requests.exceptions import RequestException

    try:
        yield
    except (MlflowException, RequestException) as error:
        first_line = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SourceError(
            f"could not {doing} at MLflow ({settings.mlflow_tracking}): {first_line}; "
            "is it running ('make status')?"
        ) from error


def is_not_found(error: Exception) -> bool:
    """Return True if MLflow says that a thing does not exist."""
    # An absent alias is an invalid parameter to some stores, not an absent resource.
    code = getattr(error, "error_code", "")
    return code == "RESOURCE_DOES_NOT_EXIST" or "not found" in str(error).lower()
