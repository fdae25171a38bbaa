"""``assay alerts`` on a store of its own, and ``assay alarms certify``."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from assay.adapters.alerts import (
    AlertPolicy,
    NewAlert,
    Route,
    alerts,
    deliver_due,
    queue_alert,
    raise_alert,
)
from assay.errors import RegistryError
from assay.settings import Settings
from deployments.command import command


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    settings = Settings()
    new = NewAlert("m", "data_drift", "x", "warning", "risk", "x moved", {"psi": 0.3})
    alert, _ = raise_alert(settings, new, actor="monitor")
    policy = AlertPolicy(route=(Route(channels=("team",)),), wait_minutes=())
    queue_alert(settings, alert, policy)
    deliver_due(settings, {}, policy)
    return settings


def order(*words):
    return CliRunner().invoke(command(), [str(word) for word in words])


@pytest.mark.usefixtures("settings")
def test_without_a_word_the_unresolved_and_the_dead_are_listed():
    told = order("alerts").output
    assert "x moved" in told
    assert "alert 1 to team is dead after 1 tries" in told


def test_an_alert_is_acknowledged_and_resolved_with_who_and_why(settings):
    assert order("alerts", "acknowledge", 1, "--by", "ana").exit_code == 0
    told = order("alerts", "resolve", 1, "--by", "ana", "--note", "feed repaired").output
    assert "alert 1 is resolved" in told
    assert alerts(settings)[0].state == "resolved"
    assert "x moved" not in order("alerts", "list").output
    assert "x moved" in order("alerts", "list", "--state", "resolved").output
    shown = order("alerts", "show", 1).output
    assert "psi: 0.3" in shown
    assert "ana resolved: feed repaired" in shown


@pytest.mark.usefixtures("settings")
def test_a_dead_delivery_is_revived_and_sent_again():
    assert "delivery 1 to team is due" in order("alerts", "revive", 1).output
    assert "1 pending" in order("alerts", "deliver").output


@pytest.mark.usefixtures("settings")
def test_an_alert_that_is_not_there_is_named():
    found = order("alerts", "resolve", 9)
    assert isinstance(found.exception, RegistryError)
    assert "no alert 9" in str(found.exception)


def test_certify_prints_false_alarms_and_power():
    told = order("alarms", "certify", "--rows", 60, "--features", 3, "--windows", 20)
    assert told.exit_code == 0
    assert told.output.count("| 60 |") == 7
