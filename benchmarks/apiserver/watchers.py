"""Many watches of ConfigMaps at once, in one process, and how late changes reach them.

Run as a program: reads a `Watching` from standard input as JSON, opens the watches, writes
`ready`, waits for a line, makes the changes one by one, and writes the delays as JSON: the
milliseconds from before a change is sent until each watch has it. Without changes it keeps the
watches open until the line comes.
"""

from __future__ import annotations

import json
import selectors
import ssl
import sys
import time
from dataclasses import dataclass

from benchmarks.apiserver.client import Connection, Job, requests

PATH = "/api/v1/namespaces/default/configmaps"


@dataclass(frozen=True)
class Watching:
    """What is watched.

    Attributes:
        job: How to reach the server; its path is the object that is changed.
        version: Resource version to watch from.
        watches: How many.
        changes: How many changes are made.
    """

    job: Job
    version: str
    watches: int
    changes: int


def opened(watching: Watching) -> list[ssl.SSLSocket]:
    """Open the watches; each has sent its request and got the head of the answer."""
    path = f"{PATH}?watch=1&resourceVersion={watching.version}&timeoutSeconds=1800"
    request = b"GET " + path.encode() + requests(watching.job)[1] + b"\r\n\r\n"
    found = []
    for _ in range(watching.watches):
        connection = Connection(watching.job).socket
        connection.sendall(request)
        found.append(connection)
    return found


def until_answered(watches: list[ssl.SSLSocket]) -> None:
    """Read the head of each answer."""
    for watch in watches:
        head = b""
        while b"\r\n\r\n" not in head:
            head += watch.recv(65536)
        if b" 200 " not in head.split(b"\r\n", 1)[0]:
            raise RuntimeError(head.decode(errors="replace"))
        watch.setblocking(False)


def delays(watching: Watching, watches: list[ssl.SSLSocket]) -> list[float]:
    """Make the changes; milliseconds of each watch and change."""
    selector = selectors.DefaultSelector()
    for each in watches:
        selector.register(each, selectors.EVENT_READ, data=each)
    writer = Connection(watching.job)
    before, behind = requests(watching.job)
    found = []
    for number in range(watching.changes):
        marker = b"change-%d-" % number
        body = b'{"data":{"marker":"%s"}}' % marker
        head = before + watching.job.paths[0].encode() + behind
        started = time.perf_counter()
        writer.socket.sendall(head + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        missing = dict.fromkeys(watches, b"")
        while missing:
            for key, _ in selector.select(30):
                watch: ssl.SSLSocket = key.data
                if watch in missing and marker in _read(watch, missing):
                    found.append((time.perf_counter() - started) * 1000)
                    del missing[watch]
        writer.answer()
    return found


def _read(watch: ssl.SSLSocket, seen: dict[ssl.SSLSocket, bytes]) -> bytes:
    try:
        while True:
            data = watch.recv(65536)
            if not data:
                raise ConnectionError("a watch ended")
            seen[watch] += data
    except (TimeoutError, ssl.SSLWantReadError):
        return seen[watch]


def main() -> None:
    """Do what standard input says."""
    fields = json.loads(sys.stdin.readline())
    job = Job(**{**fields["job"], "paths": tuple(fields["job"]["paths"])})
    watching = Watching(**{**fields, "job": job})
    watches = opened(watching)
    until_answered(watches)
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(delays(watching, watches) if watching.changes else []), flush=True)


if __name__ == "__main__":
    main()
