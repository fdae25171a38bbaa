"""Keys of subjects: drawn in blocks, safe before use, destroyed for good."""

from __future__ import annotations

import pytest

from assay.errors import LedgerError
from assay.ledger.privacy import KeyStore


def test_keys_are_on_the_disk_before_they_are_given_out(tmp_path):
    drawn = KeyStore(tmp_path / "keys").draw(3)
    address, key = next(drawn)
    again = KeyStore(tmp_path / "keys")
    assert again.key(address) == key
    rest = dict(drawn)
    assert {again.key(each) for each in rest} == set(rest.values())
    assert len({key, *rest.values()}) == 3


def test_a_destroyed_key_is_gone_and_its_neighbours_are_not(tmp_path):
    store = KeyStore(tmp_path / "keys")
    drawn = dict(store.draw(5))
    first, second, *others = drawn
    assert store.destroy([first, second]) == 2
    assert store.destroy([first, second]) == 0
    assert [store.key(each) for each in (first, second)] == [None, None]
    assert [store.key(each) for each in others] == [drawn[each] for each in others]
    (block,) = (tmp_path / "keys").glob("*.keys")
    assert drawn[first] not in block.read_bytes()


def test_others_may_not_read_the_files(tmp_path):
    store = KeyStore(tmp_path / "keys")
    store.secret()
    list(store.draw(1))
    modes = [file.stat().st_mode & 0o077 for file in (tmp_path / "keys").iterdir()]
    assert modes == [0, 0]


def test_the_secret_stays_the_same(tmp_path):
    first = KeyStore(tmp_path / "keys").secret()
    assert KeyStore(tmp_path / "keys").secret() == first
    assert KeyStore(tmp_path / "other").secret() != first


@pytest.mark.parametrize("address", ["", "x.1", "../x.1", "0123456789abcdef.0"])
def test_an_address_that_was_never_given_out_is_no_key(tmp_path, address):
    store = KeyStore(tmp_path / "keys")
    list(store.draw(2))
    with pytest.raises(LedgerError, match="no key"):
        store.key(address)


def test_a_place_behind_the_block_is_no_key(tmp_path):
    store = KeyStore(tmp_path / "keys")
    (address, _), _ = store.draw(2)
    with pytest.raises(LedgerError, match="no key"):
        store.key(address.replace(".0", ".2"))
