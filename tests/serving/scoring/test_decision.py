"""Bytes of answers and records are those that other writers would make."""

import json
from dataclasses import asdict

import orjson
import pytest

from assay.ledger import DecisionRecord, entry_bytes
from serving.scoring.deciding import decide
from tests.serving.scoring.conftest import BAD, ROW


@pytest.fixture(params=["champion", "without_reasons"])
def either(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("row", [ROW, BAD, {**BAD, "region": " NA ", "is_known": None}])
def test_a_records_bytes_are_those_of_the_ledgers_own_writer(either, row):
    decision = decide(either, json.dumps(row).encode())
    expected = DecisionRecord(
        request_id="r-1",
        model="sample",
        version=either.version,
        bundle_digest=either.bundle.digest,
        inputs=row,
        features=decision.features,
        probability=decision.probability,
        threshold=either.threshold,
        decision=either.decision(decision.probability),
        reasons=tuple(field for field, _ in decision.reasons or ()),
        latency_us=12,
    )
    assert either.forms.record(decision, "r-1", 12) == entry_bytes(asdict(expected))


def test_the_features_are_what_was_scored(either):
    row = {**BAD, "region": "  west  ", "term.months": 24.0, "rare amount": None}
    features = decide(either, json.dumps(row).encode()).features
    assert features == {
        "amount": 80.0,
        "rare amount": None,
        "n_events": 9.0,
        "is_known": 1.0,
        "term.months": 24.0,
        "region": "west",
    }
    gone = decide(either, json.dumps({**ROW, "region": "NA"}).encode()).features
    assert gone["region"] is None


def test_an_answer_is_what_a_json_library_would_write(champion):
    decision = decide(champion, json.dumps({**BAD, "case": 'ünï "q"\n'}).encode())
    answer = champion.forms.answer(decision, "r-1")
    expected = {
        "model": "sample",
        "version": "7",
        "bundle_digest": champion.bundle.digest,
        "role": "champion",
        "request_id": "r-1",
        "threshold": champion.threshold,
        "probability": decision.probability,
        "decision": "refuse",
        "identifier": 'ünï "q"\n',
        "event_time": ROW["at"],
        "reasons": [{"field": f, "text": t} for f, t in decision.reasons],
    }
    assert answer == orjson.dumps(expected)
    assert 1 <= len(decision.reasons) <= 4


def test_both_ways_of_reading_decide_alike(champion, without_reasons):
    for row in (ROW, BAD):
        body = json.dumps(row).encode()
        first, second = decide(champion, body), decide(without_reasons, body)
        assert abs(first.probability - second.probability) < 1e-12
        assert first.inputs == second.inputs == row
        assert first.is_adverse == second.is_adverse
