"""The history of champions in the database, and changes carried out on the registry."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from assay.adapters.champions.chains import open_chains
from assay.adapters.champions.effect_plans import register_rollout
from assay.adapters.tracking.statements import Statements
from assay.history.chain import Link, find_breaks
from assay.history.entry import (
    CHAMPIONS,
    ChampionEntry,
    changes_of_champion,
    entry_of,
    history_of,
)
from assay.history.protocol import (
    Append,
    Decide,
    MoveAlias,
    Publish,
    ReadHead,
    ReadPublished,
    Step,
    Tidy,
    change,
    finish,
)
from assay.history.statement import statement_text
from assay.ledger.signing import signing_key

if TYPE_CHECKING:
    from pathlib import Path

    from assay.settings import Settings

Result = TypeVar("Result")


def platform_key_file(settings: Settings) -> Path:
    """Return the file of the key that signs statements; its public half is beside it."""
    return settings.platform_key_file


def change_champion(settings: Settings, model_name: str, decide: Decide) -> ChampionEntry:
    """Write a change into the history and tell registry and servers; return the entry.

    Parameters
    ----------
    settings : Settings
        Where database and registry are.
    model_name : str
        The model.
    decide : callable
        From the newest entry, None before the first, to the change; it refuses by
        raising.

    Raises
    ------
    SourceError
        If database or registry does not answer. An entry that was written by then
        stands; `finish_changes` publishes it.
    """
    steps = change(model_name, decide, datetime.now(UTC))
    return entry_of(carry_out(settings, steps))


def finish_changes(settings: Settings, model_name: str) -> ChampionEntry | None:
    """Publish the newest entry where a crash prevented it; return it if that was so."""
    link = carry_out(settings, finish(model_name))
    return entry_of(link) if link else None


def carry_out(settings: Settings, steps: Generator[Step, Any, Result]) -> Result:
    """Carry the steps of a change out, each committed before the next."""
    answer: Any = None
    registry = Statements(settings)
    while True:
        try:
            step = steps.send(answer)
        except StopIteration as ended:
            result: Result = ended.value
            return result
        answer = _do(step, settings, registry)


def newest_entry(settings: Settings, model_name: str) -> ChampionEntry | None:
    """Return a model's newest entry, or None before its first promotion."""
    link = _head(settings, model_name)
    return entry_of(link) if link else None


def champion_at(
    settings: Settings, model_name: str, at: datetime
) -> ChampionEntry | None:
    """Return the entry that held at a moment, or None if it was before the first."""
    with open_chains(settings) as chains:
        link = chains.at(history_of(model_name), at)
    return entry_of(link) if link else None


def history(settings: Settings, model_name: str) -> list[ChampionEntry]:
    """Return every entry of a model, oldest first."""
    with open_chains(settings) as chains:
        return [entry_of(link) for link in chains.links(history_of(model_name))]


def champions(settings: Settings, model_name: str) -> list[ChampionEntry]:
    """Return every change of a model's champion, oldest first."""
    return changes_of_champion(history(settings, model_name))


def history_breaks(settings: Settings, model_name: str) -> list[str]:
    """Return what is wrong with a model's chain of entries; empty if it is whole."""
    with open_chains(settings) as chains:
        return find_breaks(chains.links(history_of(model_name)))


def _head(settings: Settings, model_name: str) -> Link | None:
    with open_chains(settings) as chains:
        return chains.head(history_of(model_name))


def _do(step: Step, settings: Settings, registry: Statements) -> object:
    match step:
        case ReadHead(model_name):
            return _head(settings, model_name)
        case Append(link):
            with open_chains(settings) as chains:
                # First: SQLite's driver may keep one of two, and a rollout without its
                # plan would be worse than a plan without its rollout.
                register_rollout(settings, chains, link)
                return chains.append(link)
        case MoveAlias(model_name, alias, version):
            registry.move_alias(model_name, alias, version)
        case Publish(link):
            text = statement_text(link, signing_key(platform_key_file(settings)).sign)
            registry.put(_model(link), link.sequence, text)
        case Tidy(link):
            registry.drop_before(_model(link), link.sequence)
        case ReadPublished(model_name):
            return max(registry.of(model_name), default=0)
    return None


def _model(link: Link) -> str:
    return link.chain.removeprefix(CHAMPIONS)
