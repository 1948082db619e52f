"""`/healthz`, `/livez`, `/readyz`, `/version`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aiohttp import web

from idp.embedded.apiserver.http.answers import json_answer

_HEALTH = ("healthz", "livez", "readyz")

VERSION = {
    "major": "1",
    "minor": "36",
    "gitVersion": "v1.36.0+idp",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "cpython",
    "platform": "linux/amd64",
}
"""Clients decide by it what they may ask for: the version of Kubernetes that is followed here."""


class HealthPages:
    """Whether the server works, and which version it speaks."""

    def __init__(self, is_ready: Callable[[], bool]) -> None:
        self._is_ready = is_ready

    def answer(self, http: web.BaseRequest, parts: Sequence[str]) -> web.StreamResponse | None:
        """An answer for one of these paths."""
        if list(parts) == ["version"]:
            return json_answer(dict(VERSION))
        if parts and parts[0] in _HEALTH:
            if self._is_ready():
                return web.Response(text="ok")
            return web.Response(text="the server is stopping", status=503)
        return None
