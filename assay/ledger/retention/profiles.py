"""Policy profiles: the least and the most that a record is kept."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from assay.errors import ConfigError

DEFAULT = "default"
"""Profile of records that name none."""


@dataclass(frozen=True, slots=True)
class RetentionProfile:
    """How long records of one policy profile are kept.

    Attributes
    ----------
    name : str
        Name that records carry under ``policy``.
    keep_days : float
        The least, counted from the record: until then erasure waits.
    delete_days : float
        The most: then the record is deleted. Infinite keeps it for good.
    """

    name: str
    keep_days: float = 0.0
    delete_days: float = math.inf

    def kept_until(self, time: datetime) -> datetime:
        """Return the moment from which a record of `time` may be erased."""
        return time + timedelta(days=self.keep_days)

    def is_due(self, time: datetime, now: datetime) -> bool:
        """Return whether a record of `time` is to be deleted."""
        return now - time >= timedelta(days=min(self.delete_days, 10**6))


def profile_of(
    entry: Mapping[str, Any], profiles: Mapping[str, RetentionProfile]
) -> RetentionProfile | None:
    """Return the profile of a record, `DEFAULT` where it names none; None is for good."""
    return profiles.get(entry.get("policy") or DEFAULT)


def retention_profiles(
    given: Mapping[str, Mapping[str, float]],
) -> dict[str, RetentionProfile]:
    """Return the profiles of the setting `ledger_retention`.

    Raises
    ------
    ConfigError
        If a profile has another key, a number below 0, or deletes before it may.
    """
    found = {}
    for name, days in given.items():
        wrong = sorted(set(days) - {"keep_days", "delete_days"})
        if wrong:
            raise ConfigError(
                f"retention profile {name!r} has {', '.join(wrong)}; it takes keep_days "
                "and delete_days"
            )
        profile = RetentionProfile(name, **days)
        if not 0 <= profile.keep_days <= profile.delete_days:
            raise ConfigError(
                f"retention profile {name!r} keeps {profile.keep_days:g} days and "
                f"deletes after {profile.delete_days:g}; 0 <= keep_days <= delete_days"
            )
        found[name] = profile
    return found
