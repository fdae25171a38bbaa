"""The shortest way answers as the long one does, whatever the connection does."""

import asyncio
import json
import socket
import time

import httpx
import pytest
import uvicorn

from serving.app import create_app
from serving.boundary.keys import new_key
from serving.boundary.metrics import Metrics
from serving.scoring.decider import Decider
from serving.scoring.wire import MOST_BYTES, ScoringProtocol, short_way
from tests.serving.scoring.conftest import BAD, GOOD, ROW, records

HEAD = (
    b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"X-Request-Id: r\r\nContent-Length: %d\r\n%b\r\n%b"
)


def request(row, more=b"") -> bytes:
    body = json.dumps(row).encode()
    return HEAD % (len(body), more, body)


@pytest.fixture
def connect(serve_sample):
    """Return a function that opens connections to a server of some ledger mode."""
    opened = []

    def start(**environment):
        url = serve_sample(**environment).client.base_url

        def connection():
            opened.append(socket.create_connection((url.host, url.port), timeout=30))
            return opened[-1]

        return connection

    yield start
    for each in opened:
        each.close()


def answers(connection, n) -> list[tuple[bytes, dict[bytes, bytes], bytes]]:
    """Return status line, headers and body of the next answers."""
    found, rest = [], b""
    while len(found) < n:
        while b"\r\n\r\n" not in rest:
            piece = connection.recv(65_536)
            assert piece, rest
            rest += piece
        head, _, rest = rest.partition(b"\r\n\r\n")
        status, *lines = head.split(b"\r\n")
        headers = dict(line.split(b": ", 1) for line in lines)
        length = int(headers[b"content-length"])
        while len(rest) < length:
            rest += connection.recv(65_536)
        found.append((status, headers, rest[:length]))
        rest = rest[length:]
    assert rest == b""
    return found


@pytest.mark.parametrize("mode", ["durable", "relaxed", "off"])
def test_both_ways_give_the_same_bytes_and_headers(connect, mode):
    connection = connect(ASSAY_LEDGER_MODE=mode)()
    short = request(BAD)
    # The parameter makes the request unusual, so that it goes the long way.
    long = short.replace(b"application/json", b"application/json; charset=utf-8")
    found = []
    for each in (short, long):
        connection.sendall(each)
        ((status, headers, body),) = answers(connection, 1)
        assert status == b"HTTP/1.1 200 OK"
        assert (b"x-assay-record" in headers) == (mode != "off")
        for name in (b"date", b"x-assay-record"):
            headers.pop(name, None)
        found.append((headers, body))
    assert found[0] == found[1]
    assert (b"x-assay-ledger" in found[0][0]) == (mode != "durable")


@pytest.mark.parametrize("mode", ["durable", "off"])
def test_requests_sent_ahead_are_answered_in_order(connect, mode):
    connection = connect(ASSAY_LEDGER_MODE=mode)()
    rows = [{**(BAD if n % 3 else GOOD), "case": f"C{n}"} for n in range(30)]
    connection.sendall(b"".join(request(row) for row in rows))
    found = answers(connection, 30)
    assert [json.loads(body)["identifier"] for *_, body in found] == [
        f"C{n}" for n in range(30)
    ]


def test_bodies_in_pieces_long_bodies_and_refusals_are_answered(connect):
    connection = connect()()
    whole = request(ROW)
    for size in (1, 50, 400):
        for start in range(0, len(whole), size):
            connection.sendall(whole[start : start + size])
        assert answers(connection, 1)[0][0] == b"HTTP/1.1 200 OK"
    long = {**ROW, "case": "x" * MOST_BYTES * 4}
    for row, status in (
        (long, b"200 OK"),
        ({**ROW, "amount": "1"}, b"422"),
        (ROW, b"200"),
    ):
        connection.sendall(request(row))
        assert answers(connection, 1)[0][0].startswith(b"HTTP/1.1 " + status)


