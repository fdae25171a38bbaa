"""The first champion: run the nightly once where the shipped model has none yet."""

from __future__ import annotations

import time

import httpx
from rich.console import Console

from assay.errors import PlatformError
from assay.settings import Settings
from deployments.platform.following import follow
from deployments.platform.prefect_api import UNFINISHED, Json, PrefectApi

NIGHTLY = ("nightly", "every-night")


def champion_version(settings: Settings) -> str | None:
    """Return the version that the alias ``champion`` of the default model names.

    Raises
    ------
    PlatformError
        If MLflow does not answer.
    """
    url = f"{settings.mlflow_tracking}/api/2.0/mlflow/registered-models/alias"
    wanted = {"name": settings.default_model, "alias": "champion"}
    try:
        answer = httpx.get(url, params=wanted, timeout=30.0)
    except httpx.HTTPError as error:
        raise PlatformError(
            f"no MLflow server answers at {settings.mlflow_tracking}: {error}"
        ) from error
    if answer.status_code != 200:
        return None
    return str(answer.json()["model_version"]["version"])


def run_first_night(settings: Settings, console: Console) -> Json:
    """Start the nightly of the default model, or follow the one that runs; return it.

    Raises
    ------
    PlatformError
        If the run does not complete or leaves the model without a champion.
    """
    with PrefectApi(settings.prefect_api) as api:
        run = _running_night(api) or api.start_run(
            _nightly(api)["id"], {"model_name": settings.default_model}
        )
        ended = follow(api, run["id"], console)
        where = api.run_page(run["id"])
    if not ended.is_completed:
        raise PlatformError(
            f"the first nightly ended as {ended.state}: {ended.message or 'no message'}; "
            f"its page: {where}"
        )
    if champion_version(settings) is None:
        raise PlatformError(
            f"the nightly completed and {settings.default_model} has no champion: the "
            f"gate refused it; the reasons are on the run's page: {where}"
        )
    return ended.run


def wait_until_ready(settings: Settings, patience_seconds: float) -> bool:
    """Say whether the API serves a champion within the time."""
    deadline = time.monotonic() + patience_seconds
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{settings.api_url}/ready", timeout=3).status_code == 200:
                return True
        except httpx.HTTPError:
            pass
        time.sleep(0.5)
    return False


def last_night(api: PrefectApi) -> Json | None:
    """Return the newest completed nightly, or None."""
    completed = api.runs(
        state={"type": {"any_": ["COMPLETED"]}},
        deployment_id={"any_": [_nightly(api)["id"]]},
    )
    return completed[0] if completed else None


def _nightly(api: PrefectApi) -> Json:
    for deployment in api.deployments():
        if (deployment["flow_name"], deployment["name"]) == NIGHTLY:
            return deployment
    raise PlatformError(
        f"the deployment {'/'.join(NIGHTLY)} is not on {api.url}; apply prefect.yaml "
        "with 'python -m deployments.bootstrap'"
    )


def _running_night(api: PrefectApi) -> Json | None:
    """Return an unfinished run that is due; those of coming nights are not."""
    unfinished = api.runs(
        state={"type": {"any_": [s for s in UNFINISHED if s != "SCHEDULED"]}},
        deployment_id={"any_": [_nightly(api)["id"]]},
    )
    return unfinished[0] if unfinished else None
