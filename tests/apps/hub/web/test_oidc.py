"""Signing in at an OpenID Connect issuer, and what does not get in that way."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from idp.apps.hub.application import hub_application
from idp.apps.hub.users import open_users
from idp.apps.hub.web.oidc import own_page
from idp.apps.platform.layout import Layout
from idp.apps.platform.settings import OidcSettings, settings_from_port
from support.hub import PASSWORD
from support.oidc import Issuer

BEGIN = "/api/v1/session/oidc"
CALLBACK = f"{BEGIN}/callback"
HUB = "http://127.0.0.1:9600"


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    issuer = Issuer()
    await issuer.start()
    yield issuer
    await issuer.stop()


@pytest.fixture
async def browser(layout: Layout, issuer: Issuer) -> AsyncIterator[httpx.AsyncClient]:
    oidc = OidcSettings(
        issuer_url=issuer.url, client_id="idp", username_claim="email", groups_prefix="idp:"
    )
    settings = settings_from_port(9600).model_copy(update={"oidc": oidc})
    application = hub_application(layout, settings)
    async with (
        application.router.lifespan_context(application),
        httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url=HUB) as client,
    ):
        yield client


async def led(browser: httpx.AsyncClient, page: str = "/board") -> str:
    answer = await browser.get(BEGIN, params={"page": page})
    assert answer.status_code == 303
    return answer.headers["location"]


def state_of(address: str) -> str:
    return dict(parse_qsl(urlsplit(address).query))["state"]


async def come_back(browser: httpx.AsyncClient, address: str, code: str, **more: str) -> str:
    query = {"state": state_of(address), "code": code, **more}
    answer = await browser.get(CALLBACK, params=query)
    assert answer.status_code == 303
    return answer.headers["location"]


async def test_a_person_signs_in_with_the_groups_of_the_issuer(
    browser: httpx.AsyncClient, issuer: Issuer
) -> None:
    assert (await browser.get("/api/v1/session/methods")).json() == {"oidc": True}
    address = await led(browser)
    assert await come_back(browser, address, issuer.agree(address), iss=issuer.url) == "/board"
    session = (await browser.get("/api/v1/session")).json()
    assert (session["user"], session["groups"]) == ("ada@example.com", ["idp:developers"])
    issuer.next_claims = {"groups": ["viewers"]}
    address = await led(browser)
    await come_back(browser, address, issuer.agree(address))
    assert (await browser.get("/api/v1/session")).json()["groups"] == ["idp:viewers"]


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "kubernetes"},
        {"iss": "https://evil.example"},
        {"exp": int(time.time()) - 1},
        {"email": ""},
        {"email_verified": False},
        {"email": "system:admin"},
    ],
)
async def test_a_token_that_does_not_hold_opens_nothing(
    browser: httpx.AsyncClient, issuer: Issuer, claims: dict[str, object]
) -> None:
    issuer.next_claims = claims
    address = await led(browser)
    refused = await come_back(browser, address, issuer.agree(address))
    assert refused == "/sign-in?problem=refused"
    assert (await browser.get("/api/v1/session")).json() is None


async def test_a_code_counts_once(browser: httpx.AsyncClient, issuer: Issuer) -> None:
    address = await led(browser)
    code = issuer.agree(address)
    assert await come_back(browser, address, code) == "/board"
    assert await come_back(browser, address, code) == "/sign-in?problem=refused"


async def test_nobody_is_signed_in_by_a_link_of_somebody_else(
    browser: httpx.AsyncClient, issuer: Issuer
) -> None:
    """The attacker begins, the victim follows the address with the attacker's code."""
    address = await led(browser)
    browser.cookies.clear()
    refused = await come_back(browser, address, issuer.agree(address))
    assert refused == "/sign-in?problem=refused"
    own = await led(browser)
    refused = await come_back(browser, address, issuer.agree(own))
    assert refused == "/sign-in?problem=refused", "the cookie is of another beginning"


async def test_a_code_for_another_beginning_is_refused(
    browser: httpx.AsyncClient, issuer: Issuer
) -> None:
    """PKCE: a stolen code is worth nothing without the secret that it was asked for with."""
    stolen = issuer.agree(await led(browser))
    address = await led(browser)
    assert await come_back(browser, address, stolen) == "/sign-in?problem=refused"


async def test_another_issuer_cannot_answer(browser: httpx.AsyncClient, issuer: Issuer) -> None:
    address = await led(browser)
    refused = await come_back(browser, address, issuer.agree(address), iss="https://evil.example")
    assert refused == "/sign-in?problem=refused"


async def test_the_issuer_takes_over_no_user_with_a_password(
    browser: httpx.AsyncClient, issuer: Issuer, layout: Layout
) -> None:
    users = open_users(layout)
    users.set_password("admin", PASSWORD, ("idp:administrators",))
    for name in ("admin", "instance.production"):
        issuer.next_claims = {"email": name}
        address = await led(browser)
        refused = await come_back(browser, address, issuer.agree(address))
        assert refused == "/sign-in?problem=forbidden"
    assert users.names()["admin"] == ("idp:administrators",)
    users.close()


async def test_who_is_disabled_here_is_not_let_in_by_the_issuer(
    browser: httpx.AsyncClient, issuer: Issuer, layout: Layout
) -> None:
    address = await led(browser)
    await come_back(browser, address, issuer.agree(address))
    users = open_users(layout)
    users.change("ada@example.com", disabled=True)
    assert users.authenticate("ada@example.com", "") is None, "there is no password"
    users.close()
    assert (await browser.get("/api/v1/session")).json() is None
    address = await led(browser)
    assert await come_back(browser, address, issuer.agree(address)) == (
        "/sign-in?problem=forbidden"
    )


async def test_a_silent_issuer_is_told(browser: httpx.AsyncClient, issuer: Issuer) -> None:
    await issuer.stop()
    assert await led(browser) == "/sign-in?problem=unavailable"


@pytest.mark.parametrize(
    ("page", "own"),
    [
        ("/board?x=1", "/board?x=1"),
        ("https://evil.example", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/a\\b", "/"),
        ("/\nx", "/"),
        ("/api/v1/session/oidc", "/"),
        ("", "/"),
    ],
)
def test_afterwards_one_is_in_the_portal(page: str, own: str) -> None:
    assert own_page(page) == own
