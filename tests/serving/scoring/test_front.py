"""Whatever is sent: an answer soon, never a 5xx, and a record of each refusal."""

import asyncio
import json
import socket

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from serving.app import create_app
from serving.routers.scoring import scored
from serving.scoring.front import ScoringFront
from tests.serving.scoring.conftest import BAD, ROW, records

GOOD = json.dumps(ROW).encode()
HOSTILE = {
    "nothing": b"",
    "white space": b" \r\n\t",
    "null": b"null",
    "a number": b"1",
    "a text": b'"row"',
    "a list": b"[]",
    "a list of rows": b"[" + GOOD + b"]",
    "two rows": GOOD + GOOD,
    "cut": GOOD[:-1],
    "a comma too many": GOOD[:-1] + b",}",
    "comments": b"/* */" + GOOD,
    "byte order mark": b"\xef\xbb\xbf" + GOOD,
    "utf-16": GOOD.decode().encode("utf-16"),
    "no utf-8": b'{"amount": "\xff"}',
    "half a surrogate": b'{"case": "\\ud800"}',
    "a NUL": GOOD.replace(b"A-1", b"\\u0000"),
    "a raw NUL": GOOD.replace(b"A-1", b"\x00"),
    "NaN": GOOD.replace(b"12.5", b"NaN"),
    "infinity": GOOD.replace(b"12.5", b"-Infinity"),
    "beyond float64": GOOD.replace(b"12.5", b"1e999"),
    "many digits": GOOD.replace(b"12.5", b"9" * 100_000),
    "many decimals": GOOD.replace(b"12.5", b"1." + b"3" * 100_000),
    "deep": b"[" * 100_000,
    "deep and closed": b"[" * 50_000 + b"]" * 50_000,
    "deep in a field": GOOD.replace(b"12.5", b"[" * 9_000 + b"]" * 9_000),
    "many keys": json.dumps({f"k{n}": n for n in range(20_000)}).encode(),
    "one key many times": b"{" + b'"amount": 1,' * 20_000 + GOOD[1:],
    "a long key": b'{"' + b"k" * 1_000_000 + b'": 1}',
    "a long word": GOOD.replace(b"north", b"n" * 1_000_000),
    "prototype": b'{"__proto__": {"a": 1}, "constructor": 1}',
    "template": GOOD.replace(b"A-1", b"{{7*7}} ${jndi:ldap://x} %s%n"),
    "sql": GOOD.replace(b"A-1", b"'; drop table x; --"),
    "truth as number": GOOD.replace(b"12.5", b"true"),
    "number as text": GOOD.replace(b"12.5", b'"12.5"'),
    "minus zero": GOOD.replace(b"12.5", b"-0.0"),
}


@pytest.mark.parametrize("path", ["/predict", "/v1/models/sample/score/batch"])
async def test_no_hostile_body_fails_the_service_or_goes_unrecorded(
    client,
    sample,
    path,
):
    refused = 0
    for name, body in HOSTILE.items():
        content = body if path == "/predict" else b'{"rows": [%b]}' % body
        answer = await asyncio.wait_for(client.post(path, content=content), 20)
        assert answer.status_code in (200, 400, 413, 422), name
        if answer.status_code in (400, 422):
            assert answer.headers["content-type"] == "application/problem+json"
            refused += 1
    kinds = [one["entry"]["kind"] for one in records(sample.ledger_folder)]
    assert refused > 20
    assert kinds.count("refusal") == refused


@hypothesis_settings(
    max_examples=100, deadline=None, suppress_health_check=list(HealthCheck)
)
@given(body=st.binary(max_size=300), place=st.integers(0, len(GOOD)))
async def test_no_bytes_fail_the_service(client, body, place):
    for content in (body, GOOD[:place] + body + GOOD[place:]):
        answer = await client.post("/predict", content=content)
        assert answer.status_code in (200, 400, 422)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"content-type": "application/json; charset=utf-8"},
        {"content-type": "application/vnd.api+json"},
        {"idempotency-key": "k"},
        {"expect": "100-continue"},
    ],
)
async def test_usual_and_unusual_requests_get_the_same_answer(
    client,
    champion,
    changes,
):
    headers = {"content-type": "application/json", "x-request-id": "r"} | changes
    answer = await client.post("/predict", content=json.dumps(BAD), headers=headers)
    expected = json.loads(scored(champion, json.dumps(BAD).encode(), "r"))
    assert answer.json() == {**expected, "version": "1"}
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-request-id"] == "r"


async def test_other_methods_and_models_get_the_routers_answers(client):
    assert (await client.get("/predict")).status_code == 405
    assert (await client.post("/v1/models/none/score", json=ROW)).status_code == 404
    text = {"content-type": "text/plain"}
    assert (await client.post("/predict", content=GOOD, headers=text)).status_code == 415


@pytest.mark.parametrize("in_pieces", [False, True])
async def test_a_body_beyond_the_limit_is_413(sample, in_pieces):
    app = create_app(sample.model_copy(update={"api_body_bytes": 1024}))
    await asyncio.to_thread(app.state.catalogue.refresh)

    async def pieces():
        for _ in range(50):
            yield b" " * 100

    content = pieces() if in_pieces else b" " * 5000
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
        assert (await made.post("/predict", content=content)).status_code == 413
        answer = await made.post("/predict", content=GOOD)
        assert answer.status_code == 200
    app.state.decider.stream.close()


async def test_a_caller_that_goes_before_its_body_is_whole_gets_no_decision(champion):
    asked = []

    class Catalogue:
        standings = {"sample": type("One", (), {"champion": champion})}  # noqa: RUF012 # a constant

    async def routers(_, receive, __):
        asked.append([(await receive())["type"], (await receive())["type"]])

    messages = iter(
        [
            {"type": "http.request", "body": GOOD[:9], "more_body": True},
            {"type": "http.disconnect"},
        ]
    )

    async def receive():
        return next(messages)

    scope = {"type": "http", "method": "POST", "path": "/predict", "headers": []}
    front = ScoringFront(routers, Catalogue, None, "sample", 10**6)
    await front(scope, receive, None)
    assert asked == [["http.request", "http.disconnect"]]


def test_broken_http_is_refused_and_the_next_caller_is_answered(serve_sample):
    server = serve_sample()
    url = server.client.base_url
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    for broken in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"POST /predict HTTP/9.9\r\n\r\n",
        head + b"Content-Length: -1\r\n\r\n",
        head + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        head + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n",
        head + b"X: " + b"y" * 200_000 + b"\r\n\r\n",
        head + b"Content-Length: 999\r\n\r\n" + GOOD[:20],
    ):
        with socket.create_connection((url.host, url.port), timeout=20) as connection:
            connection.sendall(broken)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(65_536)
        assert not answer.startswith(b"HTTP/1.1 5"), broken[:80]
        assert server.client.post("/predict", content=GOOD).status_code == 200
