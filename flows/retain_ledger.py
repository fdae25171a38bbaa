"""Delete what retention asks to, and erase whom nothing forbids to any more."""

from __future__ import annotations

from prefect import flow

from assay.settings import Settings
from flows.client import one_client
from tasks.ledger import erase_people, has_ledger, publish_retention, retire_due


@flow(name="retain-ledger")
@one_client
async def retain_ledger() -> dict[str, int]:
    """Carry out retention and erasure; legal holds stop both, retention the second."""
    settings = Settings()
    if not has_ledger(settings):
        return {"segments": 0, "erased": 0, "waiting": 0}
    retired = retire_due(settings)
    erasures = erase_people(settings)
    publish_retention(retired, erasures)
    n_erased = sum(each.is_done for each in erasures)
    return {
        "segments": len(retired),
        "erased": n_erased,
        "waiting": len(erasures) - n_erased,
    }
