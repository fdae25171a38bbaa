"""A model behind an endpoint: what it says, and every way in which it fails in time."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydantic import SecretStr

from assay.adapters.language.endpoint import (
    FAILURES_TO_OPEN,
    OPEN_SECONDS,
    CircuitBreaker,
    EndpointWriter,
    configured_writer,
)
from assay.adapters.language.local import LocalWriter
from assay.errors import SourceError
from assay.retrieval.answers.prompt import Prompt
from assay.settings import Settings

PROMPT = Prompt("be brief", "Question: why?", (), ())
SAID = '{"sentences": []}'


def completion(text):
    body = {"choices": [{"message": {"role": "assistant", "content": text}}]}
    return 200, json.dumps(body).encode()


class Endpoint:
    """Answers as scripted, the last answer again and again; keeps what it was sent."""

    def __init__(self):
        self.script, self.asked = [completion(SAID)], []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                size = int(self.headers["Content-Length"])
                sent = json.loads(self.rfile.read(size))
                endpoint.asked.append((self.path, dict(self.headers), sent))
                script = endpoint.script
                step = script.pop(0) if len(script) > 1 else script[0]
                if callable(step):
                    step(self)
                    return
                status, body = step
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def endpoint():
    found = Endpoint()
    yield found
    found.stop()


def dribbling(handler):
    """Send a byte now and then and never end."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(200):
        try:
            handler.wfile.write(b" ")
            handler.wfile.flush()
        except OSError:
            return
        time.sleep(0.02)


def test_it_speaks_the_protocol_and_returns_what_the_model_says(endpoint):
    writer = EndpointWriter(endpoint.url, "prose-1", key=SecretStr("s3cret"))
    assert writer.write(PROMPT) == SAID
    ((path, headers, sent),) = endpoint.asked
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == "Bearer s3cret"
    assert sent["model"] == "prose-1"
    assert sent["temperature"] == 0
    assert sent["messages"] == [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "Question: why?"},
    ]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_pass_is_tried_again(endpoint, status):
    endpoint.script = [(status, b"busy"), completion(SAID)]
    assert EndpointWriter(endpoint.url, "m").write(PROMPT) == SAID
    assert len(endpoint.asked) == 2


@pytest.mark.parametrize("status", [400, 401, 404])
def test_what_will_not_pass_is_not_tried_again(endpoint, status):
    endpoint.script = [(status, b"no")]
    with pytest.raises(SourceError, match=f"status {status}"):
        EndpointWriter(endpoint.url, "m").write(PROMPT)
    assert len(endpoint.asked) == 1


def test_a_wait_longer_than_the_budget_is_not_begun(endpoint):
    def later(handler):
        handler.send_response(503)
        handler.send_header("Retry-After", "3600")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    endpoint.script = [later]
    with pytest.raises(SourceError, match="status 503"):
        EndpointWriter(endpoint.url, "m", timeout_seconds=5).write(PROMPT)
    assert len(endpoint.asked) == 1


def test_a_server_that_dribbles_is_left_when_the_budget_is_spent(endpoint):
    endpoint.script = [dribbling]
    with pytest.raises(SourceError, match=r"within 0\.3 s: ReadTimeout"):
        EndpointWriter(endpoint.url, "m", timeout_seconds=0.3).write(PROMPT)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"choices": []}',
        b'{"choices": [{"message": {}}]}',
        b'{"choices": [{"message": {"content": null}}]}',
    ],
)
def test_an_answer_that_is_no_completion_is_an_error(endpoint, body):
    endpoint.script = [(200, body)]
    with pytest.raises(SourceError, match="language model"):
        EndpointWriter(endpoint.url, "m").write(PROMPT)


def test_an_answer_without_end_is_cut_off(endpoint):
    endpoint.script = [(200, b" " * (2**20 + 1))]
    with pytest.raises(SourceError, match="more than"):
        EndpointWriter(endpoint.url, "m").write(PROMPT)


def test_after_failures_in_a_row_it_is_not_asked_until_one_trial_succeeds(endpoint):
    now = [0.0]
    breaker = CircuitBreaker(clock=lambda: now[0])
    writer = EndpointWriter(endpoint.url, "m", breaker=breaker)
    endpoint.script = [(400, b"no")]
    for _ in range(FAILURES_TO_OPEN):
        with pytest.raises(SourceError, match="status 400"):
            writer.write(PROMPT)
    with pytest.raises(SourceError, match="3 times in a row"):
        writer.write(PROMPT)
    assert len(endpoint.asked) == FAILURES_TO_OPEN
    now[0] += OPEN_SECONDS + 1
    endpoint.script = [completion(SAID)]
    assert writer.write(PROMPT) == SAID
    endpoint.script = [(400, b"no")]
    with pytest.raises(SourceError, match="status 400"):
        writer.write(PROMPT)


def test_of_those_that_wait_only_one_tries_a_service_that_failed():
    now = [0.0]
    breaker = CircuitBreaker(clock=lambda: now[0])
    for _ in range(FAILURES_TO_OPEN):
        breaker.note(is_success=False)
    now[0] += OPEN_SECONDS + 1
    breaker.check()
    with pytest.raises(SourceError, match="not asked"):
        breaker.check()


def test_the_settings_choose_the_writer():
    def made(**given):
        return configured_writer(Settings(_env_file=None, **given))

    assert made() is None
    assert isinstance(made(language_model="folder"), LocalWriter)
    url = "http://127.0.0.1:9/v1"
    writer = made(language_model="m", language_model_url=url, language_model_window=4096)
    assert isinstance(writer, EndpointWriter)
    assert (writer.name, writer.window) == ("m", 4096)
