"""Erasure: after holds and retention, and without harm to the chain."""

from __future__ import annotations

from datetime import timedelta

import orjson

from assay.ledger.privacy import open_personal
from assay.ledger.reading import find_record
from assay.ledger.retention import (
    Hold,
    erase_due,
    place_hold,
    release_hold,
    request_erasure,
    retention_profiles,
)

from .conftest import START

PROFILES = retention_profiles({"retail": {"keep_days": 100}})
LATER = START + timedelta(days=1000)


def opened(kept, request_id):
    entry = orjson.loads(find_record(kept.folder, request_id).body)["entry"]
    return open_personal(kept.store, "credit_default", entry["inputs"])


def test_an_erased_person_is_read_by_nobody_and_the_ledger_verifies(kept):
    before = kept.verify()
    request_erasure(kept.folder, kept.name("ann"))
    (done,) = erase_due(kept.folder, kept.store, PROFILES, LATER)
    assert (done.is_done, done.n_records, done.n_keys) == (True, 20, 1)
    assert opened(kept, "r0") is None
    assert opened(kept, "r1")["inputs"]["application_id"] == "A-1"
    after = kept.verify()
    assert before.passed
    assert after.passed
    assert after.n_covered == before.n_covered
    assert erase_due(kept.folder, kept.store, PROFILES, LATER) == []


def test_every_key_of_a_person_is_destroyed(kept):
    kept.write(10, stream="another-worker", first_day=40)
    request_erasure(kept.folder, kept.name("bob"))
    (done,) = erase_due(kept.folder, kept.store, PROFILES, LATER)
    assert (done.n_records, done.n_keys) == (25, 2)
    assert opened(kept, "r41") is None


def test_retention_beats_erasure_until_its_least_time_is_over(kept):
    request_erasure(kept.folder, kept.name("ann"))
    newest = START + timedelta(days=38)  # ann's last decision
    early = newest + timedelta(days=99.9)
    (waits,) = erase_due(kept.folder, kept.store, PROFILES, early)
    assert not waits.is_done
    assert waits.why == f"to be kept until {newest + timedelta(days=100):%Y-%m-%d}"
    assert opened(kept, "r0") is not None
    due = newest + timedelta(days=100)
    (done,) = erase_due(kept.folder, kept.store, PROFILES, due)
    assert done.is_done


def test_a_legal_hold_beats_erasure_until_it_is_released(kept):
    place_hold(kept.folder, Hold("case", "court", "counsel", request_id="r2"))
    request_erasure(kept.folder, kept.name("ann"))
    request_erasure(kept.folder, kept.name("bob"))
    by_subject = {
        each.subject: each for each in erase_due(kept.folder, kept.store, PROFILES, LATER)
    }
    assert by_subject[kept.name("ann")].why == "under legal hold: case"
    assert by_subject[kept.name("bob")].is_done
    release_hold(kept.folder, "case", by="counsel")
    (done,) = erase_due(kept.folder, kept.store, PROFILES, LATER)
    assert (done.subject, done.is_done) == (kept.name("ann"), True)


def test_who_has_no_record_is_erased_at_once(kept):
    request_erasure(kept.folder, kept.name("nobody"))
    (done,) = erase_due(kept.folder, kept.store, PROFILES, LATER)
    assert (done.is_done, done.n_records, done.n_keys) == (True, 0, 0)
