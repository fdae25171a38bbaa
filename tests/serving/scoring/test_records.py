"""A decision that is answered is on record; one that cannot be recorded is not given."""

import asyncio
import json
import os
import signal
import threading

import httpx
import orjson
import pytest

from assay.ledger.stream import StreamWriter
from serving.app import create_app
from serving.problems import Problem
from serving.scoring.records import DecisionStream, stream_name
from tests.serving.scoring.conftest import BAD, ROW, passes, records


@pytest.mark.parametrize("path", ["/predict", "/v1/models/sample/score"])
async def test_an_answer_names_its_record(client, sample, path):
    answer = await client.post(path, json=BAD, headers={"X-Request-Id": "call-9"})
    content = answer.json()
    assert answer.status_code == 200
    (record,) = records(sample.ledger_folder)
    assert answer.headers["x-assay-record"] == f"{stream_name()}:{record['sequence']}"
    assert "x-assay-ledger" not in answer.headers
    entry = record["entry"]
    assert entry["request_id"] == content["request_id"] == "call-9"
    assert entry["inputs"] == BAD
    assert entry["features"]["region"] == BAD["region"]
    assert entry["reasons"] == [reason["field"] for reason in content["reasons"]]
    for name in ("model", "version", "bundle_digest", "probability", "decision"):
        assert entry[name] == content[name]
    assert passes(sample.ledger_folder)


async def test_each_row_of_a_batch_has_a_record(client, sample):
    answer = await client.post(
        "/v1/models/sample/score/batch",
        json={"rows": [ROW, BAD, ROW]},
        headers={"X-Request-Id": "many"},
    )
    kept = [record["entry"] for record in records(sample.ledger_folder)]
    assert [entry["request_id"] for entry in kept] == ["many/0", "many/1", "many/2"]
    scores = answer.json()["scores"]
    assert [e["probability"] for e in kept] == [s["probability"] for s in scores]
    assert answer.headers["x-assay-record"].endswith(":4")


@pytest.mark.parametrize(
    ("body", "status", "rules"),
    [
        (json.dumps({**ROW, "amount": 1e6, "age": 3}), 422, {"amount", "age"}),
        ('{"case": "PERSON-4711"', 400, set()),
    ],
)
async def test_a_refusal_is_recorded_without_what_was_sent(
    client, sample, body, status, rules
):
    answer = await client.post("/predict", content=body)
    assert answer.status_code == status
    (record,) = records(sample.ledger_folder)
    entry = record["entry"]
    assert (entry["kind"], entry["status"]) == ("refusal", status)
    assert {each["field"] for each in entry["errors"]} == rules
    assert entry["request_id"] == answer.json()["request_id"]
    assert "PERSON-4711" not in json.dumps(entry)
    assert "1000000" not in json.dumps(entry)


async def test_relaxed_mode_is_said_in_the_answer_and_off_keeps_nothing(sample):
    for mode, n_records in (("relaxed", 1), ("off", 1)):
        app = create_app(sample.model_copy(update={"ledger_mode": mode}))
        await asyncio.to_thread(app.state.catalogue.refresh)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
            answer = await client.post("/predict", json=ROW)
        app.state.decider.stream.close()
        assert answer.headers["x-assay-ledger"] == mode
        assert ("x-assay-record" in answer.headers) == (mode == "relaxed")
        assert len(records(sample.ledger_folder)) == n_records


async def test_what_cannot_be_recorded_is_not_answered(sample, tmp_path):
    (tmp_path / "file").write_text("no folder")
    app = create_app(sample.model_copy(update={"ledger": tmp_path / "file"}))
    await asyncio.to_thread(app.state.catalogue.refresh)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
        for path in ("/predict", "/v1/models/sample/score/batch"):
            body = ROW if path == "/predict" else {"rows": [ROW]}
            answer = await client.post(path, json=body)
            assert answer.status_code == 503, path
            assert answer.headers["Retry-After"] == "1"
            assert "probability" not in answer.text


async def test_the_stream_is_opened_again_after_the_disk_was_full(tmp_path):
    stream = DecisionStream(tmp_path, "durable")
    stream.open()
    assert (await stream.keep([b'{"kind":"decision"}'])).sequence == 2
    descriptor = stream._committer.writer._descriptor
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, descriptor)
    os.close(full)
    with pytest.raises(Problem) as refused:
        await stream.keep([b'{"kind":"decision"}'] * 2)
    assert refused.value.status == 503
    found = None
    for _ in range(100):
        try:
            found = await stream.keep([b'{"kind":"decision"}'])
            break
        except Problem:
            await asyncio.sleep(0.05)
    assert found is not None
    stream.close()
    assert passes(tmp_path)
    with pytest.raises(Problem):
        await stream.keep([b'{"kind":"decision"}'])


async def test_two_writers_of_one_stream_are_refused(tmp_path):
    other = StreamWriter(tmp_path, stream_name())
    with pytest.raises(Problem):
        await DecisionStream(tmp_path, "durable").keep([b'{"kind":"decision"}'])
    other.close()


def test_no_answered_decision_is_missing_after_kill_9(sample, serve_sample):
    """Eight callers, five kills in mid-flight: every answer's record is on the disk."""
    answered: set[str] = set()
    for _ in range(5):
        server = serve_sample()
        url = str(server.client.base_url)

        def ask(number: int, url: str = url) -> None:
            with httpx.Client(base_url=url, trust_env=False) as client:
                while True:
                    try:
                        answer = client.post("/predict", json=ROW if number % 2 else BAD)
                    except httpx.TransportError:
                        return
                    assert answer.status_code == 200
                    answered.add(answer.json()["request_id"])

        before = len(answered)
        threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        server.wait(lambda _, before=before: len(answered) > before + 100)
        server.process.send_signal(signal.SIGKILL)
        for thread in threads:
            thread.join()
        server.process.wait()
    kept = {record["entry"]["request_id"] for record in records(sample.ledger_folder)}
    assert len(answered) > 500
    assert answered - kept == set()
    assert passes(sample.ledger_folder)


def test_a_server_that_is_told_to_stop_seals_its_stream(sample, serve_sample):
    server = serve_sample()
    assert server.client.post("/predict", json=ROW).status_code == 200
    server.process.terminate()
    server.process.wait(20)
    (file,) = (sample.ledger_folder / "streams").glob("*/*.ndjson")
    kinds = [
        orjson.loads(line)["record"]["entry"]["kind"]
        for line in file.read_bytes().splitlines()
    ]
    assert kinds == ["opened", "decision", "sealed"]
    assert passes(sample.ledger_folder)
