from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer

from idp.capabilities.scanning.baseline import ASKED_WITH, Answer, judge
from idp.capabilities.scanning.scanners.baseline import probe, require_loopback
from idp.kernel.errors import InvalidInput, Unavailable

GOOD = {
    "content-type": "text/html",
    "content-security-policy": "default-src 'self'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=31536000",
}


def answer(path: str = "/", body: bytes = b"", status: int = 200, **headers: str | None) -> Answer:
    told = {**GOOD, **{key.replace("_", "-"): value for key, value in headers.items()}}
    kept = tuple((key, value) for key, value in told.items() if value is not None)
    return Answer(path, status, kept, body, secure=True)


@pytest.mark.parametrize(
    ("given", "rules"),
    [
        (answer(), []),
        (answer(content_type="application/json", content_security_policy=None), []),
        (answer(content_security_policy=None), ["dast-no-csp", "dast-framing"]),
        (answer(content_security_policy=None, x_frame_options="DENY"), ["dast-no-csp"]),
        (
            answer(content_security_policy="script-src 'unsafe-inline'; frame-ancestors 'none'"),
            ["dast-weak-csp"],
        ),
        (answer(x_content_type_options=None), ["dast-sniffing"]),
        (answer(referrer_policy=None), ["dast-referrer"]),
        (answer(strict_transport_security=None), ["dast-no-hsts"]),
        (answer(strict_transport_security="max-age=60"), ["dast-no-hsts"]),
        (answer(server="nginx/1.18.0"), ["dast-version-told"]),
        (answer(server="envoy"), []),
        (
            answer(
                access_control_allow_origin=ASKED_WITH["origin"],
                access_control_allow_credentials="true",
            ),
            ["dast-cors"],
        ),
        (answer(access_control_allow_origin="*"), []),
        (answer(set_cookie="id=1; HttpOnly; SameSite=Lax; Secure"), []),
        (answer(set_cookie="id=1; Path=/"), ["dast-cookie"]),
        (answer("/.git/HEAD", b"ref: refs/heads/main\n"), ["dast-exposed"]),
        (answer("/.env", b"DB_PASSWORD=x\n"), ["dast-exposed"]),
        (answer("/.env", b"<html>a page for everything</html>"), []),
        (answer("/.git/HEAD", b"ref: refs/heads/main\n", 404), []),
        (answer("/nothing", b"Traceback (most recent call last)", 500), ["dast-debug-errors"]),
    ],
)
def test_what_an_answer_tells(given: Answer, rules: list[str]) -> None:
    assert [finding.id for finding in judge([given])] == rules


def test_without_tls_what_needs_it_is_not_demanded() -> None:
    plain = Answer("/", 200, (("set-cookie", "id=1; HttpOnly; SameSite=Lax"),))
    assert judge([plain]) == []


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1/",
        "http://example.com",
        "http://localhost.example.com",
        "ftp://127.0.0.1/",
        "http://127.0.0.1@example.com/",
        "nonsense",
    ],
)
def test_other_machines_are_never_asked(url: str) -> None:
    with pytest.raises(InvalidInput, match="not on this machine"):
        require_loopback(url)


def test_names_below_localhost_are_this_machine() -> None:
    assert require_loopback("http://hello.localhost:8621/x?y") == "http://127.0.0.1:8621"
    assert require_loopback("http://[::1]:80") == "http://[::1]:80"


@pytest.fixture
async def server() -> AsyncIterator[tuple[BaseTestServer, list[tuple[str, str]]]]:
    asked: list[tuple[str, str]] = []

    async def handle(request: web.Request) -> web.Response:
        asked.append((request.path, request.headers["host"]))
        if request.path == "/.git/HEAD":
            return web.Response(text="ref: refs/heads/main\n")
        if request.path == "/":
            raise web.HTTPFound("http://192.0.2.1/elsewhere")
        raise web.HTTPNotFound

    application = web.Application()
    application.router.add_get("/{tail:.*}", handle)
    async with TestServer(application) as running:
        yield running, asked


async def test_a_running_application(server: tuple[BaseTestServer, list[tuple[str, str]]]) -> None:
    running, asked = server
    report = await probe(f"http://127.0.0.1:{running.port}", host="hello.localhost")
    assert (report.name, report.status) == ("baseline", "findings")
    assert ("dast-exposed", "/.git/HEAD") in {(f.id, f.location) for f in report.findings}
    assert len(asked) == 9
    assert {host for _, host in asked} == {"hello.localhost"}


async def test_what_does_not_answer_is_named(unused_tcp_port: int) -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        await probe(f"http://127.0.0.1:{unused_tcp_port}")
