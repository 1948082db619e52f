from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from idp.embedded.apiserver.access.service_account_tokens import (
    ServiceAccountTokens,
    open_signing_key,
)
from idp.kernel.errors import MissingPrerequisite
from idp.kernel.resource import Manifest

ISSUER = "https://127.0.0.1:6443"
HOUR = timedelta(hours=1)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def key(tmp_path: Path) -> ec.EllipticCurvePrivateKey:
    return open_signing_key(tmp_path / "service-account.pem")


@pytest.fixture
def tokens(objects: Any, key: ec.EllipticCurvePrivateKey, clock: Clock) -> ServiceAccountTokens:
    return ServiceAccountTokens(objects, key, issuer=ISSUER, clock=clock)


def put(objects: Any, plural: str, kind: str, name: str) -> Manifest:
    meta = {"name": name, "namespace": "demo"}
    stored: Manifest = objects.put(plural, {"apiVersion": "v1", "kind": kind, "metadata": meta})
    return stored


@pytest.fixture
def account(objects: Any) -> Manifest:
    return put(objects, "serviceaccounts", "ServiceAccount", "builder")


def test_a_token_names_its_account(tokens: ServiceAccountTokens, account: Manifest) -> None:
    token, _ = tokens.issue(account, lifetime=HOUR)
    user = tokens.user_for(token)
    assert user is not None
    assert user.name == "system:serviceaccount:demo:builder"
    assert user.uid == account["metadata"]["uid"]
    assert user.groups == ("system:serviceaccounts", "system:serviceaccounts:demo")
    assert list(user.extra) == ["authentication.kubernetes.io/credential-id"]


def test_a_token_expires(tokens: ServiceAccountTokens, account: Manifest, clock: Clock) -> None:
    token, expires = tokens.issue(account, lifetime=HOUR)
    assert expires == clock.now + HOUR
    clock.now += HOUR - timedelta(seconds=1)
    assert tokens.user_for(token) is not None
    clock.now += timedelta(seconds=1)
    assert tokens.user_for(token) is None
    clock.now -= 2 * HOUR
    assert tokens.user_for(token) is None


def test_a_token_ends_with_its_account(
    objects: Any, tokens: ServiceAccountTokens, account: Manifest
) -> None:
    token, _ = tokens.issue(account, lifetime=HOUR)
    assert tokens.user_for(token) is not None
    objects.remove("", "serviceaccounts", "demo", "builder")
    assert tokens.user_for(token) is None
    put(objects, "serviceaccounts", "ServiceAccount", "builder")
    assert tokens.user_for(token) is None


def test_a_bound_token_ends_with_its_pod(
    objects: Any, tokens: ServiceAccountTokens, account: Manifest
) -> None:
    pod = put(objects, "pods", "Pod", "p")
    token, _ = tokens.issue(account, lifetime=HOUR, bound_to=pod)
    user = tokens.user_for(token)
    assert user is not None
    assert user.extra["authentication.kubernetes.io/pod-name"] == ("p",)
    objects.remove("", "pods", "demo", "p")
    assert tokens.user_for(token) is None


def test_a_token_is_for_its_audience_only(tokens: ServiceAccountTokens, account: Manifest) -> None:
    token, _ = tokens.issue(account, lifetime=HOUR, audiences=["vault"])
    assert tokens.user_for(token) is None
    assert tokens.user_for(token, ["vault", "other"]) is not None
    assert tokens.user_for(token, ["other"]) is None


def forged(account: Manifest, **changes: Any) -> dict[str, Any]:
    private = {
        "namespace": "demo",
        "serviceaccount": {"name": "builder", "uid": account["metadata"]["uid"]},
    }
    return {
        "iss": ISSUER,
        "aud": [ISSUER],
        "sub": "system:serviceaccount:demo:builder",
        "exp": 2_000_000_000,
        "iat": 0,
        "kubernetes.io": private,
        **changes,
    }


@pytest.mark.parametrize(
    "sign",
    [
        lambda claims: jwt.encode(claims, "", "none"),
        lambda claims: jwt.encode(claims, "x" * 32, "HS256"),
        lambda claims: jwt.encode(claims, ec.generate_private_key(ec.SECP256R1()), "ES256"),
        lambda claims: "not.a.token",
        lambda claims: "",
    ],
)
def test_tokens_that_others_made_are_refused(
    tokens: ServiceAccountTokens, account: Manifest, sign: Callable[[Any], str]
) -> None:
    assert tokens.user_for(sign(forged(account))) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://elsewhere"},
        {"sub": "system:serviceaccount:demo:other"},
        {"sub": "alice"},
        {"exp": None},
    ],
)
def test_other_claims_are_refused_even_with_our_signature(
    tokens: ServiceAccountTokens,
    key: ec.EllipticCurvePrivateKey,
    account: Manifest,
    changes: dict[str, Any],
) -> None:
    claims = {k: v for k, v in forged(account, **changes).items() if v is not None}
    assert tokens.user_for(jwt.encode(claims, key, "ES256")) is None


def test_the_published_key_verifies_tokens(tokens: ServiceAccountTokens, account: Manifest) -> None:
    token, _ = tokens.issue(account, lifetime=HOUR)
    (published,) = jwt.PyJWKSet.from_dict(tokens.jwks()).keys
    assert jwt.get_unverified_header(token)["kid"] == published.key_id
    options: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    claims = jwt.decode(token, published, audience=ISSUER, issuer=ISSUER, options=options)
    assert claims["sub"] == "system:serviceaccount:demo:builder"
    assert tokens.discovery("https://here")["jwks_uri"] == "https://here/openid/v1/jwks"


def test_a_token_that_is_nested_deeply_is_refused(tokens: ServiceAccountTokens) -> None:
    nested = base64.urlsafe_b64encode(b'{"a":' * 3000 + b"1" + b"}" * 3000).rstrip(b"=")
    assert tokens.user_for(f"{nested.decode()}.e30.e30") is None


def test_the_key_is_private_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    first = open_signing_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert open_signing_key(path).private_numbers() == first.private_numbers()
    path.write_text("damaged")
    with pytest.raises(MissingPrerequisite, match=r"key\.pem"):
        open_signing_key(path)
