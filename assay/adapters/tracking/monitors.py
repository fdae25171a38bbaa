"""When a model's monitors last finished, as their runs in MLflow say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx

from assay.adapters.tracking.client import mlflow_client, reaching_mlflow
from assay.errors import SourceError

if TYPE_CHECKING:
    from assay.settings import Settings

PATIENCE_SECONDS = 10.0


def monitor_experiment(model_name: str) -> str:
    """Return the name of the experiment that keeps a model's monitor runs."""
    return f"monitor-{model_name}"


def last_watched(settings: Settings, model_name: str) -> datetime | None:
    """Return when a monitor of the model last finished; None if none ever did.

    A run that failed has watched nothing and does not count.

    Raises
    ------
    SourceError
        If the MLflow server does not answer, at once: MLflow's own client would try
        for minutes, and a person looks at the inventory.
    """
    _is_there(settings)
    client = mlflow_client(settings)
    with reaching_mlflow(settings, f"read the monitor runs of {model_name!r}"):
        experiment = client.get_experiment_by_name(monitor_experiment(model_name))
        if experiment is None:
            return None
        runs = client.search_runs(
            [experiment.experiment_id],
            filter_string="attributes.status = 'FINISHED'",
            order_by=["attributes.end_time DESC"],
            max_results=1,
        )
    ends = [run.info.end_time for run in runs if run.info.end_time]
    return datetime.fromtimestamp(max(ends) / 1000, UTC) if ends else None


def _is_there(settings: Settings) -> None:
    url = settings.mlflow_tracking
    if not url.startswith("http"):
        return
    try:
        httpx.get(f"{url}/health", timeout=PATIENCE_SECONDS)
    except httpx.HTTPError as error:
        raise SourceError(
            f"MLflow does not answer at {url}: {error or type(error).__name__}; is it "
            "running ('make status')?"
        ) from error
