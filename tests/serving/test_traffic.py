"""Who answers; a statement that never goes back; a shadow that nobody waits for."""

import threading

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assay.history.protocol import change
from assay.history.statement import STATEMENT_TAG, statement_text
from assay.history.traffic import Traffic
from assay.ledger.signing import public_bytes
from serving.traffic import ShadowQueue, StatementKeeper
from tests.unit.history.worlds import World, later, promote, served, stop

KEY = Ed25519PrivateKey.generate()
PUBLIC = public_bytes(KEY)


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


def keeper(folder, *keys):
    return StatementKeeper(folder, lambda: keys or (PUBLIC,))


def followed(found):
    return found.statement.traffic if found.statement else None


def test_the_newest_statement_is_followed(tags, tmp_path):
    ours = keeper(tmp_path)
    assert followed(ours.look("m", only(tags, 1))) == Traffic(served(1))
    assert followed(ours.look("m", tags)).stopped == "test"


def test_an_older_statement_is_not_followed_even_after_a_restart(tags, tmp_path):
    keeper(tmp_path).look("m", only(tags, 2))
    found = keeper(tmp_path).look("m", only(tags, 1))
    assert followed(found).champion == served(2)
    assert "entry 2 was signed already" in found.problem


def test_without_the_registry_the_kept_statement_holds(tags, tmp_path):
    keeper(tmp_path).look("m", only(tags, 2))
    assert followed(keeper(tmp_path).look("m", None)).champion == served(2)
    assert keeper(tmp_path).look("m", None).problem == ""
    assert followed(keeper(tmp_path).look("other", None)) is None


def test_a_registry_that_lost_its_statements_changes_nothing_and_is_told(tags, tmp_path):
    ours = keeper(tmp_path)
    ours.look("m", only(tags, 2))
    found = ours.look("m", {})
    assert followed(found).champion == served(2)
    assert "no longer says" in found.problem


def test_a_kept_statement_that_was_edited_is_not_followed(tags, tmp_path):
    keeper(tmp_path).look("m", only(tags, 2))
    file = tmp_path / "m.statement"
    file.write_text(file.read_text().replace('"sequence":2', '"sequence":9'))
    found = keeper(tmp_path).look("m", only(tags, 1))
    assert followed(found).champion == served(1)


def test_a_slower_process_does_not_write_an_older_statement_over_a_newer(tags, tmp_path):
    slow, fast = keeper(tmp_path), keeper(tmp_path)
    slow.look("m", only(tags, 1))
    fast.look("m", only(tags, 3))
    assert followed(slow.look("m", only(tags, 2))).stopped == "test"
    assert followed(keeper(tmp_path).look("m", None)).stopped == "test"


def test_a_statement_of_any_trusted_key_counts_and_of_another_none(tags, tmp_path):
    another = public_bytes(Ed25519PrivateKey.generate())
    assert followed(keeper(tmp_path, another, PUBLIC).look("m", tags)) is not None
    found = keeper(tmp_path / "b", another).look("m", tags)
    assert found.statement is None
    assert "not signed by this platform" in found.problem


def test_a_shadow_does_what_it_is_offered_and_drops_what_is_too_much():
    held, seen = threading.Event(), []

    def score(rows):
        held.wait()
        seen.extend(row for row in rows if row != 1)
        return rows.count(1)

    shadow = ShadowQueue(score, longest=3, gather_seconds=0.01)
    offered = [shadow.offer(row) for row in range(50)]
    n_taken = offered.count(True)
    assert n_taken >= 3
    assert shadow.n_dropped == 50 - n_taken
    held.set()
    shadow.close()
    assert shadow.n_failed == 1
    assert sorted([*seen, 1]) == [row for row, taken in enumerate(offered) if taken]


def test_a_shadow_that_raises_is_counted_and_goes_on():
    def fail(_):
        raise ValueError("no such field")

    shadow = ShadowQueue(fail, gather_seconds=0.01)
    shadow.offer(1)
    shadow.close()
    assert shadow.n_failed == 1
