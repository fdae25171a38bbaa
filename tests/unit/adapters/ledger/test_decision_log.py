"""Records of a model as frames, from a ledger that the real writer wrote."""

import pandas as pd
import pytest

from assay.adapters.ledger.decision_log import read_decisions
from assay.contract import find_contract
from assay.ledger import StreamWriter
from assay.ledger.record import DecisionRecord, entry_bytes
from deployments.environment import project_root

NAME = "credit_default"


@pytest.fixture
def contract():
    return find_contract(NAME, project_root() / "data" / "contracts")


def decision(number, at="2026-06-01T08:00:00+00:00", model=NAME, probability=0.2):
    inputs = {"application_id": number, "applied_at": at, "income": 30_000.0}
    return entry_bytes(
        DecisionRecord(
            *(f"r-{number}", model, "3", "0" * 64, inputs, {"income": 30_000.0}),
            *(probability, 0.15, "decline"),
            latency_us=1_500,
        )
    )


def outcome(number, label, observed_at="2026-09-01T00:00:00+00:00"):
    told = {"request_id": f"r-{number}", "label": label, "observed_at": observed_at}
    return entry_bytes({"kind": "outcome", "model": NAME, **told})


def write(folder, entries, stream="api-one-1"):
    writer = StreamWriter(folder, stream)
    for entry in entries:
        writer.stage(entry)
    writer.commit()
    writer.close()


def test_what_was_decided_told_and_refused_comes_back(tmp_path, contract):
    refusal = entry_bytes({"kind": "refusal", "model": NAME, "status": 422})
    write(
        tmp_path,
        [
            decision("b", at="2026-06-02T08:00:00+02:00"),
            decision("a"),
            decision("c", model="another"),
            outcome("b", 1),
            refusal,
        ],
    )
    log = read_decisions(tmp_path, contract)
    # By the applicant's time, not by that of the record.
    assert log.decisions["identifier"].tolist() == ["r-a", "r-b"]
    assert log.decisions["decided_at"].tolist() == [
        pd.Timestamp("2026-06-01T08:00Z"),
        pd.Timestamp("2026-06-02T06:00Z"),
    ]
    assert log.decisions["latency_ms"].tolist() == [1.5, 1.5]
    assert log.inputs["application_id"].tolist() == ["a", "b"]
    assert log.inputs["housing"].isna().all()
    assert log.arrivals[["identifier", "label"]].to_numpy().tolist() == [["r-b", 1]]
    assert log.refusals["status"].tolist() == [422]
    assert (log.decisions["recorded_at"] > pd.Timestamp("2026-06-03", tz="UTC")).all()


def test_of_two_decisions_with_one_identifier_the_later_counts(tmp_path, contract):
    write(tmp_path, [decision("a", probability=0.2), decision("a", probability=0.4)])
    log = read_decisions(tmp_path, contract)
    assert log.decisions["probability"].tolist() == [0.4]
    assert len(log.inputs) == 1


def test_streams_of_several_workers_are_one_log(tmp_path, contract):
    write(tmp_path, [decision("a")], "api-one-1")
    write(tmp_path, [decision("b"), outcome("a", 0)], "api-two-2")
    log = read_decisions(tmp_path, contract)
    assert sorted(log.decisions["identifier"]) == ["r-a", "r-b"]
    assert len(log.arrivals) == 1


def test_sealed_inputs_are_counted_and_left_out(tmp_path, contract):
    record = DecisionRecord(
        *("r-s", NAME, "3", "0" * 64, {"sealed": "eA==", "subject": "x"}, {}),
        *(0.2, 0.15, "decline"),
    )
    write(tmp_path, [entry_bytes(record), decision("a")])
    log = read_decisions(tmp_path, contract)
    assert (log.n_sealed, len(log.decisions)) == (1, 1)


def test_without_a_ledger_there_is_nothing(tmp_path, contract):
    log = read_decisions(tmp_path / "none", contract)
    assert (len(log.decisions), len(log.arrivals), len(log.refusals)) == (0, 0, 0)
    assert "income" in log.inputs
