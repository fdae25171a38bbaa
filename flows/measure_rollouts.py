"""Receipts: what a rollout promised to measure is measured when its labels are there."""

from __future__ import annotations

from typing import Any

from prefect import flow

from assay.settings import Settings
from flows.client import one_client
from tasks.measuring import publish_receipts, start_estimates


@flow(name="measure-rollouts")
@one_client
async def measure_rollouts() -> dict[str, Any]:
    """Start `estimate-effect` for each registered plan that is due, once, and show all.

    A promotion, rollback or canary registers its plans as it is written into the history
    of champions; nobody has to ask.
    """
    settings = Settings()
    started = await start_estimates(settings)
    return {"started": started, "plans": publish_receipts(settings)}
