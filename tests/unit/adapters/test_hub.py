"""Downloads from a model hub, against a small one on this machine and against none."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from huggingface_hub import constants
from huggingface_hub.utils import close_session

from assay.adapters.hub import download
from assay.encoders.hub import HubName
from assay.errors import SourceError

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NAME = HubName("some-house/small", COMMIT)
FILES = {
    "config.json": b'{"model_type": "bert"}',
    "model.safetensors": b"weights",
    "pytorch_model.bin": b"a pickle",
    "modeling.py": b"raise SystemExit",
}


class Hub(BaseHTTPRequestHandler):
    """Answers as the hub does for one commit of one repository."""

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path = self.path.partition("?")[0]
        head = f"/{NAME.repository}/resolve/{COMMIT}/"
        if path == f"/api/models/{NAME.repository}/revision/{COMMIT}":
            names = [{"rfilename": name} for name in FILES]
            self._send(
                json.dumps({"id": NAME.repository, "sha": COMMIT, "siblings": names})
            )
        elif path == f"/api/models/{NAME.repository}/tree/{COMMIT}":
            tree = [
                {"type": "file", "path": name, "size": len(content), "oid": "0" * 40}
                for name, content in FILES.items()
            ]
            self._send(json.dumps(tree))
        elif path.startswith(head) and path.removeprefix(head) in FILES:
            self._send(FILES[path.removeprefix(head)])
        else:
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def _send(self, content):
        content = content if isinstance(content, bytes) else content.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')  # noqa: S324 # as git
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, *given):
        """Stay silent."""


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    yield tmp_path / "cache"
    close_session()


@pytest.fixture
def hub(cache, monkeypatch):  # noqa: ARG001 # it is empty first
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    template = endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    yield endpoint
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.usefixtures("hub")
def test_weights_are_downloaded_once_without_pickles_and_code(monkeypatch):
    folder = download(NAME)
    assert NAME.cached() == folder
    found = {path.name for path in Path(folder).iterdir()}
    assert found == {"config.json", "model.safetensors"}
    assert (Path(folder) / "model.safetensors").read_bytes() == b"weights"
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert download(NAME) == folder  # it is in the cache, and the hub is gone


@pytest.mark.usefixtures("hub")
def test_a_repository_that_the_hub_has_not_is_named():
    with pytest.raises(SourceError, match=r"does not give some-house/other at 0123"):
        download(HubName("some-house/other", COMMIT))


@pytest.mark.usefixtures("cache")
def test_a_hub_that_cannot_be_reached_is_named():
    with pytest.raises(SourceError, match=r"http://127.0.0.1:9 cannot be reached"):
        download(NAME)
