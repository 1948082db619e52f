"""Serves a folder over HTTP. Shipped in the images of static sites; needs nothing but Python.

`python3 serve.py FOLDER` listens on `$PORT` (8080 without it). Folders answer with their
`index.html` and are never listed; hidden files and links out of the folder do not exist. Entity
tags are digests of the content, since an image's files have no dates. On SIGTERM it goes on for a
moment, while the gateway learns that it leaves, then finishes the requests in flight and ends.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import mimetypes
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

_CHUNK = 2**16
_DRAIN_SECONDS = 1.0
_LONGEST_REQUEST_SECONDS = 25.0
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}


def find(root: Path, address: str) -> Path | None:
    """The file behind a request's path; None when there is none that may be seen."""
    parts = [part for part in unquote(urlsplit(address).path).split("/") if part]
    if any(part.startswith(".") or "\0" in part for part in parts):
        return None
    path = root.joinpath(*parts)
    try:
        if path.is_dir():
            path = path / "index.html"
        resolved = path.resolve(strict=True)
    except (OSError, ValueError):
        return None
    return resolved if resolved.is_file() and resolved.is_relative_to(root) else None


@functools.lru_cache(maxsize=4096)
def entity_tag(path: Path) -> str:
    """Digest of a file's content; files of an image never change."""
    with path.open("rb") as file:
        return f'"{hashlib.file_digest(file, "sha256").hexdigest()[:32]}"'


def content_type(path: Path) -> str:
    """Media type by file name; text is UTF-8."""
    known = _TYPES.get(path.suffix.lower()) or mimetypes.guess_type(path.name)[0]
    kind = known or "application/octet-stream"
    is_text = kind.startswith("text/") or kind in ("application/json", "image/svg+xml")
    return f"{kind}; charset=utf-8" if is_text else kind


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte of a `Range`; None when the whole file is meant.

    Raises:
        ValueError: The range lies outside the file.
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "":
        first, last = max(size - int(match[2]), 0), size - 1
    else:
        first, last = int(match[1]), min(int(match[2] or size - 1), size - 1)
    if first >= size or first > last:
        raise ValueError(header)
    return first, last


class Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD."""

    protocol_version = "HTTP/1.1"
    # Headers and content go out in two writes; otherwise the second waits 40 ms for the client.
    disable_nagle_algorithm = True
    server_version = "idp-static"
    sys_version = ""
    timeout = 60
    server: Server
    root: Path

    def do_GET(self) -> None:
        """Answer with the file."""
        with self.server.request():
            self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Answer as to GET, without the content."""
        with self.server.request():
            self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        path = find(self.root, self.path)
        if path is None:
            self._plain(HTTPStatus.NOT_FOUND, with_body=with_body)
            return
        tag = entity_tag(path)
        if tag in self.headers.get("If-None-Match", ""):
            self.send_response(HTTPStatus.NOT_MODIFIED)
            self.send_header("ETag", tag)
            self.end_headers()
            return
        size = path.stat().st_size
        wanted = self.headers.get("Range", "")
        if self.headers.get("If-Range", tag) != tag:
            wanted = ""
        try:
            part = parse_range(wanted, size)
        except ValueError:
            self._plain(
                HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
                with_body=with_body,
                content_range=f"bytes */{size}",
            )
            return
        first, last = part or (0, size - 1)
        self.send_response(HTTPStatus.PARTIAL_CONTENT if part else HTTPStatus.OK)
        if part:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.send_header("Content-Type", content_type(path))
        self.send_header("Content-Length", str(last - first + 1))
        self.send_header("ETag", tag)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if with_body:
            self._send(path, first, last - first + 1)

    def end_headers(self) -> None:
        """Also tell a connection that is kept to come again elsewhere."""
        if self.server.stopping:
            self.send_header("Connection", "close")
        super().end_headers()

    def _send(self, path: Path, start: int, count: int) -> None:
        with path.open("rb") as file:
            file.seek(start)
            while count and (chunk := file.read(min(_CHUNK, count))):
                self.wfile.write(chunk)
                count -= len(chunk)

    def _plain(self, status: HTTPStatus, *, with_body: bool, content_range: str = "") -> None:
        body = f"{status.value} {status.phrase}\n".encode()
        self.send_response(status)
        if content_range:
            self.send_header("Content-Range", content_range)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """Counts the requests in flight, so that it can wait for them."""

    daemon_threads = True

    def __init__(self, port: int, handler: type[Handler]) -> None:
        super().__init__(("", port), handler)
        self.stopping = False
        self._in_flight = 0
        self._changed = threading.Condition()

    @contextlib.contextmanager
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
        time.sleep(_DRAIN_SECONDS)
        self.shutdown()
        with self._changed:
            self._changed.wait_for(lambda: self._in_flight == 0, timeout=_LONGEST_REQUEST_SECONDS)


def make_server(root: Path, port: int) -> Server:
    """A server for a folder, on all addresses of the machine."""
    handler = type("RootedHandler", (Handler,), {"root": root.resolve(strict=True)})
    return Server(port, handler)


def main() -> None:
    """Serve the folder named on the command line until SIGTERM."""
    server = make_server(Path(sys.argv[1]), int(os.environ.get("PORT", "8080")))
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1})
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    serving.start()
    stop.wait()
    server.drain()
    serving.join()


if __name__ == "__main__":
    main()
