"""A stream of lines: one answer a line, in order, whatever single lines hold."""

import json
import socket

import httpx
import psutil
import pytest

from serving.scoring.lines import MOST_LINE_BYTES
from tests.serving.scoring.conftest import BAD, GOOD, ROW, passes, records

PATH = "/v1/models/sample/score/batch"
HEADERS = {"Content-Type": "application/x-ndjson", "X-Request-Id": "s"}


def lines_of(rows) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


async def test_bad_lines_are_named_and_stop_nothing(client, sample):
    long = json.dumps({**ROW, "case": "x" * MOST_LINE_BYTES}).encode()
    body = b"".join(
        [
            lines_of([ROW]),
            b"\n",
            b"{nonsense\n",
            lines_of([{**ROW, "amount": "12"}, BAD]),
            long + b"\n",
            json.dumps({**ROW, "n_events": 3.0}).encode(),
        ]
    )
    answer = await client.post(PATH, content=body, headers=HEADERS)
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    found = [json.loads(line) for line in answer.content.splitlines()]
    assert [one["line"] for one in found] == [1, 3, 4, 5, 6, 7]
    assert [one.get("status", 200) for one in found] == [200, 400, 422, 200, 413, 200]
    assert found[2]["errors"][0]["field"] == "amount"
    assert found[3]["request_id"] == "s/5"
    assert found[3]["decision"] == "refuse"
    assert found[3]["reasons"]
    alone = await client.post("/predict", json=BAD)
    assert found[3]["probability"] == alone.json()["probability"]
    kept = [one["entry"] for one in records(sample.ledger_folder)][:-1]
    assert [one["kind"] for one in kept] == [
        *("decision", "refusal", "refusal", "decision", "refusal", "decision")
    ]
    assert [one["request_id"] for one in kept] == [f"s/{n}" for n in (1, 3, 4, 5, 6, 7)]
    assert passes(sample.ledger_folder)


@pytest.mark.parametrize("size", [1, 7, 1000, 10**6])
async def test_lines_may_be_cut_anywhere(client, size):
    body = lines_of([GOOD, BAD] * 4)

    async def pieces():
        for start in range(0, len(body), size):
            yield body[start : start + size]

    answer = await client.post(PATH, content=pieces(), headers=HEADERS)
    found = [json.loads(line) for line in answer.content.splitlines()]
    assert [one["line"] for one in found] == list(range(1, 9))
    assert [one["decision"] for one in found] == ["accept", "refuse"] * 4


BEGINNING = b'{"line":'


def test_a_stream_is_answered_while_it_is_sent_and_memory_stays(serve_sample):
    server = serve_sample(ASSAY_LEDGER_MODE="off")
    url = httpx.URL(str(server.client.base_url) + PATH)
    piece = lines_of([ROW] * 500)
    process = psutil.Process(server.process.pid)
    seen = []

    def exchange(n_pieces: int) -> int:
        """Send and receive in turns over a plain socket; return the lines received."""
        with socket.create_connection((url.host, url.port)) as connection:
            connection.settimeout(60)
            head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
            connection.sendall(
                f"{head}Content-Type: application/x-ndjson\r\n\r\n".encode()
            )
            tail, n_lines = b"", 0
            for number in range(n_pieces):
                connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
                while n_lines < 500 * (number + 1):
                    received = connection.recv(2**16)
                    assert received, "the server ended the connection"
                    # A line's beginning may come in two parts: the first is kept.
                    counted = tail + received
                    n_lines += counted.count(BEGINNING)
                    tail = counted[1 - len(BEGINNING) :]
                seen.append(process.memory_info().rss)
            connection.sendall(b"0\r\n\r\n")
            while not tail.endswith(b"0\r\n\r\n"):
                received = connection.recv(2**16)
                assert received, "the server ended the connection"
                tail = (tail + received)[-8:]
        return n_lines

    assert exchange(5) == 2_500
    before = process.memory_info().rss
    assert exchange(60) == 30_000
    assert max(seen) - before < 12 * 2**20
