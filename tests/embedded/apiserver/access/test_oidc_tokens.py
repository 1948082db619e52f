from __future__ import annotations

import asyncio
import base64
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from idp.embedded.apiserver.access.oidc_issuer import OidcIssuer
from idp.embedded.apiserver.access.oidc_keys import OidcKeyRefresh, OidcKeys
from idp.embedded.apiserver.access.oidc_tokens import OidcTokens
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


def test_a_shared_secret_is_no_key() -> None:
    symmetric = {"kty": "oct", "k": "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg", "kid": "k1"}
    document = json.dumps({"keys": [{**symmetric, "alg": "HS256"}]}).encode()
    with pytest.raises(InvalidInput, match="none of the issuer's keys"):
        OidcKeys(document)


def forged(algorithm: str, secret: bytes, **claims: Any) -> str:
    """A token that PyJWT would refuse to make."""

    def part(value: dict[str, Any]) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    claims = {"iss": URL, "aud": "idp", "sub": "42", "exp": NOW.timestamp() + 60, **claims}
    signed = part({"alg": algorithm, "kid": "k1"}) + b"." + part(claims)
    signature = hmac.new(secret, signed, "sha256").digest() if secret else b""
    return (signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


@pytest.mark.parametrize("key", [KEY, rsa.generate_private_key(65537, 2048)])
def test_a_public_key_is_no_shared_secret(key: Any) -> None:
    formats = (serialization.PublicFormat.SubjectPublicKeyInfo,)
    verifier = tokens(jwks(key))
    for encoding in (serialization.Encoding.PEM, serialization.Encoding.DER):
        secret = key.public_key().public_bytes(encoding, *formats)
        assert verifier.user_for(forged("HS256", secret)) is None
        assert verifier.user_for(forged("HS256", secret.strip())) is None


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", "HS256"])
def test_an_unsigned_token_is_refused(algorithm: str) -> None:
    assert tokens().user_for(forged(algorithm, b"")) is None


def test_a_token_that_is_nested_deeply_is_refused() -> None:
    nested = base64.urlsafe_b64encode(b'{"a":' * 3000 + b"1" + b"}" * 3000).rstrip(b"=")
    header = base64.urlsafe_b64encode(b'{"alg":"ES256","kid":"k1"}').rstrip(b"=")
    for text in (nested + b".e30.e30", header + b"." + nested + b".e30", nested):
        assert tokens().user_for(text.decode()) is None


def test_required_claims_must_be_exactly_so() -> None:
    verifier = tokens(required_claims={"hd": "example.com", "tier": "gold"})
    assert verifier.user_for(token(hd="example.com", tier="gold")) is not None
    assert verifier.user_for(token(hd="example.com")) is None
    assert verifier.user_for(token(hd="example.com", tier=["gold"])) is None


def test_only_the_algorithms_that_are_configured_count() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    verifier = tokens(jwks(key), algorithms=("RS512",))
    assert verifier.user_for(token(key, "RS512")) is not None
    assert verifier.user_for(token(key, "RS256")) is None


def test_a_key_that_names_its_algorithm_verifies_no_other() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    document = json.loads(jwks(key))
    document["keys"][0]["alg"] = "RS256"
    verifier = tokens(json.dumps(document).encode())
    assert verifier.user_for(token(key, "RS256")) is not None
    assert verifier.user_for(token(key, "PS256")) is None


def test_keys_that_sign_nothing_are_passed_over() -> None:
    document = json.loads(jwks())
    document["keys"] += [
        {"kty": "RSA", "use": "enc", "kid": "e", "n": "AQAB", "e": "AQAB"},
        {"kty": "future", "kid": "f"},
    ]
    assert tokens(json.dumps(document).encode()).user_for(token()) is not None


@pytest.mark.parametrize("groups", [{"a": 1}, 7, True])
def test_groups_of_an_unknown_shape_are_refused(groups: object) -> None:
    assert tokens().user_for(token(groups=groups)) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://login.example"},
        {"url": "ftp://login.example"},
        {"url": "login.example"},
        {"url": "https://[login"},
        {"url": "https://login.example?tenant=1"},
        {"url": "http://localhost.evil.example"},
        {"audience": ""},
        {"algorithms": ("HS256",)},
        {"algorithms": ("none",)},
    ],
)
def test_an_issuer_that_cannot_be_trusted_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        OidcIssuer(**{"url": URL, "audience": "idp", **wrong})


def test_it_is_for_the_api_server_only() -> None:
    assert tokens().user_for(token(), ["idp"]) is None


def refresh(answer: Callable[[httpx.Request], httpx.Response], keys: OidcKeys) -> OidcKeyRefresh:
    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    every = timedelta(0)
    return OidcKeyRefresh(OidcIssuer(URL, "idp"), keys, client, every=every, first=every)


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
    fetching = refresh(answer, keys)
    fetching.start()
    await asyncio.wait_for(fetched_twice.wait(), 10)
    await fetching.stop()
    assert keys.find("k1") is not None


async def test_keys_are_fetched_from_a_secure_address_only() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"issuer": URL, "jwks_uri": "http://169.254.169.254/x"})

    with pytest.raises(InvalidInput, match="not an HTTPS URL"):
        await refresh(answer, OidcKeys()).fetch()


async def test_a_redirect_is_not_followed() -> None:
    with pytest.raises(Unavailable, match="answers 302"):
        await refresh(
            lambda request: httpx.Response(302, headers={"Location": f"{URL}/other"}), OidcKeys()
        ).fetch()


async def test_unknown_keys_cause_one_fetch_in_a_while() -> None:
    fetches, now = 0, NOW

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal fetches
        fetches += request.url.path == "/keys"
        return issuer(jwks())(request)

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    trusted, keys = OidcIssuer(URL, "idp"), OidcKeys()
    fetching = OidcKeyRefresh(trusted, keys, client, clock=lambda: now)
    verifier = OidcTokens(trusted, keys, fetching, clock=lambda: NOW)
    await verifier.learn(token(iss="https://other"))
    assert fetches == 0
    await asyncio.gather(*(verifier.learn(token()) for _ in range(20)))
    assert fetches == 1
    assert verifier.user_for(token()) is not None
    for _ in range(20):
        await verifier.learn(token(key_id="new"))
    assert fetches == 1
    now += timedelta(seconds=11)
    await asyncio.gather(*(verifier.learn(token(key_id="new")) for _ in range(20)))
    assert fetches == 2
    await fetching.stop()
