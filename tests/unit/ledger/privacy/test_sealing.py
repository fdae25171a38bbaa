"""Personal values sealed under their subject's key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from assay.contract import find_contract
from assay.errors import LedgerError
from assay.ledger.privacy import KeyStore, Sealer, open_personal, pseudonym
from assay.ledger.privacy.keys import KEY_BYTES

CONTRACT = find_contract(
    "credit_default", Path(__file__).parents[4] / "data" / "contracts"
)
INPUTS = {"application_id": "A-1", "income": 50000.0, "channel": "web", "age": 41}


@pytest.fixture
def store(tmp_path):
    return KeyStore(tmp_path / "keys")


def test_what_was_sealed_opens_again_and_shows_nothing_meanwhile(store):
    features = {"income": 50000.0, "channel": 3.0}
    sealed = Sealer(store).seal_personal(CONTRACT, "ann@example.org", INPUTS, features)
    assert set(sealed) == {"sealed", "subject", "key"}
    text = json.dumps(sealed)
    assert not any(word in text for word in ("ann", "A-1", "50000", "web", "income"))
    opened = open_personal(store, CONTRACT.name, sealed)
    assert opened == {"inputs": INPUTS, "features": features}


def test_the_text_is_aes_gcm_of_the_stored_key(store):
    sealed = Sealer(store).seal_personal(CONTRACT, "ann", INPUTS)
    import base64

    content = base64.b64decode(sealed["sealed"])
    key = store.key(sealed["key"])
    assert len(key) == KEY_BYTES
    bound = f"assay personal 1\ncredit_default\n{sealed['subject']}".encode()
    opened = AESGCM(key).decrypt(content[:12], content[12:], bound)
    assert json.loads(opened)["inputs"] == INPUTS


def test_open_fields_stay_readable_but_never_identifying_or_protected_ones(store):
    sealed = Sealer(store).seal_personal(
        CONTRACT, "ann", INPUTS, open_fields=("channel", "age", "application_id")
    )
    assert sealed["channel"] == "web"
    assert "age" not in sealed
    assert "application_id" not in sealed
    assert open_personal(store, CONTRACT.name, sealed)["inputs"] == {
        key: value for key, value in INPUTS.items() if key != "channel"
    }


def test_one_subject_has_one_key_and_one_name_another_has_others(store):
    sealer = Sealer(store)
    first, again = (sealer.seal_personal(CONTRACT, "ann", INPUTS) for _ in range(2))
    other = sealer.seal_personal(CONTRACT, "bob", INPUTS)
    assert (first["key"], first["subject"]) == (again["key"], again["subject"])
    assert first["sealed"] != again["sealed"]
    assert other["key"] != first["key"]
    restarted = Sealer(store).seal_personal(CONTRACT, "ann", INPUTS)
    assert restarted["subject"] == first["subject"]
    assert restarted["key"] != first["key"]


def test_without_its_key_nobody_opens_it_and_others_still_do(store):
    sealer = Sealer(store)
    gone = sealer.seal_personal(CONTRACT, "ann", INPUTS)
    kept = sealer.seal_personal(CONTRACT, "bob", INPUTS)
    store.destroy([gone["key"]])
    assert open_personal(store, CONTRACT.name, gone) is None
    assert open_personal(store, CONTRACT.name, kept)["inputs"] == INPUTS


def test_sealed_values_of_one_person_do_not_pass_for_anothers(store):
    sealed = Sealer(store).seal_personal(CONTRACT, "ann", INPUTS)
    for wrong in ({"subject": "0" * 32}, {"sealed": "AAAA"}, {"sealed": "?"}):
        with pytest.raises(LedgerError, match="do not open"):
            open_personal(store, CONTRACT.name, {**sealed, **wrong})
    with pytest.raises(LedgerError, match="do not open"):
        open_personal(store, "another_model", sealed)
    with pytest.raises(LedgerError, match="no sealed inputs"):
        open_personal(store, CONTRACT.name, INPUTS)


def test_blocks_run_out_and_subjects_are_forgotten_without_mixing_keys(store):
    sealer = Sealer(store, block_keys=3, most_subjects=2)
    sealed = [sealer.seal_personal(CONTRACT, f"s{n % 5}", INPUTS) for n in range(20)]
    by_key = {}
    for each in sealed:
        by_key.setdefault(each["key"], set()).add(each["subject"])
        assert open_personal(store, CONTRACT.name, each)["inputs"] == INPUTS
    assert all(len(subjects) == 1 for subjects in by_key.values())
    sealer.forget("s4")
    after = sealer.seal_personal(CONTRACT, "s4", INPUTS)
    assert after["key"] not in by_key


@given(st.text(), st.text())
def test_names_differ_where_subjects_do(first, second):
    names = [pseudonym(b"k" * 32, each) for each in (first, second)]
    assert (names[0] == names[1]) == (first == second)
