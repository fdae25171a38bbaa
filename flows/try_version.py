"""A version on trial: watched in the shadow, or on a share of the live requests."""

from __future__ import annotations

from typing import Annotated, Any

from prefect import flow
from pydantic import Field

from assay.settings import Settings
from flows.client import one_client
from flows.parameters import ModelName
from tasks.canary import put_on_trial


@flow(name="try-version")
@one_client
async def try_version(
    model_name: ModelName,
    version: Annotated[int, Field(title="Version", ge=1)],
    share: Annotated[
        float,
        Field(
            title="Share",
            ge=0,
            le=0.5,
            description="Of the requests that it answers; 0 only watches it.",
        ),
    ] = 0.1,
) -> dict[str, Any]:
    """Put a version on trial beside the champion."""
    entry = put_on_trial(model_name, version, share, Settings())
    return {"model_name": model_name, "version": version, "entry": entry.sequence}
