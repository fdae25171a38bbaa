"""What the ledger says of a trial: who answered whom, how, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from assay.canary import Observation, entity_text
from assay.contract import Contract
from assay.history import ChampionEntry, Traffic
from assay.history.chain import moment
from assay.ledger.reading import records_between

_KINDS = (b'"kind":"decision"', b'"kind":"outcome"')


def trial_since(entries: Sequence[ChampionEntry]) -> datetime:
    """Return when the trial that is running began.

    Parameters
    ----------
    entries : sequence of ChampionEntry
        The model's history, oldest first; the last has a canary.
    """
    last = entries[-1].traffic
    running = (last.champion, last.canary, last.canary_share)
    since = entries[-1].since
    for entry in reversed(entries):
        found = entry.traffic
        if (found.champion, found.canary, found.canary_share) != running:
            break
        since = entry.since
    return since


def ledger_observations(
    ledger: Path, contract: Contract, traffic: Traffic, since: datetime
) -> Iterator[tuple[str, Observation]]:
    """Give what the records since `since` say, in their order.

    An answer is one observation, its label another when it comes. A record of the role
    ``substitute`` is a failure of the canary: the champion answered in its place.

    Parameters
    ----------
    ledger : Path
        Folder of the ledger.
    contract : Contract
        The model's: its identifier names the entity, its costs are those of a decision.
    traffic : Traffic
        With champion and canary.
    since : datetime
        When the trial began.
    """
    if contract.identifier is None:
        return
    tried = {
        one.bundle_digest: one is traffic.canary
        for one in (traffic.champion, traffic.canary)
        if one is not None
    }
    model = b'"model":' + orjson.dumps(contract.name)
    answered: dict[str, tuple[str, Observation, bool]] = {}
    end = datetime.now(UTC) + timedelta(days=1)
    for body in records_between(ledger, moment(since), moment(end)):
        if model not in body or not any(kind in body for kind in _KINDS):
            continue
        entry = orjson.loads(body)["entry"]
        if entry["model"] != contract.name:
            continue
        name = str(entry["request_id"])
        if entry["kind"] == "outcome" and name in answered:
            entity, seen, is_adverse = answered[name]
            is_bad = entry["label"] == 1
            cost = cost_of(contract, is_adverse=is_adverse, is_bad=is_bad)
            yield entity, Observation(seen.in_canary, cost)
        elif entry["kind"] == "decision" and entry["bundle_digest"] in tried:
            entity_or_none = entity_text(entry["inputs"].get(contract.identifier.name))
            if entity_or_none is None:
                continue
            seen = _seen(entry, in_canary=tried[entry["bundle_digest"]])
            if seen.probability is not None:
                is_adverse = entry["probability"] >= entry["threshold"]
                answered[name] = entity_or_none, seen, is_adverse
            yield entity_or_none, seen


def cost_of(contract: Contract, *, is_adverse: bool, is_bad: bool) -> float:
    """Return what a decision cost, in the contract's unit, by what became of it."""
    costs = contract.decision.costs
    if is_adverse:
        return costs.true_positive if is_bad else costs.false_positive
    return costs.false_negative if is_bad else costs.true_negative


def _seen(entry: dict[str, Any], *, in_canary: bool) -> Observation:
    if entry.get("role") == "substitute":
        return Observation(in_canary=True, failed=True)
    return Observation(in_canary, failed=False, probability=entry["probability"])
