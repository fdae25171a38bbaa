"""Plans are registered with the rollout, before it, once, and looks are appended."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from assay.adapters.champions.chains import chain_links, open_chains
from assay.adapters.champions.effect_plans import (
    EFFECTS,
    Look,
    plan_breaks,
    record_look,
    register_rollout,
    registered_rollout,
    registered_rollouts,
)
from assay.adapters.champions.history import carry_out, history
from assay.adapters.database import open_database
from assay.errors import ContractError
from assay.history import Served, next_link
from assay.history.decisions import (
    canary,
    promotion,
    rollback,
    shadow,
    stop,
    withdrawal,
)
from assay.history.entry import change_content, history_of
from assay.history.protocol import Append, ReadHead, change
from assay.settings import Settings

NAME = "credit_default"
OLD, NEW = Served(1, "1" * 64), Served(2, "2" * 64)
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path)


def happens(settings, decide, day, name=NAME):
    """Carry a change out as far as the database: no registry is asked."""
    steps = change(name, decide, BEGAN + timedelta(days=day))
    link, answer = None, None
    while True:
        step = steps.send(answer)
        if not isinstance(step, ReadHead | Append):
            return link
        link = step.link if isinstance(step, Append) else link
        answer = carry_out(settings, one(step))


def one(step):
    return (yield step)


def first(settings, name=NAME):
    happens(settings, promotion(OLD, judged_against=None, reasons=(), actor="a"), 0, name)


def test_a_canary_and_a_promotion_register_and_nothing_else_does(settings):
    first(settings)
    assert registered_rollouts(settings, NAME) == []
    happens(settings, shadow(NEW, "a"), 1)
    happens(settings, canary(NEW, 0.3, "a"), 2)
    happens(settings, withdrawal(2, ("worse",), "the test"), 5)
    happens(settings, stop("a fault", "a"), 6)
    happens(settings, promotion(NEW, judged_against=1, reasons=(), actor="a"), 9)
    found = registered_rollouts(settings, NAME)
    entries = history(settings, NAME)
    assert [one.sequence for one in found] == [3, 6]
    assert [one.at for one in found] == [entries[2].since, entries[5].since]
    trial, move = (one.registration for one in found)
    assert trial.plans["cost"]["design"] == "cluster_difference"
    assert move.plans["cost"]["design"] == "interrupted_series"
    assert trial.due_at == entries[2].since + timedelta(days=28 + 90 + 7)
    assert registered_rollout(settings, entries[5]) == found[1]
    assert registered_rollout(settings, entries[0]) is None
    assert plan_breaks(settings, NAME) == []


def test_a_plan_whose_rollout_was_never_written_counts_for_nothing(settings):
    first(settings)
    with open_chains(settings) as chains:
        head = chains.head(history_of(NAME))
        wanted = canary(NEW, 0.3, "a")(history(settings, NAME)[-1])
        link = next_link(history_of(NAME), head, change_content(wanted), BEGAN)
        assert register_rollout(settings, chains, link) is not None
    assert registered_rollouts(settings, NAME) == []
    happens(settings, canary(NEW, 0.3, "a"), 2)
    assert len(registered_rollouts(settings, NAME)) == 1


def test_a_model_without_a_contract_has_nothing_to_promise(settings):
    first(settings, "nobody")
    happens(settings, canary(NEW, 0.3, "a"), 2, "nobody")
    assert len(history(settings, "nobody")) == 2
    assert registered_rollouts(settings, "nobody") == []


def test_a_contract_that_does_not_read_stops_a_promotion_and_no_rollback(
    tmp_path, caplog
):
    contracts = tmp_path / "contracts"
    contracts.mkdir()
    settings = Settings(home=tmp_path, contracts=contracts)
    first(settings)
    happens(settings, promotion(NEW, judged_against=1, reasons=(), actor="a"), 3)
    (contracts / f"{NAME}.toml").write_text("name = 'torn")
    with pytest.raises(ContractError):
        happens(settings, promotion(OLD, judged_against=2, reasons=(), actor="a"), 6)
    entries = history(settings, NAME)
    back = rollback(entries, None, reason="it declines everybody", actor="a")
    assert happens(settings, back, 9) is not None
    assert [one.version for one in history(settings, NAME)] == [1, 2, 1]
    assert "rolled back without a plan" in caplog.text


def look(outcome, verdict, departures=(), run=""):
    return Look(BEGAN + timedelta(days=200), outcome, verdict, departures, (), run, "")


def test_the_answer_is_the_last_look_that_kept_to_the_plan(settings):
    first(settings)
    happens(settings, canary(NEW, 0.3, "a"), 2)
    (found,) = registered_rollouts(settings, NAME)
    assert found.answer_of("cost") is None
    record_look(settings, found, look("cost", "warn", ("rows '' instead",)))
    record_look(settings, found, look("passed", "report"))
    (found,) = registered_rollouts(settings, NAME)
    assert found.answer_of("cost") is None
    assert found.answer_of("passed").verdict == "report"
    record_look(settings, found, look("cost", "refused"))
    record_look(settings, found, look("cost", "report", run="second"))
    (found,) = registered_rollouts(settings, NAME)
    assert found.answer_of("cost").run == "second"
    assert len(found.looks) == 4
    assert plan_breaks(settings, NAME) == []


def test_a_plan_that_was_altered_breaks_its_chain(settings):
    first(settings)
    happens(settings, canary(NEW, 0.3, "a"), 2)
    with open_chains(settings) as chains:
        (link,) = chains.links(EFFECTS + NAME)
    other = link.body.replace("is_mature == 1", "is_mature == 0")
    with open_database(settings) as connection:
        connection.execute(
            update(chain_links)
            .where(chain_links.c.chain == EFFECTS + NAME)
            .values(body=other)
        )
    assert any("altered" in found for found in plan_breaks(settings, NAME))
