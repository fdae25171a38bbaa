"""The inventory of models, put together from contracts, policy, history and sign-offs."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from assay.adapters.chains import open_chains
from assay.adapters.history import newest_entry
from assay.adapters.signoffs import signoff_cases
from assay.contract import contract_names, find_contract
from assay.signoff import read_policy
from assay.signoff.inventory import (
    InventoryRow,
    ModelFacts,
    inventory_row,
    last_review_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.settings import Settings


def read_inventory(
    settings: Settings, now: datetime, watched_at: Mapping[str, datetime] | None = None
) -> list[InventoryRow]:
    """Return a row for every model that has a contract.

    Parameters
    ----------
    settings : Settings
        Where contracts, policy and database are.
    now : datetime
        The time of the look.
    watched_at : mapping of str to datetime, optional
        When each model's monitors last finished; a model without is shown as never
        watched.
    """
    policy = read_policy(settings.policies / "signoff.toml")
    found = []
    for name in contract_names(settings.contracts):
        contract = find_contract(name, settings.contracts)
        entry = newest_entry(settings, name)
        facts = ModelFacts(
            model_name=name,
            owner=contract.owner,
            purpose=contract.purpose,
            champion=entry.version if entry else None,
            last_review=_last_review(settings, name),
            watched_at=(watched_at or {}).get(name),
        )
        found.append(inventory_row(facts, policy, now))
    return found


def _last_review(settings: Settings, model_name: str) -> datetime | None:
    with open_chains(settings) as chains:
        ended = {
            str(link.content["request_id"]): link.at
            for link in chains.links(f"signoff:{model_name}")
            if link.content["event"] == "closed"
        }
    return last_review_of(signoff_cases(settings, model_name), ended)
