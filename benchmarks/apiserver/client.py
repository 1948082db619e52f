"""One client: one process, one TLS connection, one request after the other.

Run as a program: reads what to do from standard input as JSON, connects, writes `ready`, waits for
a line, works until its time is over, and writes what it did as JSON. It imports next to nothing
and reuses the bytes of its requests, so that on a shared machine most of the processor time
is the server's; what it used itself is in its answer.
"""

from __future__ import annotations

import json
import socket
import ssl
import sys
import time
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Job:
    """What one client does.

    Attributes:
        port: On 127.0.0.1.
        authority: Path of the certificate that signed the server's.
        token: Bearer token; empty when `identity` is given.
        identity: Path of a client certificate with its key.
        method: Of every request.
        paths: Asked for in turn; `{n}` in them is the number of the request.
        body: Sent with every request; `{n}` in it is the number of the request.
        content_type: Of the body.
        number: The first number.
        seconds: For how long.
        count: How many requests at most; 0 sets no limit.
        patience: Seconds during which 404 is asked again: a kind that is just being defined.
    """

    port: int
    authority: str
    method: str
    paths: tuple[str, ...]
    token: str = ""
    identity: str = ""
    body: str = ""
    content_type: str = "application/json"
    number: int = 0
    seconds: float = 5.0
    count: int = 0
    patience: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """What one client did.

    Attributes:
        done: Requests answered with 2xx.
        failed: Requests answered otherwise.
        error: The first other answer.
        seconds: Until the last answer.
        processor: Processor seconds of this client.
        milliseconds: The median of the answers.
    """

    done: int
    failed: int
    error: str
    seconds: float
    processor: float
    milliseconds: float


class Connection:
    """HTTP/1.1 over TLS, as far as API servers use it."""

    def __init__(self, job: Job) -> None:
        plain = socket.create_connection(("127.0.0.1", job.port), timeout=120)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = _context(job).wrap_socket(plain)
        self._rest = b""

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request; gives status and body."""
        self.socket.sendall(request)
        return self.answer()

    def answer(self) -> tuple[int, bytes]:
        """Read one answer; gives status and body."""
        while (end := self._rest.find(b"\r\n\r\n")) < 0:
            self._more()
        head, self._rest = self._rest[:end].lower(), self._rest[end + 4 :]
        at = head.find(b"content-length:")
        if at < 0:
            return int(head[9:12]), self._chunks()
        return int(head[9:12]), self._take(int(head[at + 15 :].split(b"\r\n", 1)[0]))

    def _more(self) -> None:
        data = self.socket.recv(262144)
        if not data:
            raise ConnectionError("the server hung up")
        self._rest += data

    def _take(self, length: int) -> bytes:
        parts, missing = [self._rest], length - len(self._rest)
        while missing > 0:
            parts.append(self.socket.recv(262144))
            if not parts[-1]:
                raise ConnectionError("the server hung up")
            missing -= len(parts[-1])
        whole = b"".join(parts)
        self._rest = whole[length:]
        return whole[:length]

    def _chunks(self) -> bytes:
        parts = []
        while True:
            while (end := self._rest.find(b"\r\n")) < 0:
                self._more()
            size, self._rest = int(self._rest[:end], 16), self._rest[end + 2 :]
            parts.append(self._take(size + 2)[:-2])
            if not size:
                return b"".join(parts)


_contexts: dict[Job, ssl.SSLContext] = {}


def _context(job: Job) -> ssl.SSLContext:
    if job not in _contexts:
        context = _contexts[job] = ssl.create_default_context(cafile=job.authority)
        context.check_hostname = False
        if job.identity:
            context.load_cert_chain(job.identity)
    return _contexts[job]


def requests(job: Job) -> tuple[bytes, bytes]:
    """What comes before and behind the path in every request."""
    headers = [f" HTTP/1.1\r\nHost: 127.0.0.1:{job.port}", "Accept: application/json"]
    headers.append("User-Agent: benchmark")
    if job.token:
        headers.append(f"Authorization: Bearer {job.token}")
    if job.body:
        headers.append(f"Content-Type: {job.content_type}")
    return f"{job.method} ".encode(), "\r\n".join(headers).encode()


def work(job: Job, connection: Connection) -> Outcome:
    """Ask until the time is over."""
    before, behind = requests(job)
    done = failed = 0
    error = ""
    durations = []
    started, processor = time.perf_counter(), time.process_time()
    last = started
    while last - started < job.seconds and not 0 < job.count <= done + failed:
        number = str(job.number + done + failed)
        path = job.paths[(done + failed) % len(job.paths)].replace("{n}", number)
        request = before + path.encode() + behind
        if job.body:
            body = job.body.replace("{n}", number).encode()
            request += b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        else:
            request += b"\r\n\r\n"
        status, answer = connection.ask(request)
        while status == 404 and time.perf_counter() - started < job.patience:
            time.sleep(0.05)
            status, answer = connection.ask(request)
        now = time.perf_counter()
        durations.append(now - last)
        last = now
        if status // 100 == 2:
            done += 1
        else:
            failed += 1
            error = error or f"{status} {answer[:300].decode(errors='replace')}"
    median = sorted(durations)[len(durations) // 2] * 1000
    used = time.process_time() - processor
    return Outcome(done, failed, error, last - started, used, median)


def main() -> None:
    """Do what standard input says."""
    fields = json.loads(sys.stdin.readline())
    job = Job(**{**fields, "paths": tuple(fields["paths"])})
    connection = Connection(job)
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(asdict(work(job, connection))), flush=True)


if __name__ == "__main__":
    main()
