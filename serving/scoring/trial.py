"""Who decides where a version is tried beside the champion.

The champion decides on every row first. What belongs to the canary by its entity's hash
is then decided by the canary, from the row as it was sent; should the canary fail, the
champion's decision stands, and its record says that it is a substitute: no caller
notices, and the canary's trial counts the failure.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TypeAlias

import orjson

from assay.canary import entity_text, goes_to_canary
from serving.boundary.metrics import Metrics
from serving.champion import Champion
from serving.scoring.decision import Decision

Decide: TypeAlias = Callable[[Champion, bytes], Decision]
"""From a version and a body to the decision on it."""

_log = logging.getLogger("assay.serving")


def decided_by(
    champion: Champion, decision: Decision, decide: Decide
) -> tuple[Champion, Decision]:
    """Return who answers a row that the champion decided, and the decision."""
    beside, identifier = champion.beside, champion.forms.identifier
    canary = beside.canary if beside else None
    if beside is None or canary is None or identifier is None:
        return champion, decision
    entity = entity_text(decision.inputs.get(identifier.name))
    if entity is None:
        return champion, decision
    if not goes_to_canary(entity, canary.bundle.digest, beside.canary_share):
        return champion, decision
    try:
        return canary, decide(canary, orjson.dumps(decision.inputs))
    except Exception as error:  # a canary's fault must reach no caller
        _log.warning(
            "model=%s canary=%s failed error=%s: %s",
            champion.model_name,
            canary.version,
            type(error).__name__,
            error,
        )
        return champion.as_role("substitute"), decision


def all_decided_by(
    champion: Champion, decisions: Iterable[Decision], decide: Decide
) -> list[tuple[Champion, Decision]]:
    """Return `decided_by` of each row."""
    if champion.beside is None or champion.beside.canary is None:
        return [(champion, each) for each in decisions]
    return [decided_by(champion, each, decide) for each in decisions]


def tally(metrics: Metrics, made: Iterable[tuple[Champion, Decision]]) -> None:
    """Count decisions by who made them."""
    by_version: dict[str, tuple[Champion, list[bool]]] = {}
    for by, each in made:
        by_version.setdefault(by.version, (by, []))[1].append(each.is_adverse)
    for by, are_adverse in by_version.values():
        metrics.decided_all(by, are_adverse)
