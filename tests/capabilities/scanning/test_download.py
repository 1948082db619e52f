from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from idp.capabilities.scanning import download as module
from idp.capabilities.scanning.download import PublicAddresses, download, fetch, require_public
from idp.kernel.errors import Forbidden, IdpError, InvalidInput, TooLarge, Unavailable
from support.certificates import self_signed


class Fixed(AbstractResolver):
    """Every name is one address."""

    def __init__(self, address: str, port: int = 0) -> None:
        self._address = address
        self._port = port

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=self._address,
                port=self._port or port,
                family=socket.AF_INET,
                proto=0,
                flags=0,
            )
        ]

    async def close(self) -> None:
        return None


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
    ],
)
async def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    with pytest.raises(Forbidden, match="not a public address"):
        require_public(address)
    with pytest.raises(Forbidden):
        await PublicAddresses(Fixed(address)).resolve("example.com", 443)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1"])
async def test_public_addresses_are_allowed(address: str) -> None:
    require_public(address)
    assert await PublicAddresses(Fixed(address)).resolve("example.com", 443)


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://example.com/all.zip", InvalidInput),
        ("ftp://example.com/all.zip", InvalidInput),
        ("https:///all.zip", InvalidInput),
        ("https://me:secret@example.com/all.zip", InvalidInput),
        ("https://example.com/all.tar", InvalidInput),
        ("https://127.0.0.1/all.zip", Forbidden),
        ("https://[::1]/all.zip", Forbidden),
        ("https://localhost/all.zip", Forbidden),
    ],
)
async def test_what_must_not_be_fetched(url: str, error: type[IdpError], tmp_path: Path) -> None:
    with pytest.raises(error):
        await download(url, tmp_path)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of `exports.test`, with its key."""
    return self_signed(tmp_path_factory.mktemp("tls"), "exports.test")


@pytest.fixture
async def session(certificate: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """A session for which `exports.test` is a server on this machine."""

    async def whole(_: web.Request) -> web.Response:
        return web.Response(body=b"{}")

    async def moved(request: web.Request) -> web.Response:
        raise web.HTTPFound(request.query["to"])

    application = web.Application()
    application.router.add_get("/all.zip", whole)
    application.router.add_get("/moved.zip", moved)
    runner = web.AppRunner(application)
    await runner.setup()
    server_tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_tls.load_cert_chain(certificate)
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server_tls)
    await site.start()
    port = runner.addresses[0][1]
    client_tls = ssl.create_default_context(cafile=str(certificate))
    connector = aiohttp.TCPConnector(resolver=Fixed("127.0.0.1", port), ssl=client_tls)
    async with aiohttp.ClientSession(connector=connector) as opened:
        yield opened
    await runner.cleanup()


async def test_a_file_is_fetched(session: aiohttp.ClientSession, tmp_path: Path) -> None:
    path = await fetch(session, URL("https://exports.test/all.zip"), tmp_path)
    assert (path.name, path.read_bytes()) == ("export.zip", b"{}")


async def test_redirects_are_followed(session: aiohttp.ClientSession, tmp_path: Path) -> None:
    url = URL("https://exports.test/moved.zip?to=/all.zip")
    assert (await fetch(session, url, tmp_path)).read_bytes() == b"{}"


@pytest.mark.parametrize(
    ("to", "error"),
    [
        ("http://exports.test/all.zip", InvalidInput),
        ("https://127.0.0.1/all.zip", Forbidden),
        ("https://169.254.169.254/latest.json", Forbidden),
        ("/page.html", InvalidInput),
        ("", Unavailable),
    ],
)
async def test_a_redirect_leads_nowhere_else(
    session: aiohttp.ClientSession, tmp_path: Path, to: str, error: type[IdpError]
) -> None:
    url = URL("https://exports.test/moved.zip").with_query(to=to)
    with pytest.raises(error):
        await fetch(session, url, tmp_path)
    assert list(tmp_path.iterdir()) == []


async def test_an_error_is_told(session: aiohttp.ClientSession, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="answers 404"):
        await fetch(session, URL("https://exports.test/nothing.zip"), tmp_path)


async def test_a_wrong_certificate_is_refused(
    session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    with pytest.raises(Unavailable, match="cannot be fetched"):
        await fetch(session, URL("https://other.test/all.zip"), tmp_path)


async def test_too_much_is_not_fetched(
    session: aiohttp.ClientSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 1)
    with pytest.raises(TooLarge):
        await fetch(session, URL("https://exports.test/all.zip"), tmp_path)
