"""Another service is asked without a client library, and as strictly."""

import base64
import threading
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from assay.errors import SourceError
from serving.asking import answer_to_get
from serving.registry import Entry, MlflowRegistry


@pytest.fixture
def server():
    """Run a server that answers as its `answers` say and notes what it was sent."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.seen.append((self.path, dict(self.headers)))
            status, headers, body = self.server.answers.get(
                self.path.partition("?")[0], (404, {}, b"")
            )
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.seen, made.answers = [], {}
    made.url = f"http://127.0.0.1:{made.server_port}"
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def test_an_answer_is_read_with_its_query_sent(server):
    server.answers["/a"] = 200, {}, b"content"
    with answer_to_get(f"{server.url}/a?b=1%202", 60.0) as answer:
        assert (answer.status, answer.read()) == (200, b"content")
    assert server.seen[0][0] == "/a?b=1%202"


def test_a_name_and_password_in_the_address_are_sent_and_else_none(server):
    known = server.url.replace("//", "//me:p%40ss@")
    for url in (known, server.url):
        with answer_to_get(url, 60.0):
            pass
    (_, first), (_, second) = server.seen
    assert base64.b64decode(first["Authorization"].removeprefix("Basic ")) == b"me:p@ss"
    assert "Authorization" not in second


def test_an_address_of_another_kind_is_refused():
    for url in ("file:///etc/passwd", "no address", "http://"):
        with pytest.raises(ValueError, match="no http"), answer_to_get(url, 60.0):
            pass


def test_what_is_no_http_is_a_fault_of_http(server, free_port):
    with (
        pytest.raises(ConnectionRefusedError),
        answer_to_get(f"http://127.0.0.1:{free_port}/", 60.0),
    ):
        pass
    server.answers["/"] = 200, {"Content-Length": "9"}, b"short"
    with pytest.raises(HTTPException), answer_to_get(f"{server.url}/", 60.0) as answer:
        answer.read()


def test_a_redirect_is_not_followed_and_no_answer_of_a_registry(server):
    route = "/api/2.0/mlflow/registered-models/search"
    server.answers[route] = 302, {"Location": f"{server.url}/elsewhere"}, b"{}"
    with pytest.raises(SourceError, match="status 302"):
        MlflowRegistry(server.url, 60.0).champions()
    assert len(server.seen) == 1


def test_a_file_that_did_not_arrive_whole_is_refused(server, tmp_path):
    route = "/api/2.0/mlflow-artifacts/artifacts/bundle/model.onnx"
    server.answers[route] = 200, {"Content-Length": "9"}, b"short"
    entry = Entry("tiny", "1", "0" * 64, "bundle")
    with pytest.raises(SourceError):
        MlflowRegistry(server.url, 60.0).fetch(entry, "model.onnx", tmp_path / "x")
    server.answers[route] = 200, {}, b"whole"
    MlflowRegistry(server.url, 60.0).fetch(entry, "model.onnx", tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == b"whole"
