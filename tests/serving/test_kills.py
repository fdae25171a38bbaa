"""The service killed under load: every decision that a caller has is in the ledger."""

import asyncio
import random

import pytest

from assay.ledger import StreamWriter
from assay.ledger.recovery import segments_of
from benchmarks.ledger.attacks import sample_entry
from benchmarks.serving.kills import Seen, is_whole, look, report, run, tear


@pytest.mark.slow
def test_kills_under_load_lose_no_decision_that_was_answered():
    seen = asyncio.run(run(4))
    assert seen.acknowledged
    assert seen.missing == []
    assert seen.refused == 0
    assert len(seen.torn) == 2
    assert set(seen.torn) <= set(seen.recovered)
    assert is_whole(seen)


@pytest.fixture
def ledger(tmp_path):
    writer = StreamWriter(tmp_path, "api-a-1")
    for number in range(3):
        writer.stage(sample_entry(number))
    writer.close()
    return tmp_path


def test_the_judge_finds_what_is_missing(ledger):
    seen = Seen({"api-a-1:2": "request-00000000", "api-a-1:3": "request-00000001"})
    look(ledger, seen)
    assert (seen.n_records, seen.missing) == (3, [])
    assert is_whole(seen)
    seen.acknowledged["api-a-1:4"] = "another"
    seen.acknowledged["api-a-1:9"] = "request-00000002"
    look(ledger, seen)
    assert seen.missing == ["api-a-1:4", "api-a-1:9"]
    assert not is_whole(seen)
    assert "| of them missing in the ledger | 2 |" in report(seen, 1)


def test_the_judge_asks_that_a_torn_tail_is_reported(ledger):
    (segment,) = segments_of(ledger / "streams" / "api-a-1")
    segment.chmod(0o640)
    tear(ledger / "streams" / "api-a-1", random.Random(0))  # noqa: S311 # no key
    torn = Seen(torn=["api-a-1"])
    look(ledger, torn)
    assert torn.recovered == ["api-a-1"]
    assert is_whole(torn)
    unreported = Seen(torn=["api-a-1", "api-a-2"])
    look(ledger, unreported)
    assert not is_whole(unreported)
