"""A head that never ends is cut; one that comes in pieces in time is answered."""

import json
import socket
import time

import pytest

from serving.boundary.heads import MOST_BYTES
from tests.serving.conftest import ROW

BODY = json.dumps(ROW).encode()
HEAD = (
    b"POST /v1/models/tiny/score HTTP/1.1\r\nHost: x\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
) % len(BODY)


@pytest.fixture
def connect(serve, registry, make_bundle):
    """Return what opens a connection to a server that waits two seconds for a head."""
    registry.register(1, make_bundle())
    server = serve(ASSAY_API_BODY_SECONDS="2")
    server.wait_ready()
    opened = []

    def connected():
        address = ("127.0.0.1", server.client.base_url.port)
        opened.append(socket.create_connection(address, timeout=60))
        return opened[-1]

    yield connected
    for each in opened:
        each.close()


def rest(connection):
    """Return everything until the server closes."""
    pieces = []
    try:
        while piece := connection.recv(65536):
            pieces.append(piece)
    except ConnectionResetError:
        pass
    return b"".join(pieces)


def answer(connection):
    """Return one whole answer."""
    read = b""
    while b'"decision"' not in read:
        piece = connection.recv(65536)
        assert piece, read
        read += piece
    return read


def drip(connection, content):
    """Send a byte now and then until the server has closed; give what it said."""
    connection.settimeout(0.2)
    for place in range(len(content) * 100):
        try:
            connection.sendall(content[place % len(content) :][:1])
            piece = connection.recv(65536)
        except TimeoutError:
            continue
        except OSError:
            return b""
        return piece
    return pytest.fail("it was never cut")


def test_a_head_that_drips_is_cut_with_a_problem(connect):
    said = drip(connect(), b"X-Slow: " + b"a" * 1_000)
    assert said.startswith((b"HTTP/1.1 408", b"HTTP/1.1 400"))
    connection = connect()
    connection.sendall(HEAD[:40])
    said = rest(connection)
    assert said.startswith(b"HTTP/1.1 408 ")
    assert json.loads(said.partition(b"\r\n\r\n")[2])["status"] == 408


def test_a_connection_on_which_nothing_is_sent_is_closed(connect):
    assert rest(connect()) == b""


def test_a_second_head_that_drips_is_cut_too_and_the_first_request_is_answered(connect):
    connection = connect()
    connection.sendall(HEAD + BODY + HEAD[:30])
    said = rest(connection)
    assert said.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 408 " in said


def test_a_head_without_an_end_is_cut(connect):
    connection = connect()
    line = b"X-More: " + b"a" * 1_000 + b"\r\n"
    try:
        connection.sendall(HEAD[:-2] + line * (2 * MOST_BYTES // len(line)))
    except OSError:
        return  # it was cut while it was sent
    said = rest(connection)
    assert said == b"" or said.startswith(b"HTTP/1.1 431 ")


def test_a_head_in_pieces_is_answered_and_so_are_requests_after_it(connect):
    connection = connect()
    for start in range(0, len(HEAD), 40):
        connection.sendall(HEAD[start : start + 40])
        time.sleep(0.01)
    connection.sendall(BODY)
    assert answer(connection).startswith(b"HTTP/1.1 200 ")
    connection.sendall(HEAD + BODY)
    assert answer(connection).startswith(b"HTTP/1.1 200 ")
