"""Policy profiles, as the settings give them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from assay.errors import ConfigError
from assay.ledger.retention import retention_profiles

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def test_least_and_most_are_counted_from_the_record():
    profile = retention_profiles({"x": {"keep_days": 10, "delete_days": 30}})["x"]
    assert profile.kept_until(NOW) == NOW + timedelta(days=10)
    assert not profile.is_due(NOW - timedelta(days=29.99), NOW)
    assert profile.is_due(NOW - timedelta(days=30), NOW)


def test_without_a_most_nothing_is_ever_due():
    profile = retention_profiles({"x": {"keep_days": 10}})["x"]
    assert not profile.is_due(datetime(1970, 1, 1, tzinfo=UTC), NOW)


@pytest.mark.parametrize(
    ("days", "message"),
    [
        ({"keep": 1}, "takes keep_days and delete_days"),
        ({"keep_days": -1}, "0 <= keep_days"),
        ({"keep_days": 9, "delete_days": 8}, "0 <= keep_days"),
        ({"delete_days": float("nan")}, "0 <= keep_days"),
    ],
)
def test_a_profile_that_cannot_be_meant_is_refused(days, message):
    with pytest.raises(ConfigError, match=message):
        retention_profiles({"x": days})
