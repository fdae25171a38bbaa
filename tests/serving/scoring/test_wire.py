"""The shortest way answers as the long one does, whatever the connection does."""

import json
import socket

import pytest

from serving.app import create_app
from serving.scoring.wire import MOST_BYTES, short_way
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


@pytest.mark.parametrize(
    "asked",
    [{"api_keys": "on"}, {"api_rate_per_second": 5.0}, {"api_log_requests": True}],
)
def test_a_guard_that_asks_for_more_switches_the_short_way_off(sample, asked):
    assert short_way(create_app(sample.model_copy(update=asked))) is None


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
