"""How a change is made, step by step: a core without IO.

The generators below yield one step at a time and are sent its answer. A driver carries
the steps out on a database and a registry; a test carries them out in every order and
stops after each of them.

The entry in the database is the commit point: appended or not, there is one champion.
What servers and people read (statement, aliases) follows from the newest entry. Who
publishes looks again after writing and repeats if the history went on meanwhile; whoever
dies on the way is finished by the next change or by `finish`, which the scheduled check
runs. Each entry is published under its own number and servers follow the highest, so
that a slow writer cannot put an older one in a newer one's place.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from assay.errors import RegistryError
from assay.history.chain import Link, next_link
from assay.history.entry import (
    ChampionEntry,
    Change,
    change_content,
    entry_of,
    history_of,
)

ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class ReadHead:
    """Answered by the newest link of a model's history, or None."""

    model_name: str


@dataclass(frozen=True, slots=True)
class Append:
    """Answered by False if somebody else appended a link of that number first."""

    link: Link


@dataclass(frozen=True, slots=True)
class MoveAlias:
    """Give the alias to a version, or take it away for None."""

    model_name: str
    alias: str
    version: int | None


@dataclass(frozen=True, slots=True)
class Publish:
    """Sign the link's statement and put it where servers read it."""

    link: Link


@dataclass(frozen=True, slots=True)
class Tidy:
    """Take away statements about entries before this link."""

    link: Link


@dataclass(frozen=True, slots=True)
class ReadPublished:
    """Answered by the highest number of a published entry; 0 without one."""

    model_name: str


Step: TypeAlias = ReadHead | Append | MoveAlias | Publish | Tidy | ReadPublished
Steps: TypeAlias = Generator[Step, Any, Link]
Decide: TypeAlias = Callable[[ChampionEntry | None], Change]


def change(model_name: str, decide: Decide, at: datetime) -> Steps:
    """Write what `decide` returns for the newest entry, and publish it.

    Parameters
    ----------
    model_name : str
        The model.
    decide : callable
        From the newest entry, None before the first, to the change. It is asked again
        when somebody else was faster, and refuses by raising.
    at : datetime
        When the change is made.

    Raises
    ------
    RegistryError
        If others were faster every time.
    """
    for _ in range(ATTEMPTS):
        head = yield ReadHead(model_name)
        wanted = decide(entry_of(head) if head else None)
        link = next_link(history_of(model_name), head, change_content(wanted), at)
        if (yield Append(link)):
            return (yield from publish(link))
    raise RegistryError(
        f"{ATTEMPTS} times somebody else changed {model_name!r} first; look at its "
        "history with 'assay who-was-live' and try again"
    )


def publish(link: Link) -> Steps:
    """Tell registry and servers about the newest link; return the one that they know.

    Aliases move before the statement: once the statement stands, an alias that differs
    was moved by somebody else.
    """
    while True:
        entry = entry_of(link)
        shadow = entry.traffic.shadow
        if entry.version is not None:
            yield MoveAlias(entry.model_name, "champion", entry.version)
        yield MoveAlias(entry.model_name, "shadow", shadow.version if shadow else None)
        yield Publish(link)
        yield Tidy(link)
        newest = yield ReadHead(entry.model_name)
        if newest is None or newest.sequence <= link.sequence:
            return link
        link = newest


def finish(model_name: str) -> Generator[Step, Any, Link | None]:
    """Publish the newest entry if a crash kept it from the registry; return it if so."""
    head = yield ReadHead(model_name)
    if head is None:
        return None
    published = yield ReadPublished(model_name)
    if published >= head.sequence:
        return None
    return (yield from publish(head))
