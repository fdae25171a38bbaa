"""Sign-off: a person's signed decision on the version that waits for it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from prefect import flow
from pydantic import Field

from assay.settings import Settings
from flows.client import one_client
from flows.parameters import ModelName
from tasks.signoff import settle_case, take_signature


@flow(name="sign-off")
@one_client
async def sign_off(
    model_name: ModelName,
    decision: Annotated[
        Literal["approve", "refuse"],
        Field(title="Decision", description="What you signed; one refusal ends it."),
    ],
    key: Annotated[
        str,
        Field(
            title="Key",
            pattern="^[0-9a-f]{16}$",
            description="Id of your key; 'assay keys list' shows it.",
        ),
    ],
    signature: Annotated[
        str,
        Field(
            title="Signature",
            pattern="^[0-9a-fA-F]{128}$",
            description="From 'assay sign MODEL approve --comment WHY --key FILE "
            "--show'; your private key stays with you.",
        ),
    ],
    comment: Annotated[
        str, Field(title="Comment", description="Exactly as it was signed.")
    ] = "",
) -> dict[str, Any]:
    """Take a signature; with the last one that is asked for, the version is promoted."""
    settings = Settings()
    case = take_signature(model_name, decision, comment, key, signature, settings)
    verdict = settle_case(case, settings)
    return {
        "model_name": model_name,
        "version": case.request.version,
        "status": verdict.status,
        "reasons": list(verdict.reasons),
        "next_role": verdict.next_role,
    }
