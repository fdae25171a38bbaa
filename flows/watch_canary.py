"""The canary's watch: count what it did, and withdraw it by itself when it is worse."""

from __future__ import annotations

from typing import Annotated, Any

from prefect import flow
from pydantic import Field

from assay.contract import find_contract
from assay.settings import Settings
from flows.client import one_client
from flows.parameters import ModelName
from tasks.canary import (
    count_canary,
    publish_trial,
    rule_of,
    withdraw_canary,
)


@flow(name="watch-canary")
@one_client
async def watch_canary(
    model_name: ModelName,
    answers: Annotated[
        str,
        Field(
            title="Answers",
            description="Empty reads the ledger of decisions. Else a file, Parquet or "
            "JSON lines, with entity, version, probability, failed, and label where it "
            "is known.",
        ),
    ] = "",
) -> dict[str, Any]:
    """Add answers to the canary's trial and withdraw the version if the test says so.

    Without a canary the run completes and says so.
    """
    settings = Settings()
    contract = find_contract(model_name, settings.contracts)
    found = count_canary(contract, answers, settings)
    if found is None:
        return {"model_name": model_name, "version": None, "withdrawn": False}
    traffic, counted, reasons = found
    version = traffic.canary.version if traffic.canary else 0
    publish_trial(model_name, traffic, counted, rule_of(contract, traffic.canary_share))
    if reasons:
        withdraw_canary(model_name, version, reasons, settings)
    return {
        "model_name": model_name,
        "version": version,
        "n_new": counted.n_new,
        "withdrawn": bool(reasons),
        "reasons": list(reasons),
    }
