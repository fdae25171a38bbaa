"""Labels: accepted once, corrected, repeated, unknown or late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from assay.ledger import StreamWriter, entry_bytes
from assay.ledger.lookup import Outcome, RequestIndex, judge_outcomes

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture
def desk(tmp_path):
    """Decisions a, b and, of another model, c; and a way to judge and write labels."""
    moment = int((NOW - timedelta(days=100)).timestamp()) * 10**9
    writer = StreamWriter(tmp_path, "w", clock=lambda: moment)
    for request_id, model in (("a", "m"), ("b", "m"), ("c", "n")):
        writer.stage(
            entry_bytes({"kind": "decision", "request_id": request_id, "model": model})
        )
    writer.commit()
    index = RequestIndex(tmp_path)

    def judge(*outcomes, late_after=timedelta(days=120)):
        judged = judge_outcomes(
            index,
            "m",
            [Outcome(*each) for each in outcomes],
            now=NOW,
            late_after=late_after,
        )
        for each in judged:
            if each.entry is not None:
                writer.stage(each.entry)
        writer.commit()
        return judged

    yield judge
    writer.close()


def statuses(judged):
    return [each.status for each in judged]


def test_a_label_is_accepted_once_and_then_known(desk):
    (first,) = desk(("a", 1))
    assert (first.status, first.decision) == ("accepted", "w:2")
    said = orjson.loads(first.entry)
    assert (said["label"], said["label_before"], said["decision"]) == (1, None, "w:2")
    (again,) = desk(("a", 1))
    assert (again.status, again.entry) == ("duplicate", None)


def test_another_label_corrects_and_says_what_it_was(desk):
    desk(("a", 1))
    (corrected,) = desk(("a", 0))
    assert corrected.status == "corrected"
    assert orjson.loads(corrected.entry)["label_before"] == 1
    assert statuses(desk(("a", 0))) == ["duplicate"]
    assert statuses(desk(("a", 1))) == ["corrected"]


def test_labels_of_one_report_follow_each_other(desk):
    judged = desk(("a", 1), ("a", 1), ("a", 0), ("b", 0))
    assert statuses(judged) == ["accepted", "duplicate", "corrected", "accepted"]


def test_a_decision_that_is_not_there_or_of_another_model_is_unknown(desk):
    judged = desk(("nobody", 1), ("c", 1), ("nobody", 1))
    assert statuses(judged) == ["unknown"] * 3
    assert all(each.entry is None for each in judged)


def test_late_is_counted_from_the_decision_and_the_label_counts(desk):
    (on_time,) = desk(("a", 1), late_after=timedelta(days=100))
    (late,) = desk(("b", 1), late_after=timedelta(days=99))
    assert (on_time.is_late, late.is_late) == (False, True)
    assert late.status == "accepted"
    assert orjson.loads(late.entry)["is_late"] is True
