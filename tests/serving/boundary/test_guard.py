"""The door, around an application of the test's own."""

import asyncio
import contextlib
import json
import logging

import httpx
import pytest
from starlette.responses import PlainTextResponse

from serving.boundary.bodies import SlowBodies
from serving.boundary.guard import Boundary, Guard
from serving.boundary.keys import KeyRing, new_key
from serving.boundary.metrics import Metrics
from serving.boundary.places import Places
from serving.problems import Problem

SCORE = "/v1/models/tiny/score"


class Application:
    """Reads the body, waits for the gate if there is one, answers with the length."""

    def __init__(self):
        self.gate = None
        self.error = None
        self.n_asked = 0

    async def __call__(self, scope, receive, send):
        self.n_asked += 1
        n_bytes, more = 0, True
        while more:
            message = await receive()
            n_bytes += len(message.get("body", b""))
            more = message.get("more_body", False)
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        await PlainTextResponse(str(n_bytes))(scope, receive, send)


@pytest.fixture
def application():
    return Application()


@pytest.fixture
def make(application, tmp_path):
    """Return a function that makes a client of a guarded application."""

    def made(*, has_keys=False, body_seconds=10.0, **rules):
        keys = KeyRing(tmp_path / "keys.json") if has_keys else None
        bodies = SlowBodies(body_seconds)
        boundary = Boundary(Places("tiny"), Metrics(), keys=keys, bodies=bodies, **rules)
        guarded = Guard(application, boundary)
        transport = httpx.ASGITransport(app=guarded, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url="http://test")
        client.boundary = boundary
        return client

    return made


def counted(client, name):
    found = client.boundary.metrics.snapshot()["counters"]
    return {tuple(dict(labels).values()): n for key, labels, n in found if key == name}


async def test_without_rules_a_request_goes_through_and_is_counted(make):
    client = make()
    answer = await client.post(SCORE, content=b"12345")
    assert (answer.status_code, answer.text) == (200, "5")
    assert counted(client, "assay_requests_total") == {("score", "tiny", "200"): 1}
    assert client.boundary.in_flight == 0


async def test_more_than_the_most_in_flight_is_a_503_at_once(make, application):
    client = make(most_in_flight=2)
    application.gate = asyncio.Event()
    held = [asyncio.ensure_future(client.post(SCORE, content=b"1")) for _ in range(2)]
    while application.n_asked < 2:
        await asyncio.sleep(0)
    refused = await client.post(SCORE, content=b"1")
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "1"
    assert refused.headers["content-type"] == "application/problem+json"
    assert application.n_asked == 2
    supervised = asyncio.ensure_future(client.get("/live"))
    while application.n_asked < 3:
        await asyncio.sleep(0)
    application.gate.set()
    assert [one.status_code for one in await asyncio.gather(*held)] == [200, 200]
    assert (await supervised).status_code == 200
    assert (await client.post(SCORE, content=b"1")).status_code == 200
    assert counted(client, "assay_turned_away_total") == {("overloaded",): 1}


async def test_a_body_that_says_it_is_too_large_is_not_read(make, application):
    client = make(most_bytes=10)
    answer = await client.post(SCORE, content=b"x" * 11)
    assert answer.status_code == 413
    assert answer.headers["Connection"] == "close"
    assert application.n_asked == 0
    assert (await client.post(SCORE, content=b"x" * 10)).status_code == 200


async def test_a_body_that_does_not_say_is_cut_off(make):
    client = make(most_bytes=10)

    async def pieces():
        for _ in range(4):
            yield b"xxxx"

    assert (await client.post(SCORE, content=pieces())).status_code == 413


async def test_a_body_that_never_ends_is_a_408(make):
    client = make(body_seconds=0.05)

    async def slow():
        yield b"x"
        await asyncio.sleep(30)
        yield b"x"

    answer = await client.post(SCORE, content=slow())
    assert answer.status_code == 408
    assert counted(client, "assay_turned_away_total") == {("slow_body",): 1}


async def test_waiting_for_the_end_of_the_connection_takes_any_time():
    async def lingering(scope, receive, send):
        await receive()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.1):
                await receive()
        await PlainTextResponse("late")(scope, receive, send)

    boundary = Boundary(Places("tiny"), Metrics(), bodies=SlowBodies(0.01))
    transport = httpx.ASGITransport(app=Guard(lingering, boundary))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.post(SCORE, content=b"1")).text == "late"


