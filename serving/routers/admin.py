"""``POST /v1/admin/reload``: have every worker look at the registry before it answers."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Any

from fastapi import APIRouter

from serving.catalogue import Catalogue
from serving.problems import Problem
from serving.workers import SILENT_SECONDS, WorkerBoard

LONGEST_SECONDS = 30.0
"""What a caller waits at most, however seldom workers look."""

LOOK_SECONDS = 0.02
_ROUNDS = 2  # the first that ends may have begun before the request


def add_reload(
    router: APIRouter,
    catalogue: Catalogue,
    board: WorkerBoard,
    longest_seconds: float = LONGEST_SECONDS,
) -> None:
    """Add the route that operators ask after they moved an alias.

    Workers look by themselves, one round at a time; the answer leaves once each of them
    has begun and ended a round since the request came, and says whether they agree. So
    one request speaks for all workers, whichever of them took it.

    Parameters
    ----------
    router : APIRouter
        Gets the route.
    catalogue : Catalogue
        Names the models.
    board : WorkerBoard
        Where workers write after each round.
    longest_seconds : float
        Wait after which those that have not looked are named.
    """

    @router.post("/v1/admin/reload")
    async def reload() -> dict[str, Any]:
        begun = time.monotonic()
        await _all_have_looked(board, longest_seconds)
        names = sorted(catalogue.standings)
        models = {name: await asyncio.to_thread(board.agreement, name) for name in names}
        return {
            "agree": all(each["agree"] for each in models.values()),
            "waited_seconds": round(time.monotonic() - begun, 3),
            "models": models,
        }


async def _all_have_looked(board: WorkerBoard, longest_seconds: float) -> None:
    """Return once every worker that is not silent has ended two rounds from now on."""
    asked, end = time.time(), time.monotonic() + longest_seconds
    ended, last = Counter[str](), dict[str, float]()
    while True:
        workers = await asyncio.to_thread(board.read)
        for name, content in workers.items():
            if content["seen"] > asked and content["seen"] != last.get(name):
                ended[name] += 1
                last[name] = content["seen"]
        late = [
            name
            for name, content in workers.items()
            if ended[name] < _ROUNDS and content["age_seconds"] <= SILENT_SECONDS
        ]
        if last and not late:
            return
        if time.monotonic() > end:
            raise Problem(
                503,
                f"{len(late)} of {len(workers)} workers did not look at the registry "
                f"within {longest_seconds:g} s ({', '.join(late[:5]) or 'none'}); they "
                "look every ASSAY_API_REFRESH_SECONDS: ask again",
                headers={"Retry-After": "1"},
            )
        await asyncio.sleep(LOOK_SECONDS)
