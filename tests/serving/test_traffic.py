"""Who answers; a statement that never goes back; a shadow that nobody waits for."""

import threading

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assay.history.protocol import change
from assay.history.statement import STATEMENT_TAG, statement_text
from assay.history.traffic import Traffic, stopped, with_canary
from assay.ledger.signing import public_bytes
from serving.traffic import (
    Answering,
    ShadowQueue,
    StatementKeeper,
    Stopped,
    answering,
)
from tests.unit.history.worlds import World, later, promote, served, stop

KEY = Ed25519PrivateKey.generate()
PUBLIC = public_bytes(KEY)
CHAMPION = Traffic(served(1))
TRIED = with_canary(CHAMPION, served(2), 0.3)


def test_the_champion_answers_everybody_without_a_canary():
    assert answering(CHAMPION, "a") == Answering(served(1), "champion")


def test_a_canary_answers_its_share_and_the_same_entity_always_alike():
    entities = [f"e-{i}" for i in range(4000)]
    first = [answering(TRIED, entity) for entity in entities]
    assert first == [answering(TRIED, entity) for entity in entities]
    n_canary = sum(found.role == "canary" for found in first)
    assert abs(n_canary - 1200) < 4 * (4000 * 0.3 * 0.7) ** 0.5
    assert {f.served.version for f in first if f.role == "canary"} == {2}


def test_a_request_about_nobody_goes_to_the_champion():
    assert answering(TRIED, None).role == "champion"


def test_a_stopped_model_answers_nobody_and_says_why():
    assert answering(stopped(TRIED, "by the risk officer"), "a") == Stopped(
        "by the risk officer"
    )
    assert answering(Traffic(), "a") == Stopped("the model has no champion")


@pytest.fixture(scope="module")
def tags():
    world = World()
    for i, decide in enumerate((promote(1), promote(2), stop)):
        world.run(change("m", decide, later(i)))
    return {
        f"{STATEMENT_TAG}{link.sequence}": statement_text(link, KEY.sign)
        for link in world.links
    }


def only(tags, number):
    name = f"{STATEMENT_TAG}{number}"
    return {name: tags[name], "mlflow.note": "x"}


def test_the_newest_statement_is_followed(tags, tmp_path):
    keeper = StatementKeeper(tmp_path, PUBLIC)
    assert keeper.look("m", only(tags, 1)) == (Traffic(served(1)), "")
    assert keeper.look("m", tags)[0].stopped == "test"


def test_an_older_statement_is_not_followed_even_after_a_restart(tags, tmp_path):
    StatementKeeper(tmp_path, PUBLIC).look("m", only(tags, 2))
    traffic, problem = StatementKeeper(tmp_path, PUBLIC).look("m", only(tags, 1))
    assert traffic.champion == served(2)
    assert "entry 2 was signed already" in problem


def test_without_the_registry_the_kept_statement_holds(tags, tmp_path):
    StatementKeeper(tmp_path, PUBLIC).look("m", only(tags, 2))
    assert StatementKeeper(tmp_path, PUBLIC).look("m", {})[0].champion == served(2)
    assert StatementKeeper(tmp_path, PUBLIC).look("other", {})[0] == Traffic()


def test_a_kept_statement_that_was_edited_is_not_followed(tags, tmp_path):
    StatementKeeper(tmp_path, PUBLIC).look("m", only(tags, 2))
    file = tmp_path / "m.statement"
    file.write_text(file.read_text().replace('"sequence":2', '"sequence":9'))
    traffic, _ = StatementKeeper(tmp_path, PUBLIC).look("m", only(tags, 1))
    assert traffic.champion == served(1)


def test_a_shadow_scores_what_it_is_offered_and_drops_what_is_too_much():
    held, seen = threading.Event(), []

    def score(row):
        held.wait()
        if row == 1:
            raise ValueError("no such field")
        seen.append(row)

    shadow = ShadowQueue(score, longest=3)
    offered = [shadow.offer(row) for row in range(50)]
    assert offered.count(True) in (3, 4)  # one may be at work already
    assert shadow.n_dropped == offered.count(False)
    held.set()
    shadow.close()
    assert shadow.n_failed == 1
    assert sorted([*seen, 1]) == [row for row, taken in enumerate(offered) if taken]
