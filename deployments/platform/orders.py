"""The three orders: up, down, status. Each returns the command's exit code."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from rich.console import Console

from assay.errors import PlatformError
from deployments.bootstrap import is_current, read_plan
from deployments.platform.display import table_of
from deployments.platform.first_night import (
    champion_version,
    last_night,
    run_first_night,
    wait_until_ready,
)
from deployments.platform.guide import scoring_example
from deployments.platform.prefect_api import PrefectApi
from deployments.platform.services import Platform
from deployments.platform.supervision import (
    look,
    start_services,
    stop_services,
)

READY_SECONDS = 90.0
"""The API looks for a new champion by itself, every few seconds."""


def up(platform: Platform, console: Console) -> int:
    """Bring the platform up and the default model to a champion; say where to look."""
    begun = time.monotonic()
    changed = start(platform, console)
    settings = platform.settings
    is_first = champion_version(settings) is None
    if is_first:
        console.print(f"first nightly of {settings.default_model}", highlight=False)
        run_first_night(settings, console)
    _wait_for_champion(platform, console)
    took = time.monotonic() - begun
    if not (changed or is_first):
        console.print(f"everything runs already, nothing changed ({took:.1f} s)")
    else:
        console.print(f"the platform is up ({took:.0f} s)", highlight=False)
    _say_where(platform, console)
    return 0


def start(platform: Platform, console: Console) -> bool:
    """Bring services and deployments up; say whether anything had to be done."""
    started = start_services(platform, console)
    return _apply_deployments(platform, console) or bool(started)


def down(platform: Platform, console: Console) -> int:
    """End every process of the platform."""
    n_running = stop_services(platform)
    console.print(
        f"stopped {n_running} processes" if n_running else "nothing was running",
        highlight=False,
    )
    return 0


def status(platform: Platform, console: Console) -> int:
    """Show every service; the exit code is 0 only if all are healthy."""
    found = look(platform)
    console.print(table_of([row for row, _ in found], [pid for _, pid in found]))
    return 0 if all(row.state == "healthy" for row, _ in found) else 1


def _apply_deployments(platform: Platform, console: Console) -> bool:
    """Apply `prefect.yaml` where the server does not hold it; say whether it did."""
    plan = read_plan(
        platform.root, platform.settings.cuda_pool, platform.settings.cuda_devices
    )
    with PrefectApi(platform.settings.prefect_api) as api:
        if is_current(api, plan):
            return False
    log = platform.logs / "bootstrap.log"
    command = [sys.executable, "-m", "deployments.bootstrap", str(platform.root)]
    with log.open("w") as output:
        ended = subprocess.run(  # noqa: S603 # a command of our own making
            command,
            env={**os.environ, **platform.environment},
            cwd=platform.root,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    lines = log.read_text().strip()
    if ended.returncode != 0:
        raise PlatformError(f"prefect.yaml was not applied: {lines[-2000:]}")
    console.print(lines, markup=False, highlight=False)
    return True


def _wait_for_champion(platform: Platform, console: Console) -> None:
    """Wait until the API has loaded the champion and its golden rows agree."""
    console.print("waiting for the API to load the champion", style="dim")
    if not wait_until_ready(platform.settings, READY_SECONDS):
        raise PlatformError(
            f"the API does not become ready: see {platform.settings.api_url}/ready and "
            f"{platform.logs / 'api.log'}"
        )


def _say_where(platform: Platform, console: Console) -> None:
    settings = platform.settings
    with PrefectApi(settings.prefect_api) as api:
        night = last_night(api)
        page = api.run_page(night["id"]) if night else f"{api.page}/runs"
    version = champion_version(settings)
    model = f"{settings.mlflow_tracking}/#/models/{settings.default_model}"
    for what, where in (
        ("Prefect, last nightly", page),
        (f"MLflow, champion is version {version}", f"{model}/versions/{version}"),
        ("API documentation", f"{settings.api_url}/docs"),
        ("logs", str(platform.logs)),
    ):
        console.print(f"  {what}: {where}", highlight=False, soft_wrap=True)
    console.print("try it:", highlight=False)
    console.print(
        scoring_example(settings), markup=False, highlight=False, soft_wrap=True
    )
