"""``POST /v1/models/{model}/what-if``: what would have to be different."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated, Any, TypeAlias

import orjson
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool

from assay.errors import DataError
from assay.reasons.whatif import WhatIf, WhatIfSearch
from serving.catalogue import Catalogue
from serving.champion import Champion, explainer_of
from serving.middleware import read_json_body
from serving.numbers import WHOLE
from serving.problems import Problem
from serving.refusals import refusal

MOST_BOXES = 5_000
"""Where a search ends: about a second of one processor at 250 trees of depth 4."""

AT_A_TIME = 1
"""Searches at a time in a worker; more wait, since decisions come first."""


Searches: TypeAlias = dict[str, tuple[str, WhatIfSearch]]
"""By model: digest of the bundle, and its search; one version a model is kept."""


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    row: dict[str, Any]
    may_change: Annotated[list[str], Field(min_length=1, max_length=200)] | None = None
    most_changes: Annotated[int, Field(ge=1, le=10), WHOLE] = 3


def what_if_router(catalogue: Catalogue, most_bytes: int) -> APIRouter:
    """Return the route that answers what-if questions.

    Parameters
    ----------
    catalogue : Catalogue
        The champions.
    most_bytes : int
        Largest body.
    """
    router = APIRouter(include_in_schema=False)  # serving.openapi describes them
    searches: Searches = {}
    turns = asyncio.Semaphore(AT_A_TIME)

    @router.post("/v1/models/{model}/what-if")
    async def what_if(model: str, request: Request) -> dict[str, Any]:
        champion = catalogue.champion(model)
        if champion.explainer is None:
            raise Problem(409, f"version {champion.version} was made without reasons")
        asked, row = _parsed(champion, await read_json_body(request, most_bytes))
        async with turns:
            found = await run_in_threadpool(_answered, champion, asked, row, searches)
        return {
            "model": champion.model_name,
            "version": champion.version,
            "bundle_digest": champion.bundle.digest,
            "threshold": champion.threshold,
            **_document(found),
        }

    return router


def _parsed(champion: Champion, body: bytes) -> tuple[_Asked, dict[str, Any]]:
    try:
        asked = _Asked.model_validate_json(body)
    except ValidationError as error:
        kinds = {each["type"] for each in error.errors()}
        raise Problem(
            400 if "json_invalid" in kinds else 422,
            'send {"row": a row as for /score, "may_change": names of fields, optional, '
            '"most_changes": 1 to 10, optional}',
        ) from None
    try:
        row = champion.row_model.model_validate_json(orjson.dumps(asked.row))
    except ValidationError as error:
        raise refusal(error, champion.contract) from None
    except TypeError:
        raise Problem(422, "the row holds a number that is too large") from None
    return asked, champion.values(row)


def _answered(
    champion: Champion, asked: _Asked, row: dict[str, Any], searches: Searches
) -> WhatIf:
    try:
        known = searches.get(champion.model_name)
        if known is not None and known[0] == champion.bundle.digest:
            search = known[1]
        else:
            explainer = explainer_of(champion.bundle)
            assert explainer is not None  # noqa: S101 # the route asked
            search = WhatIfSearch(
                explainer,
                champion.contract,
                champion.threshold,
                lambda changed: float(champion.probabilities([changed])[0]),
            )
            searches[champion.model_name] = (champion.bundle.digest, search)
        return search.nearest_change(
            row,
            may_change=asked.may_change,
            most_changes=asked.most_changes,
            most_boxes=MOST_BOXES,
        )
    except DataError as error:
        raise Problem(422, str(error)) from error


def _document(found: WhatIf) -> dict[str, Any]:
    flips = found.verdict == "flips"
    return {
        "verdict": found.verdict,
        "changes": [asdict(change) for change in found.changes],
        "probability": found.probability,
        "probability_after": found.probability_after,
        "distance": found.distance if flips else None,
        "gap": found.gap if flips else None,
        "is_nearest": flips and found.gap == 0,
    }
