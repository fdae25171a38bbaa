"""Decisions read back with their proof, and labels reported for them."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI

from assay.ledger import DecisionRecord, LoopCommitter, StreamWriter, entry_bytes
from assay.ledger.checkpoint import write_checkpoint
from assay.ledger.lookup import RequestIndex
from assay.ledger.recovery import segments_of
from assay.ledger.signing import public_bytes, signing_key
from assay.ledger.standalone import proof_holds, verify_ledger
from serving.middleware import AnswerHeaders
from serving.problems import Problem, add_problem_handlers
from serving.routers.decisions import decisions_router
from serving.routers.outcomes import OutcomeDesk, outcomes_router


def decision(request_id, model="tiny"):
    return entry_bytes(
        DecisionRecord(
            request_id=request_id,
            model=model,
            version="3",
            bundle_digest="ab" * 32,
            inputs={"income": 1000},
            features={"income": 1000.0},
            probability=0.7,
            threshold=0.2,
            decision="decline",
            reasons=("Income is low",),
        )
    )


class Service:
    """The two routers on a ledger of their own, with a real writer."""

    def __init__(self, folder):
        self.folder = folder
        self.committer = LoopCommitter(StreamWriter(folder, "worker-1"))
        index = RequestIndex(folder)
        self.counts = Counter()
        desk = OutcomeDesk(index, self.committer.append, self.late_after, self.counts)
        app = FastAPI()
        app.add_middleware(AnswerHeaders)
        add_problem_handlers(app)
        app.include_router(decisions_router(folder, index))
        app.include_router(outcomes_router(desk, 2**16))
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://test"
        )

    def late_after(self, model):
        if model != "tiny":
            raise Problem(404, f"no model {model!r}")
        return timedelta(days=1)

    async def decide(self, *request_ids):
        await asyncio.gather(
            *(self.committer.append(decision(each)) for each in request_ids)
        )

    async def get(self, decision_id):
        return await self.client.get(f"/v1/decisions/{decision_id}")

    async def report(self, *outcomes, model="tiny"):
        body = {"outcomes": [{"request_id": r, "label": y} for r, y in outcomes]}
        return await self.client.post(f"/v1/models/{model}/outcomes", json=body)


@pytest.fixture
async def service(tmp_path):
    made = Service(tmp_path / "ledger")
    yield made
    await made.client.aclose()
    made.committer.close()


async def test_a_decision_says_that_it_is_not_yet_checkpointed_and_later_proves_itself(
    service,
):
    await service.decide("r-1", "r-2")
    answer = await service.get("r-1")
    assert answer.status_code == 200
    found = answer.json()
    assert found["record"]["probability"] == 0.7
    assert found["reasons"] == ["Income is low"]
    assert found["proof"] is None
    assert found["proof_status"].startswith("not yet checkpointed")
    key = signing_key(service.folder / "ledger.pem")
    write_checkpoint(service.folder, key)
    found = (await service.get("r-1")).json()
    assert found["proof_status"] == "proven"
    assert proof_holds(found["proof"], public_bytes(key))
    assert '"request_id":"r-1"' in found["proof"]["record"]
    await service.decide("r-3")
    newer = (await service.get("r-3")).json()
    assert newer["proof_status"].startswith("not yet checkpointed")
    assert (await service.get("r-2")).json()["proof_status"] == "proven"


async def test_a_decision_is_found_by_its_address_too(service):
    await service.decide("r-1", "r-2")
    by_id = (await service.get("r-2")).json()
    assert by_id["decision_id"] == "worker-1:3"
    assert (await service.get("worker-1:3")).json() == by_id


@pytest.mark.parametrize(
    "unknown",
    ["nobody", "worker-1:1", "worker-1:99", "worker-1:\u00b2", "..:1", "x" * 3000],
)
async def test_what_is_no_decision_is_not_found(service, unknown):
    await service.decide("r-1")
    answer = await service.get(unknown)
    assert answer.status_code == 404
    assert "stream:sequence" in answer.json()["detail"]


async def test_one_id_used_twice_shows_the_newest_and_names_the_other(service):
    await service.decide("same")
    await service.decide("same")
    found = (await service.get("same")).json()
    assert found["decision_id"] == "worker-1:3"
    assert found["other_decisions"] == ["worker-1:2"]


async def test_an_altered_decision_is_an_error_and_not_an_answer(service):
    await service.decide("r-1", "r-2")
    (segment,) = segments_of(service.folder / "streams" / "worker-1")
    segment.write_bytes(segment.read_bytes().replace(b"0.7", b"0.1", 1))
    answer = await service.get("r-1")
    assert answer.status_code == 500
    assert "does not match its chain" in answer.json()["detail"]
    assert (await service.get("r-2")).status_code == 200  # its own bytes are whole


async def test_labels_are_counted_stored_once_and_shown_with_their_decision(service):
    await service.decide("a", "b")
    reports = [("a", 1), ("b", 0), ("nobody", 1), ("a", 1), ("b", 1)]
    answer = await service.report(*reports)
    assert answer.status_code == 200
    said = answer.json()
    assert [each["status"] for each in said["outcomes"]] == [
        "accepted",
        "accepted",
        "unknown",
        "duplicate",
        "corrected",
    ]
    assert (said["n_accepted"], said["n_corrected"], said["n_late"]) == (2, 1, 0)
    assert (said["n_duplicate"], said["n_unknown"]) == (1, 1)
    assert [bool(each["record"]) for each in said["outcomes"]] == [1, 1, 0, 0, 1]
    before = service.committer.writer.next_sequence
    again = (await service.report(("a", 1), ("b", 1))).json()
    assert again["n_duplicate"] == 2
    assert service.committer.writer.next_sequence == before
    shown = (await service.get("b")).json()
    assert [each["label"] for each in shown["outcomes"]] == [0, 1]
    assert service.counts["tiny", "duplicate"] == 3
    assert service.counts["tiny", "unknown"] == 1


async def test_the_same_report_from_many_callers_at_once_is_written_once(service):
    await service.decide("a")
    answers = await asyncio.gather(*(service.report(("a", 1)) for _ in range(20)))
    statuses = [each.json()["outcomes"][0]["status"] for each in answers]
    assert sorted(statuses) == ["accepted"] + ["duplicate"] * 19


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 422),
        (b'{"outcomes": []}', 422),
        (b'{"outcomes": [{"request_id": "a", "label": true}]}', 422),
        (b'{"outcomes": [{"request_id": "a", "label": "1"}]}', 422),
        (b'{"outcomes": [{"request_id": "a", "label": 2}]}', 422),
        (b'{"outcomes": [{"request_id": "a b", "label": 1}]}', 422),
        (b'{"outcomes": [{"request_id": "a", "label": 1, "x": 1}]}', 422),
        (
            b'{"outcomes": [{"request_id": "a", "label": 1, '
            b'"observed_at": "2026-11-21T00:00:00"}]}',
            422,
        ),
    ],
)
async def test_a_body_that_is_no_report_is_refused_and_nothing_is_written(
    service, body, status
):
    await service.decide("a")
    before = service.committer.writer.next_sequence
    answer = await service.client.post("/v1/models/tiny/outcomes", content=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert service.committer.writer.next_sequence == before


async def test_a_model_that_is_not_there_takes_no_labels(service):
    assert (await service.report(("a", 1), model="other")).status_code == 404


async def test_a_label_that_could_not_be_written_is_answered_with_503(service):
    await service.decide("a")
    service.committer.close()
    answer = await service.report(("a", 1))
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"


async def test_the_ledger_verifies_with_labels_in_it(service):
    await service.decide("a", "b")
    await service.report(("a", 1), ("b", 0))
    key = signing_key(service.folder / "ledger.pem")
    write_checkpoint(service.folder, key)
    seen = verify_ledger(service.folder, public_bytes(key))
    assert seen.passed
    assert seen.n_covered == 5
