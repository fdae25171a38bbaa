"""Plans for the effects of our own rollouts, and every look at them: a chain a model."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from assay.adapters.champions.chains import Chains, open_chains
from assay.contract import find_contract
from assay.errors import AssayError, RegistryError, SourceError
from assay.history import ChampionEntry, next_link
from assay.history.chain import Link, find_breaks
from assay.history.entry import entry_of, history_of

if TYPE_CHECKING:
    from assay.causal.registration import Registration
    from assay.settings import Settings

EFFECTS = "effects:"
STARTS = ("canary_started", "promoted", "rolled_back")
"""What is done to a champion that puts other decisions before people."""
_ATTEMPTS = 8
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Look:
    """One analysis of a registered rollout.

    Attributes
    ----------
    at : datetime
        When.
    outcome : str
        Of what.
    verdict : str
        Of the answer; ``"refused"`` where the data could not carry the design, and
        ``"given up"`` where runs ended in nothing.
    departures : tuple of str
        Where somebody chose another analysis than the registered one.
    changed : tuple of str
        What had changed under it since: contract, thresholds.
    run : str
        Where it is to be seen.
    note : str
        Why there is no answer, if there is none.
    """

    at: datetime
    outcome: str
    verdict: str
    departures: tuple[str, ...]
    changed: tuple[str, ...]
    run: str
    note: str


@dataclass(frozen=True, slots=True)
class Registered:
    """A registration with the entry that it belongs to, and what became of it.

    Attributes
    ----------
    model_name : str
        The model.
    sequence : int
        Of the rollout's entry in the history of champions.
    at : datetime
        When it was written: with the entry, before any of its outcomes.
    digest : str
        Of the chain's link: covers everything that was promised.
    registration : Registration
        What was promised.
    looks : tuple of Look
        Analyses since, oldest first.
    """

    model_name: str
    sequence: int
    at: datetime
    digest: str
    registration: Registration
    looks: tuple[Look, ...]

    def answer_of(self, outcome: str) -> Look | None:
        """Return the last look that kept to the plan."""
        kept = [o for o in self.looks if o.outcome == outcome and not o.departures]
        return kept[-1] if kept else None


def register_rollout(settings: Settings, chains: Chains, entry: Link) -> Link | None:
    """Write down how the effect of a rollout will be measured, before it begins.

    Parameters
    ----------
    settings : Settings
        Where the contracts are.
    chains : Chains
        Of an open transaction.
    entry : Link
        Of the history, about to be appended. A registration whose entry was never
        appended names a digest that the history does not have, and counts for nothing.

    Returns
    -------
    Link or None
        None where there is nothing to compare with: a first champion, a change that
        puts nobody else's decisions before people, a model without a contract, or a
        champion promoted again.

    Raises
    ------
    AssayError
        If it could not be made or written; the rollout must then not begin. A rollback
        must: nobody waits at night for what is to be measured later, so that one goes
        on without a plan, and the log says why.
    """
    made = entry_of(entry)
    try:
        return _register(settings, chains, entry, made)
    except AssayError as error:
        if made.action != "rolled_back":
            raise
        _log.warning("model=%s rolled back without a plan: %s", made.model_name, error)
        return None


def _register(
    settings: Settings, chains: Chains, entry: Link, made: ChampionEntry
) -> Link | None:
    head = chains.head(history_of(made.model_name))
    before = entry_of(head).version if head else None
    if made.action not in STARTS or before is None:
        return None
    if made.action != "canary_started" and before == made.version:
        return None
    try:
        contract = find_contract(made.model_name, settings.contracts)
    except RegistryError:
        return None  # nothing says what its outcomes are
    # Here: it brings pandas, which `assay stop` need not wait for.
    from assay.causal.registration import registration_of

    registration = registration_of(
        made.model_name,
        made.sequence,
        made.since,
        is_canary=made.action == "canary_started",
        maturity_days=contract.label.maturity_days,
        contract_digest=contract.digest,
    )
    content = {
        "kind": "registered",
        "sequence": made.sequence,
        "entry": entry.digest,
        **registration.as_dict(),
    }
    return _appended(chains, made.model_name, content, made.since)


def record_look(
    settings: Settings,
    registered: Registered,
    look: Look,
    evidence: Mapping[str, str] | None = None,
) -> None:
    """Append an analysis to the chain of its plan.

    Raises
    ------
    SourceError
        If it could not be written; what was seen must then not be shown.
    """
    content = {
        "kind": "looked",
        "registration": registered.digest,
        "outcome": look.outcome,
        "verdict": look.verdict,
        "departures": list(look.departures),
        "changed": list(look.changed),
        "run": look.run,
        "note": look.note,
        "evidence": dict(evidence or {}),
    }
    with open_chains(settings) as chains:
        _appended(chains, registered.model_name, content, look.at)


def registered_rollouts(settings: Settings, model_name: str) -> list[Registered]:
    """Return the registrations of a model whose rollouts did begin, oldest first."""
    from assay.causal.registration import read_registration

    with open_chains(settings) as chains:
        links = list(chains.links(EFFECTS + model_name))
        entries = {link.digest for link in chains.links(history_of(model_name))}
    looks: dict[str, list[Look]] = {}
    for link in links:
        content = link.content
        if content["kind"] == "looked":
            looks.setdefault(content["registration"], []).append(_look(link, content))
    return [
        Registered(
            model_name,
            link.content["sequence"],
            link.at,
            link.digest,
            read_registration(link.content),
            tuple(looks.get(link.digest, ())),
        )
        for link in links
        if link.content["kind"] == "registered" and link.content["entry"] in entries
    ]


def registered_rollout(settings: Settings, entry: ChampionEntry) -> Registered | None:
    """Return the registration of one entry of the history; None of one without."""
    known = registered_rollouts(settings, entry.model_name)
    return next((one for one in known if one.sequence == entry.sequence), None)


def plan_breaks(settings: Settings, model_name: str) -> list[str]:
    """Return what is wrong with a model's chain of plans; empty if it is whole."""
    with open_chains(settings) as chains:
        return find_breaks(chains.links(EFFECTS + model_name))


def _appended(
    chains: Chains, model_name: str, content: Mapping[str, Any], at: datetime
) -> Link:
    name = EFFECTS + model_name
    for _ in range(_ATTEMPTS):
        link = next_link(name, chains.head(name), content, at)
        if chains.append(link):
            return link
    raise SourceError(
        f"{_ATTEMPTS} times somebody else wrote to {name} first; run it again"
    )


def _look(link: Link, content: Mapping[str, Any]) -> Look:
    return Look(
        at=link.at.astimezone(UTC),
        outcome=content["outcome"],
        verdict=content["verdict"],
        departures=tuple(content["departures"]),
        changed=tuple(content["changed"]),
        run=content["run"],
        note=content["note"],
    )
