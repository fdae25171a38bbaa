"""The inventory of models, put together from contracts, policy, history and sign-offs."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from assay.adapters.champions.chains import open_chains
from assay.adapters.champions.history import newest_entry
from assay.adapters.champions.signoffs import signoff_cases
from assay.adapters.tracking.monitors import last_watched
from assay.contract import Contract, contract_names, find_contract
from assay.errors import SourceError
from assay.signoff import read_policy
from assay.signoff.inventory import (
    InventoryRow,
    ModelFacts,
    inventory_row,
    last_review_of,
    signed_under,
)

if TYPE_CHECKING:
    from assay.settings import Settings


def read_inventory(settings: Settings, now: datetime) -> list[InventoryRow]:
    """Return a row for every model that has a contract.

    A tracking server that does not answer is a finding of each champion whose monitors
    it would tell of, and keeps nothing else from being shown.

    Parameters
    ----------
    settings : Settings
        Where contracts, policy, database and tracking server are.
    now : datetime
        The time of the look.
    """
    policy = read_policy(settings.policies / "signoff.toml")
    contracts = (
        find_contract(name, settings.contracts)
        for name in contract_names(settings.contracts)
    )
    return [inventory_row(_facts(settings, one), policy, now) for one in contracts]


def _facts(settings: Settings, contract: Contract) -> ModelFacts:
    name, entry = contract.name, newest_entry(settings, contract.name)
    watched, problem = None, ""
    if entry is not None and entry.version is not None:
        try:
            watched = last_watched(settings, name)
        except SourceError as error:
            problem = str(error)
    cases = signoff_cases(settings, name)
    return ModelFacts(
        model_name=name,
        owner=contract.owner,
        purpose=contract.purpose,
        champion=entry.version if entry else None,
        last_review=last_review_of(cases, _ended(settings, name)),
        watched_at=watched,
        signed_under=signed_under(cases, entry.bundle_digest) if entry else None,
        unwatchable=problem,
    )


def _ended(settings: Settings, model_name: str) -> dict[str, datetime]:
    """Return when each case ended, by its request's id."""
    with open_chains(settings) as chains:
        return {
            str(link.content["request_id"]): link.at
            for link in chains.links(f"signoff:{model_name}")
            if link.content["event"] == "closed"
        }
