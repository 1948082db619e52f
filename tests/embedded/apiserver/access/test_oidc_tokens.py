from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from idp.embedded.apiserver.access.oidc_tokens import (
    OidcIssuer,
    OidcKeyRefresh,
    OidcKeys,
    OidcTokens,
)
from idp.kernel.errors import InvalidInput, Unavailable

URL = "https://login.example"
KEY = ec.generate_private_key(ec.SECP256R1())
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def jwks(key: Any = None, key_id: str = "k1") -> bytes:
    public = (key or KEY).public_key()
    algorithm: Any = (
        jwt.algorithms.ECAlgorithm
        if isinstance(public, ec.EllipticCurvePublicKey)
        else jwt.algorithms.RSAAlgorithm
    )
    entry = json.loads(algorithm.to_jwk(public))
    return json.dumps({"keys": [{**entry, "kid": key_id, "use": "sig"}]}).encode()


def token(key: Any = None, algorithm: str = "ES256", key_id: str = "k1", **claims: Any) -> str:
    values = {
        "iss": URL,
        "aud": "idp",
        "sub": "42",
        "exp": NOW + timedelta(hours=1),
        "groups": ["devs"],
        **claims,
    }
    values = {k: v for k, v in values.items() if v is not None}
    return jwt.encode(values, key or KEY, algorithm, headers={"kid": key_id})


def tokens(document: bytes | None = None, **issuer: Any) -> OidcTokens:
    keys = OidcKeys(document or jwks())
    return OidcTokens(OidcIssuer(URL, "idp", **issuer), keys, clock=lambda: NOW)


def test_claims_become_a_user() -> None:
    user = tokens().user_for(token())
    assert user is not None
    assert (user.name, user.groups) == (f"{URL}#42", ("devs",))


def test_claims_and_prefixes_are_configured() -> None:
    verifier = tokens(username_claim="email", groups_claim="roles", groups_prefix="sso:")
    user = verifier.user_for(token(email="a@b.c", roles="admin"))
    assert user is not None
    assert (user.name, user.groups) == ("a@b.c", ("sso:admin",))
    assert verifier.user_for(token(email="a@b.c", email_verified=False)) is None


def test_an_issuer_does_not_speak_for_the_server() -> None:
    verifier = tokens(username_prefix="")
    assert verifier.user_for(token(sub="system:admin")) is None
    user = verifier.user_for(token(groups=["system:masters", "ok"]))
    assert user is not None
    assert user.groups == ("ok",)


def test_rsa_keys() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    verifier = tokens(jwks(key))
    assert verifier.user_for(token(key, "RS256")) is not None


@pytest.mark.parametrize(
    "make",
    [
        lambda: token(iss="https://other"),
        lambda: token(aud="other"),
        lambda: token(aud=None),
        lambda: token(exp=NOW),
        lambda: token(exp=None),
        lambda: token(nbf=NOW + timedelta(minutes=1)),
        lambda: token(sub=None),
        lambda: token(key_id="k2"),
        lambda: token(ec.generate_private_key(ec.SECP256R1())),
        lambda: token("x" * 32, "HS256"),
        lambda: jwt.encode({"iss": URL, "aud": "idp"}, "", "none", headers={"kid": "k1"}),
        lambda: "idp_static",
    ],
)
def test_other_tokens_are_refused(make: Callable[[], str]) -> None:
    assert tokens().user_for(make()) is None


def test_a_public_key_is_no_shared_secret() -> None:
    symmetric = {"kty": "oct", "k": "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg", "kid": "k1"}
    verifier = tokens(json.dumps({"keys": [{**symmetric, "alg": "HS256"}]}).encode())
    assert verifier.user_for(token("x" * 32, "HS256")) is None


def test_it_is_for_the_api_server_only() -> None:
    assert tokens().user_for(token(), ["idp"]) is None


def refresh(answer: Callable[[httpx.Request], httpx.Response], keys: OidcKeys) -> OidcKeyRefresh:
    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return OidcKeyRefresh(OidcIssuer(URL, "idp"), keys, client, every=timedelta(0))


def issuer(document: bytes, name: str = URL) -> Callable[[httpx.Request], httpx.Response]:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/.well-known/openid-configuration":
            return httpx.Response(200, json={"issuer": name, "jwks_uri": f"{URL}/keys"})
        return httpx.Response(200, content=document)

    return answer


async def test_keys_are_fetched_by_discovery() -> None:
    keys = OidcKeys()
    await refresh(issuer(jwks()), keys).fetch()
    assert keys.find("k1") is not None
    assert keys.find("") is not None
    assert keys.find("k2") is None


async def test_what_cannot_be_fetched_keeps_the_known_keys() -> None:
    keys = OidcKeys(jwks())
    for document in (b"{}", b"nonsense", b'{"keys": [{"kty": "?"}]}', b"x" * 300_000):
        with pytest.raises(InvalidInput):
            await refresh(issuer(document), keys).fetch()
    with pytest.raises(InvalidInput, match="calls itself"):
        await refresh(issuer(jwks(), "https://other"), keys).fetch()
    with pytest.raises(Unavailable):
        await refresh(lambda request: httpx.Response(500), keys).fetch()
    assert keys.find("k1") is not None


async def test_fetching_goes_on_after_a_failure() -> None:
    fetched_twice = asyncio.Event()
    key_requests = 0
    failures = iter([httpx.Response(500)])

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal key_requests
        if (failure := next(failures, None)) is not None:
            return failure
        key_requests += request.url.path == "/keys"
        if key_requests == 2:
            fetched_twice.set()
        return issuer(jwks())(request)

    keys = OidcKeys()
    task = asyncio.create_task(refresh(answer, keys).run())
    await asyncio.wait_for(fetched_twice.wait(), 10)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert keys.find("k1") is not None
