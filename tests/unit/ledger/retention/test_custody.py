"""Legal holds, written into the ledger."""

from __future__ import annotations

import pytest

from assay.errors import LedgerError
from assay.ledger.recovery import segments_of
from assay.ledger.retention import Hold, active_holds, place_hold, release_hold


def hold(name, **scope):
    return Hold(name, "court order 7", "counsel", **scope)


def test_a_hold_holds_from_placing_to_release_and_stays_in_the_ledger(kept):
    assert active_holds(kept.folder) == []
    place_hold(kept.folder, hold("one", subject=kept.name("ann")))
    place_hold(kept.folder, hold("two", model="credit_default"))
    assert [each.name for each in active_holds(kept.folder)] == ["one", "two"]
    release_hold(kept.folder, "one", by="counsel")
    assert [each.name for each in active_holds(kept.folder)] == ["two"]
    assert kept.verify().passed


def test_a_name_is_active_once_and_only_an_active_one_is_released(kept):
    place_hold(kept.folder, hold("one"))
    with pytest.raises(LedgerError, match="is active"):
        place_hold(kept.folder, hold("one"))
    with pytest.raises(LedgerError, match="active: one"):
        release_hold(kept.folder, "other", by="counsel")


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ({}, True),
        ({"subject": "s"}, True),
        ({"subject": "t"}, False),
        ({"request_id": "r"}, True),
        ({"request_id": "q"}, False),
        ({"model": "m", "subject": "s"}, True),
        ({"model": "n", "subject": "s"}, False),
        ({"start": "2026-02-01", "end": "2026-02-02"}, True),
        ({"start": "2026-02-02"}, False),
        ({"end": "2026-02-01"}, False),
    ],
)
def test_a_record_is_covered_if_it_agrees_with_all_that_is_given(scope, expected):
    entry = {"request_id": "r", "model": "m", "inputs": {"subject": "s"}}
    assert hold("h", **scope).covers(entry, "2026-02-01T12:00:00.000000Z") is expected
    outcome = {"request_id": "r", "model": "m", "subject": "s"}
    assert hold("h", **scope).covers(outcome, "2026-02-01T12:00:00.000000Z") is expected


def test_a_hold_that_does_not_read_is_not_overlooked(kept):
    place_hold(kept.folder, hold("one"))
    (segment,) = segments_of(kept.folder / "streams" / "custody")
    segment.chmod(0o600)
    segment.write_bytes(segment.read_bytes().replace(b'"record":', b'"rec0rd":'))
    with pytest.raises(LedgerError, match="nothing is deleted or erased"):
        active_holds(kept.folder)
