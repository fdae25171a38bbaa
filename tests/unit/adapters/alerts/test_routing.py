"""Quiet hours over midnight and summer time, routes by severity and model."""

from datetime import UTC, datetime, time
from pathlib import Path

import pytest

from assay.adapters.alerts import Alert, AlertPolicy, QuietHours, Route, read_policy
from assay.errors import ConfigError

NIGHT = QuietHours(
    start=time(22), end=time(7), timezone="Europe/London", let_through="critical"
)


def alert(severity="warning", model_name="credit_default"):
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Alert(
        1,
        model_name,
        "data_drift",
        "income",
        severity,
        "open",
        "credit-risk",
        "income moved",
        {},
        at,
        at,
        1,
    )


@pytest.mark.parametrize(
    ("now", "loud"),
    [
        (datetime(2026, 1, 5, 12), datetime(2026, 1, 5, 12)),
        (datetime(2026, 1, 5, 22), datetime(2026, 1, 6, 7)),
        (datetime(2026, 1, 6, 3), datetime(2026, 1, 6, 7)),
        (datetime(2026, 1, 6, 7), datetime(2026, 1, 6, 7)),
        # In July London is an hour ahead of UTC: 22 to 7 there is 21 to 6 here.
        (datetime(2026, 7, 5, 21, 30), datetime(2026, 7, 6, 6)),
        (datetime(2026, 7, 6, 6, 30), datetime(2026, 7, 6, 6, 30)),
    ],
)
def test_a_warning_waits_for_the_morning(now, loud):
    policy = AlertPolicy(quiet=NIGHT)
    now, loud = now.replace(tzinfo=UTC), loud.replace(tzinfo=UTC)
    assert policy.earliest(alert(), now) == loud
    assert policy.earliest(alert("critical"), now) == now


def test_quiet_hours_within_a_day():
    lunch = QuietHours(start=time(12), end=time(13))
    noon = datetime(2026, 1, 5, 12, 30, tzinfo=UTC)
    assert lunch.until(noon) == noon.replace(hour=13, minute=0)
    assert lunch.until(noon.replace(hour=14)) == noon.replace(hour=14)


def test_routes_are_by_severity_and_model_and_name_a_channel_once():
    policy = AlertPolicy(
        route=(
            Route(channels=("team",), severity="warning"),
            Route(channels=("team", "officer"), severity="critical"),
            Route(channels=("fraud",), models=("card_fraud",), severity="info"),
        )
    )
    assert policy.channels_of(alert("info")) == ()
    assert policy.channels_of(alert("warning")) == ("team",)
    assert policy.channels_of(alert("critical")) == ("team", "officer")
    assert policy.channels_of(alert("info", "card_fraud")) == ("fraud",)


def test_the_shipped_policy_reads():
    policy = read_policy(Path("data/policies/alerts.toml"))
    assert policy.channels_of(alert("critical")) == ("operators",)
    assert policy.quiet is not None


def test_an_absent_file_routes_nothing(tmp_path):
    assert read_policy(tmp_path / "none.toml").channels_of(alert("critical")) == ()


@pytest.mark.parametrize(
    "text",
    [
        "route = 3",
        "[quiet]\nstart = 22:00:00\nend = 07:00:00\ntimezone = 'Mars'",
        "[[route]]\nchannels = []",
        "[[route]]\nchannels = ['a']\nloudness = 3",
        "no toml",
    ],
)
def test_a_file_that_is_wrong_is_named(tmp_path, text):
    path = tmp_path / "alerts.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"alerts\.toml is not valid"):
        read_policy(path)
