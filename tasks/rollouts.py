"""A rollout of our own as a table: who was answered how, and what became of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from assay.adapters.champions.effect_plans import STARTS
from assay.adapters.champions.history import history
from assay.adapters.ledger.decision_log import DecisionLog, read_decisions
from assay.canary import entity_text, goes_to_canary
from assay.contract import Contract, find_contract
from assay.errors import ConfigError, DataError
from assay.history import ChampionEntry
from assay.settings import Settings

ROLLOUT = "rollout:"
"""Source: ``rollout:MODEL``, the newest one, or ``rollout:MODEL#SEQUENCE``; with
``?days=28`` its first days."""

_SOURCE = re.compile(
    r"rollout:(?P<model>[^#?]+)(?:#(?P<sequence>\d+))?(?:\?days=(?P<days>[1-9]\d*))?"
)


@dataclass(frozen=True, slots=True)
class Rollout:
    """A change of who answers, and how long it stayed the last one.

    Attributes
    ----------
    entry : ChampionEntry
        Of the history: a canary started, or another version became the champion.
    before : int or None
        The champion's version until then.
    earliest, since, until : datetime
        When that version began, when the rollout did, and when the next change came.
    """

    entry: ChampionEntry
    before: int | None
    earliest: datetime
    since: datetime
    until: datetime

    @property
    def is_canary(self) -> bool:
        """Tell whether a share of entities was drawn, or everybody moved at once."""
        return self.entry.action == "canary_started"


def read_rollout(source: str, settings: Settings, as_of: datetime) -> pd.DataFrame:
    """Return the table of a canary or promotion, as `ROLLOUT` names it.

    Raises
    ------
    ConfigError
        If the source is written in another way.
    DataError
        If history or ledger hold no such rollout.
    """
    rollout, contract = named_rollout(source, settings, as_of)
    log = read_decisions(settings.ledger_folder, contract)
    return rollout_table(rollout, log, contract, as_of)


def named_rollout(
    source: str, settings: Settings, as_of: datetime
) -> tuple[Rollout, Contract]:
    """Return the rollout that a source names, and its model's contract.

    Raises
    ------
    ConfigError
        If the source is written in another way.
    DataError
        If the history holds no such rollout.
    """
    found = _SOURCE.fullmatch(source)
    if found is None:
        raise ConfigError(
            f"{source!r} is no rollout; write rollout:MODEL or rollout:MODEL#SEQUENCE "
            "with the number of the history's entry, and ?days=28 for its first days"
        )
    sequence, days = (
        int(found[name]) if found[name] else None for name in ("sequence", "days")
    )
    contract = find_contract(found["model"], settings.contracts)
    entries = history(settings, found["model"])
    return find_rollout(entries, as_of, sequence, days), contract


def find_rollout(
    entries: Sequence[ChampionEntry],
    as_of: datetime,
    sequence: int | None = None,
    days: int | None = None,
) -> Rollout:
    """Return the newest rollout of a history, or the one of that sequence number.

    Parameters
    ----------
    entries : sequence of ChampionEntry
        The model's history, oldest first.
    as_of : datetime
        When a rollout ends that still lasts.
    sequence : int, optional
        Of the entry.
    days : int, optional
        Look at so many of its days only.

    Raises
    ------
    DataError
        If there is none; the entries that are rollouts are listed.
    """
    known = [one for one in entries if one.action in STARTS]
    chosen = [one for one in known if sequence in (None, one.sequence)]
    if not chosen:
        listed = ", ".join(f"{one.sequence} ({one.action})" for one in known) or "none"
        raise DataError(
            f"the history holds no rollout {sequence or ''}; its rollouts are {listed}: "
            "promote a version, or start a canary"
        )
    entry = chosen[-1]
    earlier = [one for one in entries if one.sequence < entry.sequence]
    later = [one for one in entries if one.sequence > entry.sequence]
    ends = [one.since for one in later if one.action != "shadow_set"]
    if days is not None:
        ends.append(entry.since + timedelta(days=days))
    return Rollout(
        entry=entry,
        before=earlier[-1].version if earlier else None,
        earliest=_stood_since(earlier) or entry.since,
        since=entry.since,
        until=min([*ends, as_of]),
    )


def rollout_table(
    rollout: Rollout, log: DecisionLog, contract: Contract, as_of: datetime
) -> pd.DataFrame:
    """Return a canary's decisions, or the days around a promotion.

    Returns
    -------
    DataFrame
        `passed`: the decision let it pass. `passed_and_bad` and `cost` (by the
        contract's costs): what became of what passed, 0 for what did not; missing where
        `is_mature` is 0, and where a label is: a design refuses those rows by number. A
        canary has a row a decision, with `entity` and `in_canary`: whom the hash drew,
        whoever answered. A promotion has a row a day, means of what champions answered,
        `day` counted from the promotion.

    Raises
    ------
    ConfigError
        If the contract names no identifier and the rollout is a canary.
    DataError
        If the ledger holds no decision of that time, or lacks mature labels.
    """
    # When the platform decided: the event time is the caller's word, and may be older.
    at = log.decisions["recorded_at"]
    first = rollout.since if rollout.is_canary else rollout.earliest
    during = ((at >= first) & (at < rollout.until)).to_numpy()
    if not rollout.is_canary:
        # A canary before the promotion answered entities drawn by a hash: without them
        # the days before are still a fair sample of what the version before did.
        versions = [one or 0 for one in (rollout.before, rollout.entry.version)]
        champion = np.where(at < rollout.since, *versions)
        during &= (log.decisions["version"].astype(int) == champion).to_numpy()
    if not during.any():
        raise DataError(
            f"the ledger holds no decision of {contract.name!r} between {first:%Y-%m-%d} "
            f"and {rollout.until:%Y-%m-%d}; measure where the ledger is"
        )
    table = _became(log, during, contract, as_of)
    if rollout.is_canary:
        return _drawn(table, log.inputs[during], rollout, contract)
    return _by_day(table, at[during], rollout)


def _stood_since(entries: Sequence[ChampionEntry]) -> datetime | None:
    """Return since when the last champion of these entries stood."""
    since = None
    for entry in reversed(entries):
        if entry.version != entries[-1].version:
            break
        since = entry.since
    return since


def _became(
    log: DecisionLog, during: np.ndarray, contract: Contract, as_of: datetime
) -> pd.DataFrame:
    decisions = log.decisions[during]
    labels = log.arrivals.drop_duplicates("identifier", keep="last")
    label = decisions["identifier"].map(labels.set_index("identifier")["label"])
    rule = contract.decision
    passed = (decisions["decision"] == rule.negative_action).to_numpy(np.float64)
    ripe = pd.Timestamp(as_of - timedelta(days=contract.label.maturity_days))
    is_mature = (decisions["decided_at"] <= ripe).to_numpy()
    bad = np.where(passed == 1, label.to_numpy(np.float64, na_value=np.nan), 0.0)
    each = np.where(bad == 1, rule.costs.false_negative, rule.costs.true_negative)
    cost = np.where(np.isnan(bad), np.nan, np.where(passed == 1, each, 0.0))
    return pd.DataFrame(
        {
            "passed": passed,
            "passed_and_bad": np.where(is_mature, bad, np.nan),
            "cost": np.where(is_mature, cost, np.nan),
            "is_mature": is_mature.astype(np.float64),
        }
    )


def _drawn(
    table: pd.DataFrame, inputs: pd.DataFrame, rollout: Rollout, contract: Contract
) -> pd.DataFrame:
    canary, share = rollout.entry.traffic.canary, rollout.entry.traffic.canary_share
    if contract.identifier is None or canary is None:
        raise ConfigError(
            f"contract {contract.name!r} names no identifier, by which a canary is drawn"
        )
    entity = inputs[contract.identifier.name].map(entity_text)
    drawn = entity.map(
        lambda one: goes_to_canary(one, canary.bundle_digest, share), na_action="ignore"
    )
    found = table.assign(entity=entity.to_numpy(), in_canary=drawn.to_numpy())
    found = found[found["entity"].notna()]
    return found.assign(in_canary=found["in_canary"].astype(int)).reset_index(drop=True)


def _by_day(table: pd.DataFrame, at: pd.Series, rollout: Rollout) -> pd.DataFrame:
    elapsed = (at - pd.Timestamp(rollout.since)).dt.total_seconds() / 86_400
    day = np.floor(elapsed.to_numpy())
    days = table.assign(day=day, decisions=1.0).groupby("day")
    found = days.mean()
    found["decisions"] = days["decisions"].sum()
    # The mean of a day of which some is not known yet would lean.
    whole = days["cost"].count() == found["decisions"]
    found[["passed_and_bad", "cost"]] = found[["passed_and_bad", "cost"]].where(whole)
    found["is_mature"] = (found["is_mature"] == 1).astype(float)
    return found.reset_index()
