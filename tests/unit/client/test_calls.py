"""What is said to the service."""

import json
from datetime import UTC, datetime

import pytest

from assay.client.calls import (
    Outcome,
    batch_call,
    chunks,
    decision_call,
    model_call,
    outcomes_call,
    score_call,
)


def test_a_row_is_sent_as_it_is_under_a_key_of_its_own():
    one, two = (score_call("tiny", {"income": 1.5, "note": None}) for _ in range(2))
    assert (one.method, one.path) == ("POST", "/v1/models/tiny/score")
    assert json.loads(one.content) == {"income": 1.5, "note": None}
    assert one.headers["Idempotency-Key"] != two.headers["Idempotency-Key"]
    named = score_call("tiny", {}, "call-1", "key-1").headers
    assert (named["X-Request-Id"], named["Idempotency-Key"]) == ("call-1", "key-1")


def test_a_batch_and_outcomes_have_the_shape_that_the_service_reads():
    assert json.loads(batch_call("tiny", [{"a": 1}]).content) == {"rows": [{"a": 1}]}
    known = datetime(2026, 11, 20, tzinfo=UTC)
    call = outcomes_call("tiny", [Outcome("r-1", 1, known), Outcome("r-2", 0)])
    assert call.path == "/v1/models/tiny/outcomes"
    assert json.loads(call.content)["outcomes"] == [
        {"request_id": "r-1", "label": 1, "observed_at": "2026-11-20T00:00:00+00:00"},
        {"request_id": "r-2", "label": 0},
    ]


def test_a_name_cannot_leave_its_place_in_the_path():
    assert model_call("../x").path == "/v1/models/..%2Fx"
    assert decision_call("r/1?x").path == "/v1/decisions/r%2F1%3Fx"


def test_chunks_hold_every_row_once_and_read_no_further_than_asked():
    def rows():
        for n in range(7):
            if n > 4:
                raise AssertionError("read ahead")
            yield {"n": n}

    found = chunks(rows(), 2)
    assert [next(found), next(found)] == [[{"n": 0}, {"n": 1}], [{"n": 2}, {"n": 3}]]
    assert list(chunks([{"n": 1}], 5)) == [[{"n": 1}]]
    assert list(chunks([], 5)) == []
    with pytest.raises(ValueError, match="at least 1"):
        next(chunks([], 0))
