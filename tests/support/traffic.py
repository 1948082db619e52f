"""Requests that go on while something happens."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from support.platform import Platform

PAUSE = 0.05


@dataclass
class Traffic:
    """What an application answered.

    Attributes:
        answers: How often each answer came: a status, or the kind of failure.
        bodies: Bodies of answers with status 200, in the order in which they first came.
    """

    answers: dict[str, int] = field(default_factory=dict)
    bodies: list[str] = field(default_factory=list)

    def count(self, answer: str) -> None:
        """Note an answer."""
        self.answers[answer] = self.answers.get(answer, 0) + 1


@contextmanager
def traffic(platform: Platform, application: str, environment: str) -> Iterator[Traffic]:
    """Ask an application through its gateway, again and again, until the block ends."""
    seen, stop = Traffic(), threading.Event()
    port = platform.settings.instances[environment].gateway
    host = {"Host": f"{application}.{environment}.localhost:{port}"}

    def ask() -> None:
        with httpx.Client(timeout=10, trust_env=False) as http:
            while not stop.wait(PAUSE):
                try:
                    answer = http.get(f"http://127.0.0.1:{port}/", headers=host)
                except httpx.HTTPError as error:
                    seen.count(type(error).__name__)
                    continue
                seen.count(str(answer.status_code))
                if answer.status_code == 200 and answer.text not in seen.bodies:
                    seen.bodies.append(answer.text)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield seen
    finally:
        stop.set()
        asking.join()
