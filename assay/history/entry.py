"""An entry of the history of champions: what changed, by whom, on which ground."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from assay.history.chain import Link
from assay.history.traffic import Traffic, read_traffic, traffic_content

Action: TypeAlias = Literal[
    "promoted",
    "rolled_back",
    "stopped",
    "resumed",
    "canary_started",
    "canary_withdrawn",
    "shadow_set",
]
CHAMPIONS = "champions:"


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be written.

    Attributes
    ----------
    action : Action
        What is done.
    traffic : Traffic
        Who answers after it.
    actor : str
        Who does it: a person, or a flow run.
    reasons : tuple of str
        Why, one sentence each.
    authority : str
        Sign-off request that allows it; empty where the model's tier asks for none.
    """

    action: Action
    traffic: Traffic
    actor: str
    reasons: tuple[str, ...]
    authority: str = ""


@dataclass(frozen=True, slots=True)
class ChampionEntry:
    """One entry of a model's history.

    Attributes
    ----------
    model_name : str
        The model.
    sequence : int
        1 for the first entry of the model.
    since : datetime
        When, in UTC.
    change : Change
        What was done, and who answers since.
    digest : str
        Digest of the entry, which holds that of the entry before.
    """

    model_name: str
    sequence: int
    since: datetime
    change: Change
    digest: str

    @property
    def traffic(self) -> Traffic:
        """Who answers since this entry."""
        return self.change.traffic

    @property
    def action(self) -> Action:
        """What was done."""
        return self.change.action

    @property
    def actor(self) -> str:
        """Who did it."""
        return self.change.actor

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it was done."""
        return self.change.reasons

    @property
    def version(self) -> int | None:
        """The champion's version since this entry."""
        return self.traffic.champion.version if self.traffic.champion else None

    @property
    def bundle_digest(self) -> str:
        """Digest of the champion's bundle; empty without a champion."""
        return self.traffic.champion.bundle_digest if self.traffic.champion else ""


def history_of(model_name: str) -> str:
    """Return the name of the chain that holds a model's history."""
    return CHAMPIONS + model_name


def change_content(change: Change) -> dict[str, Any]:
    """Return a change as JSON holds it."""
    return {
        "action": change.action,
        "traffic": traffic_content(change.traffic),
        "actor": change.actor,
        "reasons": list(change.reasons),
        "authority": change.authority,
    }


def entry_of(link: Link) -> ChampionEntry:
    """Return the entry that a link of a model's history holds."""
    content = link.content
    return ChampionEntry(
        model_name=link.chain.removeprefix(CHAMPIONS),
        sequence=link.sequence,
        since=link.at,
        change=Change(
            action=content["action"],
            traffic=read_traffic(content["traffic"]),
            actor=str(content["actor"]),
            reasons=tuple(content["reasons"]),
            authority=str(content["authority"]),
        ),
        digest=link.digest,
    )


def changes_of_champion(entries: Iterable[ChampionEntry]) -> list[ChampionEntry]:
    """Return the entries at which another version became the champion."""
    found: list[ChampionEntry] = []
    for entry in entries:
        if entry.traffic.champion != (found[-1].traffic.champion if found else None):
            found.append(entry)
    return found