def test_a_connection_is_closed_when_its_caller_asks(connect, sample):
    connection = connect()()
    connection.sendall(request(ROW, b"Connection: close\r\n"))
    ((_, headers, _),) = answers(connection, 1)
    assert headers[b"connection"] == b"close"
    assert connection.recv(10) == b""
    assert len(records(sample.ledger_folder)) == 1


def test_a_caller_that_leaves_harms_nobody(connect):
    connection = connect()
    for cut in (10, 150, None):
        gone = connection()
        gone.sendall(request(ROW)[:cut])
        gone.close()
    other = connection()
    other.sendall(request(ROW))
    assert answers(other, 1)[0][0] == b"HTTP/1.1 200 OK"


def test_a_middleware_that_is_not_known_switches_the_short_way_off(sample):
    class Other:
        def __init__(self, app):
            self.app = app

    app = create_app(sample)
    assert short_way(app) is not None
    app.add_middleware(Other)
    assert short_way(app) is None


RULES = [{"api_keys": "on"}, {"api_rate_per_second": 1e6}, {"api_log_requests": True}]


@pytest.mark.parametrize("rule", [{}, *RULES], ids=str)
async def test_the_short_way_takes_requests_whatever_the_guard_asks(sample, rule):
    app = create_app(sample.model_copy(update=rule))
    await asyncio.to_thread(app.state.catalogue.refresh)
    long, short = app.state.metrics, Metrics()
    # What this one counts was decided in the short way: the front has the other.
    app.state.decider = Decider(app.state.decider.stream, short)
    token = new_key(sample.api_keys_file, "caller", ["score"])
    config = uvicorn.Config(
        app, port=0, http=ScoringProtocol, lifespan="on", log_level="error"
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
        assert not serving.done()
    host, port = server.servers[0].sockets[0].getsockname()[:2]
    async with httpx.AsyncClient(base_url=f"http://{host}:{port}") as client:
        for _ in range(3):
            headers = {"X-API-Key": token}
            answer = await client.post("/predict", json=GOOD, headers=headers)
            assert answer.status_code == 200, answer.text
    server.should_exit = True
    await serving
    assert decided(short) == 3
    assert decided(long) == 0


def decided(metrics: Metrics) -> float:
    return sum(
        value
        for name, _, value in metrics.snapshot()["counters"]
        if name == "assay_decisions_total"
    )


def test_a_key_that_is_not_there_or_may_not_is_refused_as_in_the_long_way(
    connect, sample
):
    file = sample.api_keys_file
    good, reader = new_key(file, "a", ["score"]), new_key(file, "b", ["read"])
    connection = connect(ASSAY_API_KEYS="on")()
    for token, status in ((good, 200), ("", 401), ("assay_no", 401), (reader, 403)):
        header = f"Authorization: Bearer {token}\r\n".encode() if token else b""
        short = request(GOOD, header)
        long = short.replace(b"application/json", b"application/json; charset=utf-8")
        found = []
        for each in (short, long):
            connection.sendall(each)
            ((line, headers, body),) = answers(connection, 1)
            assert int(line.split()[1]) == status
            assert (b"www-authenticate" in headers) == (status == 401)
            for name in (b"date", b"x-assay-record"):
                headers.pop(name, None)
            found.append((headers, body))
        assert found[0] == found[1]
        if status != 200:
            assert found[0][0][b"content-type"] == b"application/problem+json"
            assert json.loads(body)["status"] == status


def test_one_too_many_is_refused_and_no_way_takes_two_tokens(connect, sample):
    # One token in a hundred seconds, and each key begins with one.
    file = sample.api_keys_file
    keys = [new_key(file, name, ["score"], rate_per_second=0.01) for name in "abcd"]
    connect = connect(ASSAY_API_KEYS="on")
    for token, row in zip(keys[:2], (GOOD, {**GOOD, "amount": "1"}), strict=True):
        connection, header = connect(), f"X-API-Key: {token}\r\n".encode()
        whole = request(row, header)
        connection.sendall(whole)
        # The wrong row is found in the short way and worded in the long one.
        assert answers(connection, 1)[0][0].split()[1] == (
            b"200" if row is GOOD else b"422"
        )
        connection.sendall(whole)
        ((line, headers, body),) = answers(connection, 1)
        assert line.split()[1] == b"429"
        assert 0 < int(headers[b"retry-after"]) <= 100
        assert json.loads(body)["status"] == 429
    # A body that comes after its head begins in the short way and ends in the long one.
    connection, whole = connect(), request(GOOD, f"X-API-Key: {keys[2]}\r\n".encode())
    connection.sendall(whole[:-20])
    assert wait_for_head(connect(), keys[3])
    connection.sendall(whole[-20:])
    assert answers(connection, 1)[0][0].split()[1] == b"200"


def wait_for_head(connection, token) -> bool:
    """Say whether another caller is answered, after what came before was read."""
    connection.sendall(request(GOOD, f"X-API-Key: {token}\r\n".encode()))
    return answers(connection, 1)[0][0].split()[1] == b"200"


def test_a_worker_that_holds_all_it_may_says_when_to_come_again(connect):
    connect = connect(ASSAY_API_MOST_IN_FLIGHT="1")
    holder, other = connect(), connect()
    whole = request(GOOD)
    holder.sendall(whole[:-20])  # holds the only place until its body is whole
    for _ in range(200):
        other.sendall(whole)
        ((line, headers, body),) = answers(other, 1)
        if line.split()[1] == b"503":
            break
    assert line.split()[1] == b"503"
    assert headers[b"retry-after"] == b"1"
    assert headers[b"content-type"] == b"application/problem+json"
    assert "most" in json.loads(body)["detail"]
    holder.sendall(whole[-20:])
    assert answers(holder, 1)[0][0] == b"HTTP/1.1 200 OK"
    other.sendall(whole)
    assert answers(other, 1)[0][0] == b"HTTP/1.1 200 OK"


def test_requests_are_logged_in_the_short_way_as_in_the_long_one(serve_sample):
    server = serve_sample(ASSAY_API_LOG_REQUESTS="true", ASSAY_API_LOG_JSON="true")
    for kind in ("application/json", "application/json; charset=utf-8"):
        answer = server.client.post(
            "/predict",
            content=json.dumps(GOOD),
            headers={"Content-Type": kind, "X-Request-Id": f"logged-{len(kind)}"},
        )
        assert answer.status_code == 200
    end = time.monotonic() + 60
    lines: list[dict] = []
    while len(lines) < 2 and time.monotonic() < end:
        time.sleep(0.05)
        text = server.log.read_text().splitlines()
        lines = [json.loads(each) for each in text if '"logged-' in each]
    assert {each["request_id"] for each in lines} == {"logged-16", "logged-31"}
    for each in lines:
        assert (each["route"], each["status"], each["method"]) == ("score", 200, "POST")


def test_the_short_way_is_counted_and_lets_go_of_its_place(sample):
    way = short_way(create_app(sample))
    assert way.boundary.has_room
    way.boundary.in_flight = way.boundary.most_in_flight
    assert not way.boundary.has_room


def test_answers_of_both_ways_are_in_the_metrics(serve_sample):
    client = serve_sample().client
    connection = socket.create_connection((client.base_url.host, client.base_url.port))
    with connection:
        for _ in range(3):
            connection.sendall(request(GOOD))
            answers(connection, 1)
    assert client.post("/predict", json=GOOD).status_code == 200
    counted = [
        line
        for line in client.get("/metrics").text.splitlines()
        if line.startswith("assay_requests_total") and 'route="score"' in line
    ]
    assert sum(float(line.split()[-1]) for line in counted) == 4, counted
