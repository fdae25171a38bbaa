"""The stop button: a person ends a model's answers, or lets it answer again."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from prefect import flow
from pydantic import Field

from assay.settings import Settings
from flows.client import one_client
from flows.parameters import ModelName
from tasks.champions import set_answering


@flow(name="stop-model")
@one_client
async def stop_model(
    model_name: ModelName,
    reason: Annotated[
        str, Field(title="Reason", min_length=1, description="Callers read it.")
    ],
    action: Annotated[
        Literal["stop", "resume"],
        Field(title="Action", description="A stopped model answers 503 with the reason."),
    ] = "stop",
) -> dict[str, Any]:
    """Stop a model with a reason, or resume it."""
    answers = action == "resume"
    entry = set_answering(model_name, reason, Settings(), answers=answers)
    return {
        "model_name": model_name,
        "stopped": entry.traffic.stopped,
        "entry": entry.sequence,
    }
