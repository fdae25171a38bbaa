"""Answers are read whole or not at all."""

import json

import pytest

from assay.client.answers import (
    Reason,
    read_decision,
    read_decisions,
    read_model,
    read_outcomes,
)
from assay.client.errors import ServiceFailedError

HEAD = {
    "model": "tiny",
    "version": "3",
    "bundle_digest": "0" * 64,
    "role": "champion",
    "request_id": "r",
    "threshold": 0.5,
}
VERDICT = {
    "probability": 0.7,
    "decision": "decline",
    "identifier": "A-1",
    "event_time": None,
    "reasons": [{"field": "income", "text": "Income is low."}],
}


def test_a_decision_has_its_reasons_and_who_decided():
    found = read_decision(json.dumps(HEAD | VERDICT).encode())
    assert (found.outcome, found.probability, found.version) == ("decline", 0.7, "3")
    assert found.reasons == (Reason("income", "Income is low."),)
    assert (found.identifier, found.position) == ("A-1", None)


def test_rows_of_a_batch_are_numbered_in_their_order():
    two = {"probability": 0.1, "decision": "approve"}
    content = json.dumps(HEAD | {"scores": [VERDICT, two]}).encode()
    found = read_decisions(content)
    assert [each.position for each in found] == [0, 1]
    assert [each.outcome for each in found] == ["decline", "approve"]
    assert found[1].reasons == ()


def test_a_canarys_row_in_a_batch_says_who_decided_it():
    other = {"version": "4", "bundle_digest": "1" * 64, "role": "canary"}
    tried = {"probability": 0.1, "decision": "approve", **other, "threshold": 0.4}
    content = json.dumps(HEAD | {"scores": [VERDICT, tried]}).encode()
    ours, theirs = read_decisions(content)
    assert (ours.version, ours.role, ours.threshold) == ("3", "champion", 0.5)
    assert (theirs.version, theirs.role, theirs.threshold) == ("4", "canary", 0.4)
    assert theirs.bundle_digest == "1" * 64


def test_receipts_of_outcomes():
    content = {"outcomes": [{"request_id": "r", "status": "accepted", "is_late": False}]}
    (found,) = read_outcomes(json.dumps(content).encode())
    assert (found.request_id, found.status) == ("r", "accepted")


@pytest.mark.parametrize(
    "read", [read_decision, read_decisions, read_model, read_outcomes]
)
@pytest.mark.parametrize("content", [b"", b"<html>", b"{}", b"[]", b"3"])
def test_something_else_is_the_services_failure(read, content):
    with pytest.raises(ServiceFailedError, match="check that the address is Assay's"):
        read(content)
