"""One row an alarm while it is open, on every database that the settings allow."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from assay.adapters.alerts import NewAlert, alerts, change_state, history, raise_alert
from assay.errors import ConfigError, RegistryError
from assay.settings import Settings
from tests.services import postgresql_databases

KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
AT = datetime(2026, 3, 1, 8, tzinfo=UTC)


@pytest.fixture(params=KINDS)
def settings(request, tmp_path):
    if request.param == "sqlite":
        yield Settings(home=tmp_path)
        return
    with postgresql_databases("assay_alerts_test") as server:
        yield Settings(home=tmp_path, database=f"{server}/assay_alerts_test")


def alarm(**changes):
    values = {
        "model_name": "credit_default",
        "measure": "data_drift",
        "subject": "income",
        "severity": "warning",
        "owner": "credit-risk",
        "summary": "income moved",
        "evidence": {"psi": 0.31},
    }
    return NewAlert(**values | changes)


def test_an_alarm_that_repeats_is_one_row_with_the_newest_evidence(settings):
    first, is_new = raise_alert(settings, alarm(), actor="monitor", at=AT)
    again, is_second = raise_alert(
        settings,
        alarm(evidence={"psi": 0.4}, severity="critical", owner="nobody"),
        actor="monitor",
        at=AT.replace(day=2),
    )
    assert (is_new, is_second) == (True, False)
    assert len(alerts(settings)) == 1
    assert again.alert_id == first.alert_id
    assert again.n_seen == 2
    assert again.evidence == {"psi": 0.4}
    assert again.severity == "critical"
    assert again.owner == "credit-risk"
    assert (again.opened_at, again.seen_at) == (AT, AT.replace(day=2))
    milder, _ = raise_alert(settings, alarm(severity="info"), actor="monitor")
    assert milder.severity == "critical"


def test_another_subject_model_or_measure_is_another_row(settings):
    for changes in ({}, {"subject": "age"}, {"model_name": "m"}, {"measure": "score"}):
        assert raise_alert(settings, alarm(**changes), actor="monitor")[1]
    assert len(alerts(settings)) == 4
    assert len(alerts(settings, model_name="m")) == 1


def test_a_resolved_alarm_that_comes_back_is_a_new_row(settings):
    first, _ = raise_alert(settings, alarm(), actor="monitor", at=AT)
    change_state(settings, first.alert_id, "acknowledged", actor="ana", note="looking")
    assert not raise_alert(settings, alarm(), actor="monitor")[1]
    change_state(settings, first.alert_id, "resolved", actor="ana", note="feed repaired")
    second, is_new = raise_alert(settings, alarm(), actor="monitor")
    assert is_new
    assert second.alert_id != first.alert_id
    assert [one.state for one in alerts(settings)] == ["open", "resolved"]
    told = [
        (one.actor, one.change, one.note) for one in history(settings, first.alert_id)
    ]
    assert told == [
        ("monitor", "opened", "income moved"),
        ("ana", "acknowledged", "looking"),
        ("ana", "resolved", "feed repaired"),
    ]
    with pytest.raises(RegistryError, match=f"alert {second.alert_id} about"):
        change_state(settings, first.alert_id, "open", actor="ana")


def test_a_resolved_alert_can_be_opened_again(settings):
    first, _ = raise_alert(settings, alarm(), actor="monitor", at=AT)
    change_state(settings, first.alert_id, "resolved", actor="ana")
    change_state(settings, first.alert_id, "open", actor="gate", note="refused: auc")
    assert [one.state for one in alerts(settings, state="open")] == ["open"]
    assert history(settings, first.alert_id)[-1].change == "opened again"
    assert not raise_alert(settings, alarm(), actor="monitor")[1]


def test_the_same_state_twice_is_noted_once(settings):
    first, _ = raise_alert(settings, alarm(), actor="monitor")
    for _ in range(2):
        change_state(settings, first.alert_id, "acknowledged", actor="ana")
    assert len(history(settings, first.alert_id)) == 2


def test_many_at_once_open_one_row(settings):
    alerts(settings)  # makes the tables
    with ThreadPoolExecutor(8) as pool:
        found = list(
            pool.map(lambda _: raise_alert(settings, alarm(), actor="m")[1], range(16))
        )
    assert sum(found) == 1
    assert [one.n_seen for one in alerts(settings)] == [16]


def test_what_is_not_there_or_not_known_is_refused(settings):
    with pytest.raises(RegistryError, match="no alert 7"):
        change_state(settings, 7, "resolved", actor="ana")
    with pytest.raises(RegistryError, match="no alert 7"):
        history(settings, 7)
    with pytest.raises(ConfigError, match="unknown severity 'loud'"):
        raise_alert(settings, alarm(severity="loud"), actor="m")
    raise_alert(settings, alarm(), actor="m")
    with pytest.raises(ConfigError, match="unknown state 'gone'"):
        change_state(settings, 1, "gone", actor="ana")
