"""The watch of every canary there is, on a schedule."""

from __future__ import annotations

from typing import Any

from prefect import flow

from assay.errors import RegistryError
from assay.settings import Settings
from flows.client import one_client
from flows.watch_canary import watch_canary
from tasks.canary import find_trials


@flow(name="watch-canaries")
@one_client
async def watch_canaries() -> dict[str, dict[str, Any]]:
    """Watch every model that has a canary, from the ledger; what fails fails alone."""
    found: dict[str, dict[str, Any]] = {}
    faults: dict[str, Exception] = {}
    for name in find_trials(Settings()):
        try:
            found[name] = await watch_canary(name)
        except Exception as fault:  # one model's fault must not keep another's canary
            faults[name] = fault
    if faults:
        told = "; ".join(f"{name}: {fault}" for name, fault in faults.items())
        raise RegistryError(f"{len(faults)} canaries could not be watched. {told}")
    return found
