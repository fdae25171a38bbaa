"""A server that is too busy to answer is asked again; what it refuses is said."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from assay.errors import PlatformError
from deployments.platform import prefect_api
from deployments.platform.prefect_api import PrefectApi

RUN = {"id": "a1"}
DRIFT = {"id": "b1", "name": "drift"}


@pytest.fixture
def server(monkeypatch):
    """Return a server on loopback: `busy` says how often each call meets a lock."""
    monkeypatch.setattr(prefect_api.time, "sleep", lambda _seconds: None)

    class Locked(BaseHTTPRequestHandler):
        busy: int = 0
        seen: list = []  # noqa: RUF012 # of this server alone

        def answer(self):
            size = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(size) or b"null")
            call = (self.command, self.path)
            type(self).seen.append((*call, body))
            n_before = sum(one[:2] == call for one in self.seen) - 1
            if n_before < self.busy:
                return self.send(503, {"detail": "database is locked"})
            if self.command == "PATCH":
                return self.send(204, None)
            found = {
                "/api/flow_runs/filter": [RUN],
                "/api/automations/filter": [DRIFT, {"id": "c1", "name": "other"}],
            }
            return self.send(200, found.get(self.path, {}))

        def send(self, status, content):
            sent = b"" if content is None else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_POST = do_PATCH = answer  # noqa: N815 # names of the standard library

        def log_message(self, *_args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Locked) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        Locked.url = f"http://127.0.0.1:{running.server_port}/api"
        yield Locked
        running.shutdown()
        thread.join()


def sent(server, path):
    return [body for _, at, body in server.seen if at == f"/api{path}"]


@pytest.mark.parametrize("busy", [0, 1, 3])
def test_a_locked_server_is_asked_until_the_automation_is_switched(server, busy):
    server.busy = busy
    with PrefectApi(server.url) as api:
        assert api.switch_automation("drift", is_on=False) == 1
    assert sent(server, "/automations/b1") == [{"enabled": False}] * (busy + 1)
    assert sent(server, "/automations/c1") == []


def test_a_dead_run_is_marked_although_the_server_is_locked_at_first(server):
    server.busy = 2
    with PrefectApi(server.url) as api:
        assert api.crash_living_runs("power cut") == 1
    (*_, last) = sent(server, "/flow_runs/a1/set_state")
    assert (last["state"]["type"], last["force"]) == ("CRASHED", True)
    assert len(sent(server, "/flow_runs/a1/set_state")) == 3


@pytest.mark.parametrize(
    "call",
    [
        lambda api: api.switch_automation("drift", is_on=True),
        lambda api: api.crash_living_runs("power cut"),
    ],
    ids=["switch", "crash"],
)
def test_a_server_that_stays_locked_is_an_error_with_its_reason(server, call):
    server.busy = 99
    with PrefectApi(server.url) as api, pytest.raises(PlatformError, match="locked"):
        call(api)
