"""`assay.client` against the service as a process, and against a service that fails."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from assay.client import (
    AsyncClient,
    Client,
    ConnectionLostError,
    KeyRefusedError,
    NotServedError,
    Outcome,
    RefusedRequestError,
    TooManyRequestsError,
    UnavailableError,
)
from assay.errors import ConfigError
from serving.boundary.keys import new_key


@pytest.fixture
def server(registry, make_bundle, serve):
    registry.register(1, make_bundle(bias=0.3))
    started = serve()
    started.wait_ready()
    return started


def url_of(server):
    return str(server.client.base_url)


def test_a_decision_is_that_of_the_route(server, row):
    with Client(url_of(server), model="tiny") as client:
        found = client.score(
            {**row, "case number": "A-7", "seen-at": "2026-11-20T14:30:00Z"},
            request_id="call-1",
        )
        own = server.client.post("/predict", json=row).json()
        assert found.probability == own["probability"]
        assert found.outcome == own["decision"]
        assert (found.identifier, found.request_id) == ("A-7", "call-1")
        info = client.model_info()
        assert (info.version, info.bundle_digest) == (found.version, found.bundle_digest)
        assert info.metrics["auc"]["value"] == 0.7
        assert client.is_ready()


async def test_the_asynchronous_client_says_and_reads_the_same(server, row):
    rows = [{**row, "income": 2000 + n} for n in range(3)]
    with Client(url_of(server), model="tiny") as client:
        own = client.score_batch(rows)
        streamed = list(client.stream(iter(rows * 3), batch_rows=2))
    async with AsyncClient(url_of(server), model="tiny") as theirs:
        found = await theirs.score_batch(rows)
        one = await theirs.score(rows[0])
        flowing = [each async for each in theirs.stream(iter(rows * 3), batch_rows=2)]
        assert (await theirs.model_info()).version == "1"
        assert await theirs.is_ready()
    probabilities = [each.probability for each in own]
    assert [each.probability for each in found] == probabilities
    assert one.probability == probabilities[0]
    assert [each.probability for each in streamed] == probabilities * 3
    assert [each.probability for each in flowing] == probabilities * 3
    assert [each.position for each in streamed] == [0, 1, 0, 1, 0, 1, 0, 1, 0]


def test_errors_are_typed_and_carry_the_problem(server, row):
    with Client(url_of(server), model="tiny") as client:
        with pytest.raises(RefusedRequestError, match="income") as caught:
            client.score({**row, "income": 1})
        assert caught.value.errors[0]["rule"] == "below_minimum"
        assert caught.value.request_id
        with pytest.raises(NotServedError) as caught:
            client.score(row, model="nobody")
        assert caught.value.problem["models"] == ["tiny"]
        with pytest.raises(RefusedRequestError, match="break the contract"):
            client.score_batch([row] * 4)
    with (
        Client(url_of(server)) as client,
        pytest.raises(ConfigError, match="name a model"),
    ):
        client.score(row)


def test_a_key_opens_and_none_does_not(registry, make_bundle, serve, settings, row):
    registry.register(1, make_bundle())
    token = new_key(settings.api_keys_file, "bank", ["score"], rate_per_second=2)
    server = serve(ASSAY_API_KEYS="on")
    server.wait_ready()
    with (
        Client(url_of(server), model="tiny") as client,
        pytest.raises(KeyRefusedError, match="send your API key"),
    ):
        client.score(row)
    with Client(url_of(server), model="tiny", api_key=token, retries=0) as client:
        assert client.score(row).version == "1"
        with pytest.raises(KeyRefusedError, match="'read'"):
            client.model_info()
        with pytest.raises(TooManyRequestsError):
            [client.score(row) for _ in range(50)]
    with Client(url_of(server), model="tiny", api_key=token) as client:
        assert len([client.score(row) for _ in range(4)]) == 4  # it waits as it is told


class Flaky:
    """A service that answers each request with the next of its statuses."""

    def __init__(self, *statuses):
        self.statuses, self.seen = list(statuses), []
        double = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                double.seen.append((self.path, body, dict(self.headers)))
                status = double.statuses.pop(0)
                if status == 0:
                    self.close_connection = True
                    return
                content = json.dumps(ANSWER if status == 200 else {}).encode()
                self.send_response(status)
                self.send_header("Retry-After", "0")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


ANSWER = {
    **{"model": "tiny", "version": "1", "bundle_digest": "0", "request_id": "r"},
    **{"role": "champion"},
    **{"threshold": 0.5, "probability": 0.7, "decision": "decline"},
    "outcomes": [{"request_id": "r-1", "status": "accepted"}],
}


@pytest.fixture
def flaky():
    made = []

    def make(*statuses):
        made.append(Flaky(*statuses))
        return made[-1]

    yield make
    for one in made:
        one.stop()


async def test_every_attempt_of_a_call_is_the_same_request_under_one_key(flaky):
    service = flaky(503, 0, 429, 200, 503, 0, 429, 200)
    with Client(service.url, model="tiny") as client:
        assert client.score({"a": 1}).outcome == "decline"
    async with AsyncClient(service.url, model="tiny") as client:
        assert (await client.score({"a": 1})).outcome == "decline"
    keys = [headers["Idempotency-Key"] for _, _, headers in service.seen]
    assert [keys.count(key) for key in dict.fromkeys(keys)] == [4, 4]
    assert {body for _, body, _ in service.seen} == {b'{"a":1}'}


def test_the_last_answer_is_raised_and_a_closed_port_is_named(flaky, free_port):
    service = flaky(503, 503)
    with (
        Client(service.url, model="tiny", retries=1) as client,
        pytest.raises(UnavailableError),
    ):
        client.score({})
    with Client(f"http://127.0.0.1:{free_port}", model="tiny", retries=1) as client:
        assert not client.is_ready()
        with pytest.raises(ConnectionLostError, match="after 2 attempts"):
            client.score({})


def test_outcomes_are_reported_and_their_receipts_read(flaky):
    service = flaky(200)
    with Client(service.url, model="tiny") as client:
        (receipt,) = client.outcomes([Outcome("r-1", 1)])
    assert receipt.status == "accepted"
    assert service.seen[0][0] == "/v1/models/tiny/outcomes"
