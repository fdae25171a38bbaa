"""A request is written with its alert or not at all, and one run at a time has it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from assay.adapters.alerts import (
    NewAlert,
    NewRequest,
    alerts,
    ask_for_retraining,
    claim_request,
    give_up,
    hold_on,
    note_step,
    postpone,
    raise_alert,
    requests,
    settle,
)
from assay.errors import RegistryError
from assay.settings import Settings
from tests.services import postgresql_databases

KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
AT = datetime(2026, 3, 1, 8, tzinfo=UTC)
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
AGAIN = timedelta(days=14)


@pytest.fixture(params=KINDS)
def settings(request, tmp_path):
    if request.param == "sqlite":
        yield Settings(home=tmp_path)
        return
    with postgresql_databases("assay_outbox_test") as server:
        yield Settings(home=tmp_path, database=f"{server}/assay_outbox_test")


def ask(settings, subject="label", model_name="credit_default", as_of=None, now=AT):
    """Raise an alert that asks for a retraining; return both."""
    made = []
    new = NewAlert(
        *(model_name, "concept_drift", subject, "critical", "risk", "worse"), {}
    )
    request = NewRequest("", as_of, SINCE, AGAIN)
    alert, _ = raise_alert(
        settings,
        new,
        actor="test",
        also=lambda connection, alert: made.append(
            ask_for_retraining(connection, alert, request, now)
        ),
    )
    return alert, made[0]


def test_an_alert_without_its_request_is_not_written(settings):
    def fails(_connection, _alert):
        raise RuntimeError("the power went off")

    new = NewAlert(*("m", "concept_drift", "label", "critical", "risk", "worse"), {})
    with pytest.raises(RuntimeError):
        raise_alert(settings, new, actor="test", also=fails)
    assert alerts(settings) == []


def test_alerts_of_one_model_share_one_request(settings):
    first, number = ask(settings)
    second, none = ask(settings, subject="income")
    assert none is None
    (found,) = requests(settings)
    assert found.request_id == number
    assert found.alert_ids == (first.alert_id, second.alert_id)
    assert (found.state, found.since, found.as_of) == ("asked", SINCE, None)
    other, another = ask(settings, model_name="another")
    assert another != number
    assert requests(settings, alert_id=other.alert_id)[0].model_name == "another"


def test_of_many_runs_one_gets_the_request(settings):
    _, number = ask(settings)
    with ThreadPoolExecutor(8) as runs:
        got = list(
            runs.map(
                lambda i: claim_request(settings, number, f"run-{i}", 60, AT), range(8)
            )
        )
    (held,) = [one for one in got if one is not None]
    assert (held.state, held.n_tries) == ("running", 1)


def test_alerts_that_come_at_once_write_one_request(settings):
    with ThreadPoolExecutor(6) as people:
        made = list(people.map(lambda i: ask(settings, f"field-{i}"), range(6)))
    assert sum(number is not None for _, number in made) == 1
    (found,) = requests(settings)
    assert len(found.alert_ids) == 6


def test_a_hold_that_is_renewed_lasts_and_one_that_is_not_is_taken_over(settings):
    _, number = ask(settings)
    first = claim_request(settings, number, "a", 60, AT)
    assert claim_request(settings, number, "b", 60, AT + timedelta(seconds=59)) is None
    assert hold_on(settings, first, 60, AT + timedelta(seconds=50))
    assert claim_request(settings, number, "b", 60, AT + timedelta(seconds=70)) is None
    later = AT + timedelta(seconds=120)
    (seen,) = requests(settings)
    assert seen.is_startable(later)
    second = claim_request(settings, number, "b", 60, later)
    assert (second.n_tries, second.n_failures) == (2, 2)
    # The first comes back from wherever it was: nothing it writes counts.
    assert not hold_on(settings, first, 60, later)
    with pytest.raises(RegistryError, match="another run carries it out"):
        note_step(settings, first, version=9)
    with pytest.raises(RegistryError, match="another run carries it out"):
        postpone(settings, first, later, "too early")
    assert not settle(settings, first, "promoted", "")
    assert note_step(settings, second, version=3).version == 3


def test_a_run_that_follows_sees_how_far_the_last_one_came(settings):
    _, number = ask(settings)
    first = claim_request(settings, number, "a", 1, AT)
    note_step(settings, first, snapshot_uri="rows.parquet")
    second = claim_request(settings, number, "b", 1, AT + timedelta(seconds=5))
    assert second.snapshot_uri == "rows.parquet"


def test_a_postponed_request_waits_for_its_day_and_moves_with_the_data(settings):
    _, number = ask(settings, as_of=AT)
    held = claim_request(settings, number, "a", 60, AT)
    due = AT + timedelta(days=20)
    postpone(settings, held, due, "too early")
    (waiting,) = requests(settings)
    assert (waiting.state, waiting.due_at, waiting.n_failures) == ("asked", due, 0)
    assert not waiting.is_startable(AT + timedelta(days=400))  # its data has not moved
    ask(settings, as_of=due)
    (moved,) = requests(settings)
    assert moved.is_startable(AT)
    assert moved.asked_at == AT


@pytest.mark.parametrize("state", ["refused", "failed"])
def test_after_an_end_without_a_champion_the_next_waits_for_days(settings, state):
    _, number = ask(settings, as_of=AT)
    assert settle(settings, claim_request(settings, number, "a", 60, AT), state, "why")
    assert claim_request(settings, number, "b", 60, AT + timedelta(days=9)) is None
    assert ask(settings, as_of=AT + timedelta(days=13))[1] is None
    assert ask(settings, as_of=AT + timedelta(days=14))[1] not in (None, number)


def test_after_a_promotion_a_new_alarm_asks_at_once(settings):
    _, number = ask(settings)
    settle(settings, claim_request(settings, number, "a", 60, AT), "promoted", "")
    assert ask(settings)[1] not in (None, number)


def test_a_request_that_waits_for_people_is_settled_once(settings):
    _, number = ask(settings)
    held = claim_request(settings, number, "a", 60, AT)
    assert settle(settings, held, "signing", "validator")
    (waiting,) = requests(settings, only_open=True)
    assert not waiting.is_startable(AT + timedelta(days=400))
    assert settle(settings, waiting, "promoted", "", from_state="signing")
    assert not settle(settings, waiting, "refused", "", from_state="signing")
    assert requests(settings, only_open=True) == []


def test_a_request_is_given_up_unless_a_run_lives(settings):
    _, number = ask(settings)
    now = datetime.now(UTC)
    held = claim_request(settings, number, "a", 600, now)
    assert not give_up(settings, held, "three runs died")
    postpone(settings, held, AT, "failed", is_failure=True)
    (left,) = requests(settings)
    assert left.n_failures == 1
    assert give_up(settings, left, "three runs died")
    assert requests(settings)[0].state == "failed"
