"""Whatever was done behind the platform's back is found, and nothing is found else."""

from functools import partial

import pytest
from sqlalchemy import delete, update
from tests.unit.adapters.test_history import (
    START,
    CrashError,
    decision,
    dying,
    registry,
)

from assay.adapters.champions.chains import chain_links
from assay.adapters.champions.history import carry_out, change_champion, history
from assay.adapters.champions.standing import check_champion
from assay.adapters.database import open_database
from assay.adapters.tracking.statements import Statements
from assay.history.decisions import promotion, shadow
from assay.history.protocol import change
from assay.history.traffic import Served
from tests.services import mlflow_server

__all__ = ["mlflow_server", "registry"]


@pytest.fixture
def standing(registry):
    settings, name = registry
    for version in (1, 2):
        change_champion(settings, name, partial(decision, version))
    return settings, name


def test_where_all_agree_nothing_is_found(standing):
    assert check_champion(*standing) == []


def test_a_model_without_a_history_and_alias_is_in_order(registry):
    settings, name = registry
    assert check_champion(settings, name) == []
    Statements(settings).move_alias(name, "champion", 3)
    [found] = check_champion(settings, name)
    assert "never promoted" in found.replace("was ever", "never")


@pytest.mark.parametrize(("alias", "version"), [("champion", 1), ("champion", None)])
def test_an_alias_that_was_moved_or_taken_by_hand_is_found(standing, alias, version):
    settings, name = standing
    Statements(settings).move_alias(name, alias, version)
    [found] = check_champion(settings, name)
    assert "moved by hand; servers stay with version 2" in found
    # It is reported, not repaired.
    assert Statements(settings).aliases(name).get(alias) == version


def test_a_shadow_that_was_set_by_hand_is_found(standing):
    settings, name = standing
    change_champion(settings, name, shadow(Served(3, f"{3:064x}"), "ann"))
    assert check_champion(settings, name) == []
    Statements(settings).move_alias(name, "shadow", 4)
    [found] = check_champion(settings, name)
    assert "'shadow' is on version 4, watched is 3" in found


def test_what_a_crash_interrupted_is_finished_and_no_finding(standing):
    settings, name = standing
    steps = change(name, partial(decision, 3), START)
    with pytest.raises(CrashError):
        carry_out(settings, dying(steps, 2))
    assert Statements(settings).aliases(name)["champion"] == 2
    assert check_champion(settings, name) == []
    assert Statements(settings).aliases(name)["champion"] == 3


def test_an_edited_entry_is_found(standing):
    settings, name = standing
    with open_database(settings) as connection:
        row = chain_links.c.sequence == 1
        body = connection.execute(chain_links.select().where(row)).one().body
        edited = body.replace("nightly", "by vera")
        connection.execute(update(chain_links).where(row).values(body=edited))
    [found] = check_champion(settings, name)
    assert "entry 1" in found
    assert "altered" in found


def test_a_history_whose_end_was_cut_off_is_found(standing):
    settings, name = standing
    with open_database(settings) as connection:
        connection.execute(delete(chain_links).where(chain_links.c.sequence == 2))
    [found] = check_champion(settings, name)
    assert "its end was cut off" in found


def test_a_forged_statement_is_found(standing):
    settings, name = standing
    Statements(settings).put(name, 1, '{"statement":{},"signature":""}')
    [found] = check_champion(settings, name)
    assert "not signed by this platform" in found


def test_a_promotion_that_claims_a_sign_off_there_is_not_is_found(standing):
    settings, name = standing
    claimed = promotion(
        Served(3, f"{3:064x}"),
        judged_against=2,
        reasons=("kept",),
        actor="mallory",
        authority="r-none",
    )
    change_champion(settings, name, claimed)
    [found] = check_champion(settings, name)
    assert f"entry {len(history(settings, name))} names a sign-off" in found
