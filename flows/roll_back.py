"""Rollback: a former champion answers again, with the reason on record."""

from __future__ import annotations

from typing import Annotated, Any

from prefect import flow
from pydantic import Field

from assay.settings import Settings
from flows.client import one_client
from flows.parameters import ModelName
from tasks.champions import give_back


@flow(name="roll-back")
@one_client
async def roll_back(
    model_name: ModelName,
    reason: Annotated[
        str, Field(title="Reason", min_length=1, description="For whoever asks later.")
    ],
    version: Annotated[
        int | None,
        Field(
            title="Version",
            ge=1,
            description="A former champion; empty is the one that the present replaced.",
        ),
    ] = None,
) -> dict[str, Any]:
    """Give requests back to the previous or a named former champion."""
    entry = give_back(model_name, version, reason, Settings())
    return {
        "model_name": model_name,
        "version": entry.version,
        "entry": entry.sequence,
        "since": entry.since.isoformat(),
    }