async def test_who_has_no_key_is_a_401_and_who_may_not_a_403(make, application, tmp_path):
    client = make(has_keys=True)
    unmade = await client.post(SCORE, content=b"1")
    assert unmade.status_code == 401
    assert "assay api-key new" in unmade.json()["detail"]
    token = new_key(tmp_path / "keys.json", "bank", ["score"])
    client.boundary.keys._look_at = 0.0
    without = await client.post(SCORE, content=b"1")
    assert without.status_code == 401
    assert without.headers["WWW-Authenticate"] == "Bearer"
    assert "Authorization" in without.json()["detail"]
    wrong = await client.post(SCORE, headers={"X-API-Key": token[:-1] + "x"})
    assert wrong.status_code == 401
    assert token[:-1] not in wrong.text
    assert application.n_asked == 0
    for header in ({"Authorization": f"Bearer {token}"}, {"X-API-Key": token}):
        assert (await client.post(SCORE, headers=header)).status_code == 200
        refused = await client.get("/metrics", headers=header)
        assert refused.status_code == 403
        assert "'read'" in refused.json()["detail"]
        assert (await client.delete("/v1/models/tiny", headers=header)).status_code == 403
    assert (await client.get("/live")).status_code == 200


async def test_keys_that_do_not_read_are_a_503_for_everyone(make, application, tmp_path):
    client = make(has_keys=True)
    token = new_key(tmp_path / "keys.json", "bank", ["admin"])
    (tmp_path / "keys.json").write_text("[{")
    answer = await client.post(SCORE, headers={"X-API-Key": token})
    assert answer.status_code == 503
    assert str(tmp_path) not in answer.text
    assert application.n_asked == 0


async def test_each_key_has_its_own_rate(make, tmp_path):
    client = make(has_keys=True, rate_per_second=2.0)
    file = tmp_path / "keys.json"
    one = {"X-API-Key": new_key(file, "a", ["score"])}
    two = {"X-API-Key": new_key(file, "b", ["score"], rate_per_second=0.1)}
    asked = [(await client.post(SCORE, headers=one)).status_code for _ in range(3)]
    assert asked == [200, 200, 429]
    assert (await client.post(SCORE, headers=two)).status_code == 200
    slow = await client.post(SCORE, headers=two)
    assert slow.status_code == 429
    assert 9 <= int(slow.headers["Retry-After"]) <= 10


async def test_a_failure_counts_as_500_and_frees_its_place(make, application, caplog):
    client = make(most_in_flight=1)
    application.error = RuntimeError("income 7654321")
    with caplog.at_level(logging.INFO, "assay.requests"):
        assert (await client.post(SCORE, content=b"1")).status_code == 500
    application.error = None
    assert (await client.post(SCORE, content=b"1")).status_code == 200
    assert counted(client, "assay_requests_total")["score", "tiny", "500"] == 1
    assert "7654321" not in caplog.text
    (record,) = caplog.records
    assert record.fields["status"] == 500


async def test_a_problem_of_the_application_is_answered_as_it_is(make, application):
    client = make()
    application.error = Problem(418, "a teapot", {"errors": []})
    answer = await client.post(SCORE, content=b"1")
    assert (answer.status_code, answer.json()["detail"]) == (418, "a teapot")


async def test_a_model_that_is_not_served_is_no_label(make):
    client = make()
    client.boundary.metrics.is_known = lambda model: model == "tiny"
    await client.post("/v1/models/invented/score", content=b"1")
    assert list(counted(client, "assay_requests_total")) == [("score", "", "200")]


async def test_every_request_is_logged_where_the_setting_says_so(make, caplog):
    client = make(logs_requests=True)
    with caplog.at_level(logging.INFO, "assay.requests"):
        await client.post(SCORE + "?name=PERSON", content=b'{"income": 7654321}')
    (record,) = caplog.records
    assert record.fields["route"] == "score"
    assert "PERSON" not in json.dumps(record.fields)
    assert "7654321" not in json.dumps(record.fields)
