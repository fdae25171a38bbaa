"""The check of champions: the signed history against what the registry says."""

from __future__ import annotations

from prefect import flow

from assay.errors import RegistryError
from assay.settings import Settings
from flows.client import one_client
from tasks.champions import check_standing


@flow(name="check-champions")
@one_client
async def check_champions() -> dict[str, list[str]]:
    """Finish interrupted changes, end expired requests, and fail on any disagreement.

    An alias that was moved by hand changes nothing for callers; the run fails so that
    somebody looks.
    """
    found = check_standing(Settings())
    told = [f"{name}: {each}" for name, findings in found.items() for each in findings]
    if told:
        raise RegistryError(f"{len(told)} findings. {'; '.join(told)}")
    return found
