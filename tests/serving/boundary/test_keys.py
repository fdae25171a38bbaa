"""Keys are hashes in a file; who has none, or the wrong one, is not let in."""

import json
import time

import pytest

from assay.errors import ConfigError
from serving.boundary.keys import KeyRing, new_key, read_keys, revoke_key


@pytest.fixture
def file(tmp_path):
    return tmp_path / "keys" / "api-keys.json"


def ring(file):
    """Return a ring that looks at the file each time."""
    made = KeyRing(file)
    made._look_at = 0.0
    return made


def test_a_key_is_found_by_what_was_shown_once_and_the_file_does_not_hold_it(file):
    token = new_key(file, "bank", ["score", "read"])
    assert token.split("_")[2] not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    found = ring(file).find(token)
    assert (found.name, found.scopes) == ("bank", ("score", "read"))
    assert found.may("score")
    assert not found.may("explain")
    assert not found.may("admin")


def test_admin_may_everything(file):
    found = ring(file).find(new_key(file, "operator", ["admin"]))
    assert all(found.may(scope) for scope in ("score", "explain", "read", "admin"))


@pytest.mark.parametrize("change", [lambda t: t[:-1], lambda t: t[:-1] + "#", str.upper])
def test_a_changed_key_is_none(file, change):
    token = new_key(file, "bank", ["score"])
    assert ring(file).find(change(token)) is None


def test_the_secret_of_one_key_does_not_open_with_the_name_of_another(file):
    one, two = (new_key(file, name, ["score"]) for name in ("a", "b"))
    mixed = "_".join([*one.split("_", 2)[:2], two.split("_", 2)[2]])
    assert ring(file).find(mixed) is None


def test_a_revoked_key_ends_and_its_successor_works_without_a_restart(file):
    held = KeyRing(file)
    old = new_key(file, "bank", ["score"])
    assert held.find(old) is not None
    new = new_key(file, "bank", ["score"])
    revoke_key(file, old.split("_")[1])
    held._look_at = 0.0  # a second later
    assert held.find(old) is None
    assert held.find(new) is not None


def test_within_a_second_the_file_is_not_looked_at_again(file):
    held = KeyRing(file)
    assert held.is_empty
    token = new_key(file, "bank", ["score"])
    assert held.find(token) is None


def test_an_expired_key_is_refused(file):
    token = new_key(file, "bank", ["score"], days=1)
    content = json.loads(file.read_text())
    assert content[0]["expires"] == pytest.approx(time.time() + 86400, abs=60)
    content[0]["expires"] = time.time() - 1
    file.write_text(json.dumps(content))
    assert ring(file).find(token) is None


@pytest.mark.parametrize(
    "content", ["", "[", "{}x", '[{"key_id": "x"}]', '[{"scopes": 1}]', "[1]"]
)
def test_a_file_that_does_not_read_lets_nobody_in(file, content):
    token = new_key(file, "bank", ["score"])
    held = ring(file)
    assert held.find(token) is not None
    file.write_text(content)
    held._look_at = 0.0
    assert held.find(token) is None
    assert "do not read" in held.problem
    with pytest.raises(ConfigError, match="do not read"):
        read_keys(file)


@pytest.mark.parametrize(
    ("scopes", "more"),
    [([], {}), (["write"], {}), (["score"], {"days": 0}), (["score"], {"days": -1})],
)
def test_a_key_that_makes_no_sense_is_not_made(file, scopes, more):
    with pytest.raises(ConfigError):
        new_key(file, "bank", scopes, **more)
    assert read_keys(file) == []


def test_revoking_what_is_not_there_names_what_is(file):
    token = new_key(file, "bank", ["score"])
    with pytest.raises(ConfigError, match=token.split("_")[1]):
        revoke_key(file, "nobody")
