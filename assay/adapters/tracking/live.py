"""A run in MLflow that is written while the work goes on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from assay.adapters.tracking.client import mlflow_client, reaching_mlflow
from assay.adapters.tracking.runs import LoggedRun, run_url, start_run

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from assay.settings import Settings


class LiveRun:
    """An open run; `log` adds figures of a step to its curves.

    Parameters
    ----------
    client : MlflowClient
        Of the server.
    settings : Settings
        Name the server.
    logged : LoggedRun
        Where the run is to be seen.
    """

    def __init__(
        self, client: MlflowClient, settings: Settings, logged: LoggedRun
    ) -> None:
        self._client, self._settings, self.logged = client, settings, logged

    def log(self, figures: Mapping[str, float], step: int) -> None:
        """Add one point to the curve of each figure."""
        with reaching_mlflow(self._settings, f"log step {step}"):
            for name, value in figures.items():
                self._client.log_metric(self.logged.run_id, name, value, step=step)


@contextmanager
def live_run(
    settings: Settings, experiment: str, run_name: str, tags: Mapping[str, str]
) -> Iterator[LiveRun]:
    """Open a run that ends as finished, or as failed where the body raises.

    Raises
    ------
    SourceError
        If the MLflow server does not take it.
    """
    client = mlflow_client(settings)
    with reaching_mlflow(settings, f"start run {run_name!r}"):
        run_id = start_run(client, experiment, run_name)
        for name, value in tags.items():
            client.set_tag(run_id, name, value)
        logged = LoggedRun(run_id, run_url(client, settings, run_id))
    try:
        yield LiveRun(client, settings, logged)
    except BaseException:
        client.set_terminated(run_id, "FAILED")
        raise
    client.set_terminated(run_id, "FINISHED")
