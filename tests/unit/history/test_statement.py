"""A server follows what the platform signed, and nothing older."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assay.errors import RegistryError
from assay.history.statement import follow, read_statement, statement_text
from assay.ledger.signing import public_bytes
from tests.unit.history.worlds import World, later, promote

KEY = Ed25519PrivateKey.generate()
PUBLIC = public_bytes(KEY)


@pytest.fixture(scope="module")
def texts():
    from assay.history.protocol import change

    world = World()
    for version in (1, 2, 3):
        world.run(change("m", promote(version), later(version)))
    return [statement_text(link, KEY.sign) for link in world.links]


def test_what_was_signed_reads_back(texts):
    statement = read_statement(texts[1], PUBLIC)
    assert (statement.model_name, statement.sequence) == ("m", 2)
    assert statement.traffic.champion.version == 2


def test_the_highest_entry_is_followed_in_whatever_order_they_stand(texts):
    for order in (texts, texts[::-1]):
        followed = follow(None, "m", order, PUBLIC)
        assert followed.statement.sequence == 3
        assert followed.problem == ""


def test_an_older_statement_that_was_put_back_is_not_followed(texts):
    before = read_statement(texts[2], PUBLIC)
    followed = follow(before, "m", texts[:1], PUBLIC)
    assert followed.statement is before
    assert "entry 1; entry 3 was signed already" in followed.problem


def test_a_statement_that_is_gone_leaves_the_last(texts):
    before = read_statement(texts[2], PUBLIC)
    assert follow(before, "m", [], PUBLIC).statement is before
    assert "no longer says" in follow(before, "m", [], PUBLIC).problem
    assert follow(None, "m", [], PUBLIC).problem == ""


def test_every_edit_of_a_signed_statement_is_refused(texts):
    whole = json.loads(texts[2])
    edits = []
    for name, value in {
        "model_name": "n",
        "sequence": 9,
        "entry_digest": "0" * 64,
    }.items():
        edits.append({**whole, "statement": {**whole["statement"], name: value}})
    for name, value in {
        "champion": [1, "0" * 64],
        "canary": [1, "0" * 64],
        "canary_share": 0.5,
        "shadow": [1, "0" * 64],
        "stopped": "by me",
    }.items():
        traffic = {**whole["statement"]["traffic"], name: value}
        edits.append({**whole, "statement": {**whole["statement"], "traffic": traffic}})
    for edit in edits:
        followed = follow(None, "m", [json.dumps(edit)], PUBLIC)
        assert followed.statement is None
        assert "not signed by this platform" in followed.problem


def test_a_forged_statement_does_not_hide_the_signed_one(texts):
    other = Ed25519PrivateKey.generate()
    forged = json.loads(texts[2])
    forged["signature"] = other.sign(b"anything").hex()
    followed = follow(None, "m", [texts[0], json.dumps(forged)], PUBLIC)
    assert followed.statement.sequence == 1
    assert "not signed" in followed.problem


def test_another_models_statement_is_not_followed(texts):
    assert follow(None, "other", texts, PUBLIC).statement is None


def test_two_entries_of_one_number_are_reported(texts):
    from assay.history.protocol import change

    world = World()
    world.run(change("m", promote(7), later(0)))
    rival = statement_text(world.links[0], KEY.sign)
    before = read_statement(texts[0], PUBLIC)
    followed = follow(before, "m", [rival], PUBLIC)
    assert followed.statement is before
    assert "two entries 1" in followed.problem


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", '{"statement":{},"signature":"zz"}', "\x00", "1"]
)
def test_a_text_that_is_no_statement_says_what_to_do(text):
    with pytest.raises(RegistryError, match="check-champions"):
        read_statement(text, PUBLIC)
