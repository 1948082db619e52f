"""Serves the built portal: its page under every address of a page, and its files.

Files carry the hash of their content in their name and are kept by browsers for a year; the page
itself is asked for every time. Both are compressed when the portal is built. Without a build the
address of a page answers with what to run.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from idp.apps.hub.web.headers import page_policy

BUILT = Path(__file__).parent / "built"
PAGES = (
    "sign-in",
    "board",
    "applications",
    "releases",
    "promotions",
    "workflows",
    "gitops",
    "security",
    "approvals",
    "audit",
    "platform",
    "explore",
    "create",
    "settings",
)
"""First part of the addresses of pages; a test compares them with the portal's routes."""

NONCE = "__CSP_NONCE__"
"""Stands in the page where the nonce of its content security policy goes."""

_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".json": "application/json",
}
_NOT_BUILT = """IDP hub

  The portal is not built. To build it, in the repository:
  scripts/portal.sh build         needs Node 20.19 or newer, or gets one from PyPI

  The command line works without it:
  idp-cli apps                    every application in every environment
  idp-cli --help                  everything else
  git push {url}/git/<namespace>/<application>.git main
                                  builds, scans, signs and runs an application
"""


@dataclass(frozen=True, slots=True)
class _Build:
    """What was built: the page's text, and the files by name."""

    page: str
    files: Mapping[str, Path]
    written: float


class Portal:
    """The handlers.

    Args:
        folder: Where the build is, or will be.
        url: Address of the hub, for the text that stands in for the portal.
    """

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        self._url = url
        self._build: _Build | None = None

    def routes(self) -> list[BaseRoute]:
        """Routes of the pages and files."""
        found: list[BaseRoute] = [
            Route("/", self.page),
            Route("/assets/{name}", self.file),
            Route("/favicon.svg", self.icon),
        ]
        for page in PAGES:
            found += [Route(f"/{page}", self.page), Route(f"/{page}/{{rest:path}}", self.page)]
        return found

    async def page(self, _request: Request) -> Response:
        """The portal's one page, whatever its address."""
        build = self._current()
        if build is None:
            return PlainTextResponse(_NOT_BUILT.format(url=self._url))
        nonce = secrets.token_urlsafe(16)
        return HTMLResponse(
            build.page.replace(NONCE, nonce),
            headers={"Content-Security-Policy": page_policy(nonce), "Cache-Control": "no-store"},
        )

    async def file(self, request: Request) -> Response:
        """A file with a hash in its name."""
        return self._send(
            request,
            f"assets/{request.path_params['name']}",
            "public, max-age=31536000, immutable",
        )

    async def icon(self, request: Request) -> Response:
        """The icon, which has a fixed name."""
        return self._send(request, "favicon.svg", "public, max-age=86400")

    def _send(self, request: Request, name: str, cached: str) -> Response:
        build = self._current()
        if build is None or name not in build.files:
            return PlainTextResponse("there is no such file", 404)
        headers = {"Cache-Control": cached, "Vary": "Accept-Encoding"}
        path, accepted = build.files[name], request.headers.get("accept-encoding", "")
        for encoding, suffix in _ENCODINGS:
            if encoding in accepted and name + suffix in build.files:
                path = build.files[name + suffix]
                headers["Content-Encoding"] = encoding
                break
        media_type = _TYPES.get(Path(name).suffix, "application/octet-stream")
        return FileResponse(path, headers=headers, media_type=media_type)

    def _current(self) -> _Build | None:
        """The build, read again after a new one; files are looked up by name, never by path."""
        page = self._folder / "index.html"
        try:
            written = page.stat().st_mtime
        except OSError:
            return None
        if self._build is None or self._build.written != written:
            files = {
                str(path.relative_to(self._folder)): path
                for path in self._folder.rglob("*")
                if path.is_file()
            }
            self._build = _Build(page.read_text(), files, written)
        return self._build
