"""A canary's trial in the database: entities counted once, kept over restarts."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import Column, String, Table, Text, select
from sqlalchemy.exc import IntegrityError

from assay.adapters.database import metadata, open_database
from assay.canary import CanaryRule, Observation, Trial, goes_to_canary, observe
from assay.canary.trial import read_trial, trial_content
from assay.errors import RegistryError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from assay.history.traffic import Traffic
    from assay.settings import Settings

canary_trials = Table(
    "canary_trials",
    metadata,
    Column("canary", String(200), primary_key=True),
    Column("content", Text, nullable=False),
)
canary_seen = Table(
    "canary_seen",
    metadata,
    Column("canary", String(200), primary_key=True),
    Column("entity_digest", String(64), primary_key=True),
    Column("measure", String(20), primary_key=True),
)
PARTS = ("cost", "failed", "probability")


@dataclass(frozen=True, slots=True)
class Counted:
    """A trial after new observations.

    Attributes
    ----------
    trial : Trial
        All of it, from the first request on.
    n_new : int
        Observations that were new.
    n_misplaced : int
        Observations of entities that went the other way than their hash says, which
        count for nothing.
    """

    trial: Trial
    n_new: int
    n_misplaced: int


def canary_name(model_name: str, traffic: Traffic) -> str:
    """Return the name of the trial that is running: champion against canary.

    Raises
    ------
    RegistryError
        If no canary is running.
    """
    champion, canary = traffic.champion, traffic.canary
    if champion is None or canary is None:
        raise RegistryError(f"model {model_name!r} has no canary")
    return f"{model_name}:{champion.version}:{canary.version}:{traffic.canary_share:g}"


def count_observations(
    settings: Settings,
    model_name: str,
    traffic: Traffic,
    seen: Iterable[tuple[str, Observation]],
    rule: CanaryRule,
) -> Counted:
    """Add observations to the stored trial and return it, in one transaction.

    Parameters
    ----------
    settings : Settings
        Where the database is.
    model_name : str
        The model.
    traffic : Traffic
        With the canary that is tried.
    seen : iterable of (entity, Observation)
        In the order in which they came. What was counted before is passed over.
    rule : CanaryRule
        The trial's rule.
    """
    name = canary_name(model_name, traffic)
    n_new = n_misplaced = 0
    with open_database(settings) as connection:
        trial = _locked_trial(connection, name)
        for entity, observation in seen:
            if observation.in_canary is not _belongs(entity, traffic):
                n_misplaced += 1
                continue
            fresh = _only_fresh(connection, name, entity, observation)
            n_new += any(getattr(fresh, part) is not None for part in PARTS)
            trial = observe(trial, fresh, rule)
        content = json.dumps(trial_content(trial))
        connection.execute(
            canary_trials.update()
            .where(canary_trials.c.canary == name)
            .values(content=content)
        )
    return Counted(trial, n_new, n_misplaced)


def stored_trial(settings: Settings, model_name: str, traffic: Traffic) -> Trial:
    """Return the trial as it stands; an untouched one before the first observation."""
    with open_database(settings) as connection:
        row = connection.execute(
            select(canary_trials.c.content).where(
                canary_trials.c.canary == canary_name(model_name, traffic)
            )
        ).first()
    return read_trial(json.loads(row.content)) if row else Trial()


def _belongs(entity: str, traffic: Traffic) -> bool:
    canary = traffic.canary
    if canary is None:
        return False
    return goes_to_canary(entity, canary.bundle_digest, traffic.canary_share)


def _locked_trial(connection: Connection, name: str) -> Trial:
    """Return the trial, held against other writers until the transaction ends."""
    empty = {"canary": name, "content": json.dumps(trial_content(Trial()))}
    with contextlib.suppress(IntegrityError), connection.begin_nested():
        connection.execute(canary_trials.insert().values(**empty))
    # Writing to the row takes the lock, on SQLite as on PostgreSQL.
    of_name = canary_trials.c.canary == name
    connection.execute(canary_trials.update().where(of_name).values(canary=name))
    query = select(canary_trials.c.content).where(of_name)
    return read_trial(json.loads(connection.execute(query).scalar_one()))


def _only_fresh(
    connection: Connection, name: str, entity: str, seen: Observation
) -> Observation:
    """Return the observation without what this entity was counted for before."""
    digest = hashlib.sha256(entity.encode()).hexdigest()
    known = set(
        connection.execute(
            select(canary_seen.c.measure).where(
                canary_seen.c.canary == name, canary_seen.c.entity_digest == digest
            )
        ).scalars()
    )
    given = {part for part in PARTS if getattr(seen, part) is not None}
    for part in sorted(given - known):
        connection.execute(
            canary_seen.insert().values(canary=name, entity_digest=digest, measure=part)
        )
    stale: dict[str, None] = dict.fromkeys(given & known)
    return replace(seen, **stale)  # type: ignore[arg-type] # names of PARTS
