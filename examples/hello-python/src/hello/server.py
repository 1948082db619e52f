"""Answers `/` with what it knows about itself, and `/healthz` while it can serve.

On SIGTERM it goes on answering for a moment, while the gateway learns that it leaves, then
finishes the requests in flight and ends.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from hello.configuration import load_configuration

VERSION = "1.0.0"
DRAIN_SECONDS = 1.0


def describe() -> dict[str, str]:
    """What `/` answers."""
    return {
        "name": os.environ.get("IDP_APPLICATION", "hello"),
        "version": VERSION,
        "environment": os.environ.get("IDP_ENVIRONMENT", "local"),
        "release": os.environ.get("IDP_RELEASE", ""),
        "greeting": str(load_configuration().get("greeting", "Hello")),
    }


class Server(ThreadingHTTPServer):
    """Counts the requests in flight, so that it can wait for them."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("", port), Handler)
        self.stopping = False
        self._in_flight = 0
        self._changed = threading.Condition()

    @contextmanager
    def request(self) -> Iterator[None]:
        """Hold while a request is answered."""
        with self._changed:
            self._in_flight += 1
        try:
            yield
        finally:
            with self._changed:
                self._in_flight -= 1
                self._changed.notify_all()

    def drain(self) -> None:
        """Serve a moment longer, take no new connections, wait for the requests in flight."""
        self.stopping = True
        time.sleep(DRAIN_SECONDS)
        self.shutdown()
        with self._changed:
            self._changed.wait_for(lambda: self._in_flight == 0, timeout=25)


class Handler(BaseHTTPRequestHandler):
    """Answers one connection's requests."""

    server: Server
    protocol_version = "HTTP/1.1"
    # Headers and content go out in two writes; otherwise the second waits 40 ms for the client.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer `/`, `/healthz` and `/slow`."""
        with self.server.request():
            if self.path == "/healthz":
                self._answer(200, {"status": "ok"})
            elif self.path == "/slow":
                time.sleep(2)
                self._answer(200, describe())
            elif self.path == "/":
                self._answer(200, describe())
            else:
                self._answer(404, {"error": f"there is nothing at {self.path}"})

    def _answer(self, status: int, body: dict[str, str]) -> None:
        content = json.dumps(body).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if self.server.stopping:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)


def main() -> None:
    """Serve until SIGTERM."""
    server = Server(int(os.environ.get("PORT", "8080")))
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1})
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    serving.start()
    print(f"hello {VERSION} listens on port {server.server_port}", flush=True)
    stop.wait()
    server.drain()
    serving.join()
    print("hello has ended", flush=True)
