"""Deliveries are tried until they arrive or are shown as dead."""

from datetime import UTC, datetime, time, timedelta

import pytest

from assay.adapters.alerts import (
    AlertPolicy,
    NewAlert,
    QuietHours,
    Route,
    deliver_due,
    deliveries,
    queue_alert,
    raise_alert,
    revive,
)
from assay.errors import RegistryError
from assay.settings import Settings

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
POLICY = AlertPolicy(route=(Route(channels=("team", "pager")),), wait_minutes=(1, 5))


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path)


@pytest.fixture
def alert(settings):
    new = NewAlert("m", "data_drift", "x", "warning", "ana", "x moved", {"psi": 0.3})
    return raise_alert(settings, new, actor="monitor", at=NOW)[0]


def states(settings):
    return {one.channel: (one.state, one.n_tries) for one in deliveries(settings)}


def test_every_channel_hears_once(settings, alert, web):
    assert queue_alert(settings, alert, POLICY, now=NOW) == 2
    addresses = {"team": web.url, "pager": f"slack+{web.url}"}
    counts = deliver_due(settings, addresses, POLICY, now=NOW)
    assert counts == {"pending": 0, "delivered": 2, "dead": 0}
    assert deliver_due(settings, addresses, POLICY, now=NOW)["delivered"] == 0
    assert len(web.bodies) == 2


def test_a_delivery_is_tried_again_later_and_dead_in_the_end(settings, alert, web):
    web.status = 503
    queue_alert(settings, alert, POLICY, now=NOW)
    addresses = {"team": web.url, "pager": web.url}
    for minutes, state in ((0, "pending"), (0.5, None), (1, "pending"), (6, "dead")):
        later = NOW + timedelta(minutes=minutes)
        counts = deliver_due(settings, addresses, POLICY, now=later)
        assert sum(counts.values()) == (0 if state is None else 2)
        if state is not None:
            assert counts[state] == 2
    assert len(web.bodies) == 6
    dead = deliveries(settings, state="dead")
    assert [one.channel for one in dead] == ["team", "pager"]
    assert "status 503" in dead[0].error

    web.status = 200
    revived = revive(settings, dead[0].delivery_id, now=NOW)
    assert (revived.state, revived.n_tries) == ("pending", 0)
    assert deliver_due(settings, addresses, POLICY, now=NOW)["delivered"] == 1
    with pytest.raises(RegistryError, match="no dead delivery"):
        revive(settings, dead[0].delivery_id)


def test_one_channel_that_fails_does_not_hold_up_another(settings, alert, web):
    queue_alert(settings, alert, POLICY, now=NOW)
    deliver_due(settings, {"pager": web.url}, POLICY, now=NOW)
    assert states(settings) == {"team": ("pending", 1), "pager": ("delivered", 1)}
    assert "ASSAY_ALERT_CHANNELS" in deliveries(settings)[0].error


def test_quiet_hours_hold_a_warning_back(settings, alert, web):
    quiet = POLICY.model_copy(update={"quiet": QuietHours(start=time(10), end=time(14))})
    queue_alert(settings, alert, quiet, now=NOW)
    addresses = {"team": web.url, "pager": web.url}
    assert not any(deliver_due(settings, addresses, quiet, now=NOW).values())
    later = NOW + timedelta(hours=2)
    assert deliver_due(settings, addresses, quiet, now=later)["delivered"] == 2
