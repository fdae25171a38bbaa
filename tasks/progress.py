"""Progress of long work as an artifact that moves in the Prefect UI."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prefect import get_run_logger
from prefect.artifacts import create_progress_artifact, update_progress_artifact

STEP = 0.05
"""Smallest advance that is shown; each update is a request to the server."""


def progress_artifact(description: str) -> Callable[[str, float], None]:
    """Return a function to call with a stage's name and the share of it that is done.

    A new stage starts a new artifact and a log line. To be called inside a task.
    """
    shown: dict[str, tuple[Any, float]] = {}
    logger = get_run_logger()

    def tell(stage: str, share: float) -> None:
        if stage not in shown:
            logger.info("stage begins: %s: %s", description, stage)
            artifact = create_progress_artifact(
                progress=100 * share, description=f"{description}: {stage}"
            )
            shown[stage] = (artifact, share)
            return
        artifact, last = shown[stage]
        if share - last >= STEP or share >= 1 > last:
            update_progress_artifact(artifact, progress=100 * share)
            shown[stage] = (artifact, share)

    return tell
