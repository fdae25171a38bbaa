"""One key, one decision: whatever is sent twice is decided and recorded once."""

import asyncio

import pytest

from serving.problems import Problem
from serving.scoring.decider import Answer
from serving.scoring.repeats import Repeats
from tests.serving.scoring.conftest import BAD, ROW, records


@pytest.mark.parametrize("path", ["/predict", "/v1/models/sample/score/batch"])
async def test_the_same_request_again_gets_the_same_bytes_and_no_second_record(
    client,
    sample,
    path,
):
    body = BAD if path == "/predict" else {"rows": [BAD]}
    headers = {"Idempotency-Key": "k-1"}
    first = await client.post(path, json=body, headers=headers)
    second = await client.post(path, json=body, headers=headers)
    assert first.status_code == second.status_code == 200
    assert first.content == second.content
    assert first.headers["x-assay-record"] == second.headers["x-assay-record"]
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert len(records(sample.ledger_folder)) == 1


async def test_a_key_with_another_body_is_refused_and_another_caller_has_his_own(
    client,
):
    headers = {"Idempotency-Key": "k-1"}
    assert (await client.post("/predict", json=ROW, headers=headers)).status_code == 200
    other = await client.post("/predict", json=BAD, headers=headers)
    assert other.status_code == 422
    assert "another body" in other.json()["detail"]
    headers["X-Api-Key"] = "somebody else"
    assert (await client.post("/predict", json=BAD, headers=headers)).status_code == 200
    headers["Idempotency-Key"] = "x" * 256
    assert (await client.post("/predict", json=BAD, headers=headers)).status_code == 400


async def test_two_at_once_are_decided_once():
    repeats, n_made, go = Repeats(), 0, asyncio.Event()

    async def make():
        nonlocal n_made
        n_made += 1
        await go.wait()
        return Answer(b"x", [])

    both = [asyncio.create_task(repeats.answer("p", "k", b"b", make)) for _ in range(2)]
    await asyncio.sleep(0.01)
    go.set()
    assert [answer.content for answer in await asyncio.gather(*both)] == [b"x", b"x"]
    assert n_made == 1


async def test_what_failed_is_made_again():
    repeats = Repeats()

    async def fail():
        raise Problem(503, "not now")

    async def make():
        return Answer(b"x", [])

    with pytest.raises(Problem):
        await repeats.answer("p", "k", b"b", fail)
    assert (await repeats.answer("p", "k", b"b", make)).content == b"x"


@pytest.mark.parametrize("bounds", [(3, 10**6), (10**6, 30)])
async def test_only_the_latest_are_kept(bounds):
    repeats, n_made = Repeats(*bounds), 0

    async def make():
        nonlocal n_made
        n_made += 1
        return Answer(b"x" * 10, [])

    for number in range(5):
        await repeats.answer("p", str(number), b"b", make)
    await repeats.answer("p", "4", b"b", make)
    assert n_made == 5
    await repeats.answer("p", "0", b"b", make)
    assert n_made == 6
    assert len(repeats._kept) == 3
