"""Keys are registered once, revoked for good, and named by what they are."""

from datetime import UTC, datetime

import pytest

from assay.errors import ConfigError
from assay.signoff.keys import key_added, key_id_of, key_revoked, keys_of

AT = datetime(2026, 11, 21, tzinfo=UTC)
PUBLIC = bytes(range(32))


def added(owner="vera", role="validator", public=PUBLIC):
    return key_added({}, owner, role, public)


def test_a_registered_key_counts_until_it_is_revoked():
    known = keys_of([(AT, added())])
    key = known[key_id_of(PUBLIC)]
    assert (key.owner, key.role, key.public) == ("vera", "validator", PUBLIC)
    assert key.revoked_at is None
    gone = keys_of([(AT, added()), (AT, key_revoked(known, key.key_id, "left"))])
    assert gone[key.key_id].revoked_at == AT
    assert gone[key.key_id].revoked_because == "left"


def test_two_keys_have_two_names():
    assert key_id_of(PUBLIC) != key_id_of(PUBLIC[::-1])
    assert len(key_id_of(PUBLIC)) == 16


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: added(public=b"short"), "32 bytes, this one 5"),
        (lambda: added(owner=" "), "owner"),
        (lambda: added(role="boss"), "developer, validator, auditor"),
        (lambda: key_added(keys_of([(AT, added())]), "w", "auditor", PUBLIC), "already"),
        (lambda: key_revoked({}, "0" * 16, "left"), "not registered"),
        (
            lambda: key_revoked(keys_of([(AT, added())]), key_id_of(PUBLIC), " "),
            "reason",
        ),
    ],
)
def test_what_is_no_key_is_refused(wrong, message):
    with pytest.raises(ConfigError, match=message):
        wrong()


def test_a_key_is_revoked_once():
    known = keys_of([(AT, added())])
    revoked = key_revoked(known, key_id_of(PUBLIC), "left")
    known = keys_of([(AT, added()), (AT, revoked)])
    with pytest.raises(ConfigError, match="revoked already"):
        key_revoked(known, key_id_of(PUBLIC), "again")
