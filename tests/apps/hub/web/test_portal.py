"""How the built portal is served, and that nothing else of the hub runs in a browser."""

from __future__ import annotations

import json
import os
import re
import tomllib
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from idp.apps.hub.application import hub_application
from idp.apps.hub.web.portal import BUILT, NONCE, PAGES, Portal
from idp.apps.platform.layout import Layout
from idp.apps.platform.settings import settings_from_port

REPOSITORY = Path(__file__).resolve().parents[4]
ROUTES = REPOSITORY / "portal/packages/pages/src/app/routes.ts"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = tmp_path / "built"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(f'<meta nonce="{NONCE}"><script src="/assets/a-1.js">')
    (folder / "assets" / "a-1.js").write_text("plain")
    (folder / "assets" / "a-1.js.br").write_bytes(b"brotli")
    (folder / "assets" / "a-1.js.gz").write_bytes(b"gzip")
    return folder


def client(folder: Path) -> httpx.AsyncClient:
    application = Starlette(routes=Portal(folder, "http://127.0.0.1:8600").routes())
    transport = httpx.ASGITransport(application)
    return httpx.AsyncClient(transport=transport, base_url="http://hub")


async def test_every_address_of_a_page_answers_with_the_page(built: Path) -> None:
    async with client(built) as asked:
        for path in ("/", *(f"/{page}" for page in PAGES), "/applications/demo/hello"):
            answer = await asked.get(path)
            assert answer.headers["content-type"].startswith("text/html"), path
            assert answer.headers["cache-control"] == "no-store"


async def test_scripts_run_by_file_only_and_styles_by_nonce(built: Path) -> None:
    async with client(built) as asked:
        answers = [await asked.get("/board") for _ in range(2)]
    nonces = set()
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "script-src 'self';" in policy
        nonce = re.findall(r"'nonce-([^']+)'", policy)
        assert f'nonce="{nonce[0]}"' in answer.text
        nonces.add(nonce[0])
    assert len(nonces) == 2


@pytest.mark.parametrize(
    ("accepted", "encoding", "body"),
    [("gzip, br", "br", b"brotli"), ("gzip", "gzip", b"gzip"), ("", None, b"plain")],
)
async def test_files_come_compressed_and_are_kept(
    built: Path, accepted: str, encoding: str | None, body: bytes
) -> None:
    async with (
        client(built) as asked,
        asked.stream("GET", "/assets/a-1.js", headers={"Accept-Encoding": accepted}) as answer,
    ):
        raw = b"".join([chunk async for chunk in answer.aiter_raw()])
    assert raw == body
    assert answer.headers.get("content-encoding") == encoding
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("name", ["b.js", "..%2f..%2fhub.db", "%2e%2e/index.html", "a-1.js%00"])
async def test_only_files_of_the_build_are_served(built: Path, name: str) -> None:
    (built.parent / "hub.db").write_text("secret")
    async with client(built) as asked:
        assert (await asked.get(f"/assets/{name}")).status_code == 404


async def test_without_a_build_the_page_says_what_to_run(tmp_path: Path) -> None:
    async with client(tmp_path / "nothing") as asked:
        answer = await asked.get("/")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "scripts/portal.sh build" in answer.text
    assert "idp-cli apps" in answer.text


async def test_a_new_build_is_served_without_a_restart(built: Path) -> None:
    async with client(built) as asked:
        assert "a-1.js" in (await asked.get("/")).text
        (built / "index.html").write_text("new")
        os.utime(built / "index.html", (1, 1))
        assert (await asked.get("/")).text == "new"


def test_the_hub_serves_every_page_that_the_portal_has() -> None:
    paths = re.findall(r": [\"'](/[^\"']*)[\"']", ROUTES.read_text())
    assert {path.split("/")[1] for path in paths} <= {"", *PAGES}
    assert len(paths) >= 8


async def test_what_is_not_a_page_runs_and_frames_nowhere(tmp_path: Path) -> None:
    application = hub_application(Layout(tmp_path), settings_from_port(9600))
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as asked:
        for path in ("/api/v1/me", "/v2/", "/healthz", "/instances/development/api", "/git/a/b"):
            headers = (await asked.get(path)).headers
            assert "sandbox" in headers["content-security-policy"], path
            assert "default-src 'none'" in headers["content-security-policy"], path
            assert headers["x-frame-options"] == "DENY", path
            assert headers["x-content-type-options"] == "nosniff", path


def test_packages_contain_the_built_portal() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    artifacts = project["tool"]["hatch"]["build"]["artifacts"]
    assert str(BUILT.relative_to(REPOSITORY)) in artifacts


def test_locks_name_no_registry() -> None:
    """And so they do not change between machines."""
    lock = json.loads((REPOSITORY / "portal" / "package-lock.json").read_text())
    assert len(lock["packages"]) > 50
    assert [
        name
        for name, package in lock["packages"].items()
        if not package.get("link") and "resolved" in package
    ] == []
