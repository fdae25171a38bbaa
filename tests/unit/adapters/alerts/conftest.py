"""A web server and a mail server of the test's own, which keep what they were told."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Web(ThreadingHTTPServer):
    """Keeps the bodies of requests and answers with `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _WebHandler)
        self.bodies: list[dict] = []
        self.status = 200

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}/hook"


class _WebHandler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:  # the base class asks for this name
        length = int(self.headers["Content-Length"])
        self.server.bodies.append(json.loads(self.rfile.read(length)))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


class Mail(socketserver.ThreadingTCPServer):
    """Speaks as much SMTP as a client needs and keeps the messages."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _MailHandler)
        self.messages: list[str] = []

    @property
    def address(self) -> str:
        """Where it listens, as a channel's address."""
        host, port = self.server_address[:2]
        return f"smtp://{host}:{port}/?from=assay@bank.example&to=risk@bank.example"


class _MailHandler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self._say("220 test")
        while line := self.rfile.readline():
            word = line.strip().upper()[:4]
            if word == b"DATA":
                self._say("354 go on")
                self.server.messages.append(self._message())
                self._say("250 taken")
            elif word == b"QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 fine")

    def _message(self) -> str:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.decode())
        return "".join(lines)

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


def _run(server: socketserver.BaseServer) -> Iterator[socketserver.BaseServer]:
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def web() -> Iterator[socketserver.BaseServer]:
    """Run a web server until the end of the test."""
    yield from _run(Web())


@pytest.fixture
def mail() -> Iterator[socketserver.BaseServer]:
    """Run a mail server until the end of the test."""
    yield from _run(Mail())
