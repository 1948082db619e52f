"""Signing by signing in: whose certificate counts, and when."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from idp.kernel.errors import InvalidInput, VerificationFailed
from idp.protocols.signing.anchors import Anchors
from idp.protocols.signing.attestations import verify_statement
from idp.protocols.signing.authority import (
    CertificateAuthority,
    ProvenIdentity,
    certify_authority,
)
from idp.protocols.signing.certificates import Identity
from idp.protocols.signing.keyless import sign_keyless
from idp.protocols.signing.keys import PrivateKey
from idp.protocols.signing.statement import Statement
from idp.protocols.signing.timestamps.authority import TimestampAuthority, certify
from idp.protocols.signing.timestamps.token import pem_of
from idp.protocols.signing.transparency.log import MemoryLog

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
DIGEST = "sha256:" + "ab" * 32
ISSUER = "https://login.example.com"
ANNA = ProvenIdentity(ISSUER, "anna@example.com", "anna@example.com")
STATEMENT = Statement("https://example.com/claim/v1", {"a": 1})
LOG_KEY = PrivateKey.generate()


class World:
    """The authorities at one time, and a verifier who has pinned them."""

    def __init__(self) -> None:
        key, clock = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        self.now = NOW
        self.authority = CertificateAuthority(
            key, certify_authority(key, "ca", NOW), lambda: self.now
        )
        self.clock = TimestampAuthority(clock, certify(clock, "tsa", NOW)[0], lambda: self.now)
        self.log = MemoryLog(LOG_KEY, "staging", clock=lambda: self.now)
        self.trust = Anchors(
            {"staging": LOG_KEY.public_key},
            (Identity("anna", ISSUER, "anna@*.com"),),
            (pem_of(self.authority.certificate),),
            (pem_of(self.clock.certificate),),
        )

    def sign(
        self, who: ProvenIdentity = ANNA, *, late: timedelta = timedelta(0), by: str = "stamp"
    ) -> bytes:
        def later(signature: bytes) -> bytes:
            self.now += late
            return self.clock.stamp(signature)

        witnesses: dict[str, dict[str, Any]] = {
            "stamp": {"stamp": later},
            "log": {"log": self.log},
            "nobody": {},
        }

        def issue(key: str, proof: bytes) -> Any:
            return self.authority.certify(who, key, proof)

        return asyncio.run(
            sign_keyless("demo/hello", DIGEST, STATEMENT, who.challenge, issue, **witnesses[by])
        )


@pytest.fixture
def world() -> World:
    return World()


def check(world: World, data: bytes, **changes: Any) -> str:
    trust = replace(world.trust, **changes)
    return verify_statement(data, DIGEST, trust, now=world.now)[1]


@pytest.mark.parametrize("by", ["stamp", "log"])
def test_who_signed_in_is_known_long_after_the_certificate(world: World, by: str) -> None:
    data = world.sign(by=by)
    world.now += timedelta(days=300)
    assert check(world, data) == "anna"


def test_without_proof_of_the_time_it_does_not_count(world: World) -> None:
    with pytest.raises(VerificationFailed, match="nothing proves when anna signed"):
        check(world, world.sign(by="nobody"))


@pytest.mark.parametrize("late", [timedelta(minutes=11), timedelta(days=1)])
def test_a_signature_after_the_certificate_does_not_count(world: World, late: timedelta) -> None:
    with pytest.raises(VerificationFailed, match="outside the life"):
        check(world, world.sign(late=late))


@pytest.mark.parametrize(
    ("issuer", "subject"),
    [
        ("https://other.example.com", "anna@*"),
        (ISSUER, "ben@example.com"),
        (ISSUER, "anna@example.co"),
        (ISSUER, "nna@example.com"),
        (ISSUER, "anna@example.com.evil.org"),
        (ISSUER, "anna@exampleXcom"),
    ],
)
def test_another_identity_does_not_count(world: World, issuer: str, subject: str) -> None:
    with pytest.raises(VerificationFailed, match=r"anna@example.com of .* whom no identity"):
        check(world, world.sign(), identities=(Identity("x", issuer, subject),))


def test_another_authority_does_not_count(world: World) -> None:
    other = pem_of(World().authority.certificate)
    with pytest.raises(VerificationFailed, match="no pinned authority"):
        check(world, world.sign(), certificate_authorities=(other,))


def test_a_log_that_is_not_pinned_proves_no_time(world: World) -> None:
    other = {"staging": PrivateKey.generate().public_key}
    with pytest.raises(VerificationFailed, match="no pinned log"):
        check(world, world.sign(by="log"), keys=other)


def test_a_certificate_without_authorities_does_not_count(world: World) -> None:
    with pytest.raises(VerificationFailed, match="no pinned authority"):
        verify_statement(world.sign(), DIGEST, {"staging": LOG_KEY.public_key}, now=world.now)


def test_another_key_under_the_certificate_is_refused(world: World) -> None:
    body, other = json.loads(world.sign()), json.loads(world.sign())
    material = body["verificationMaterial"]
    material["certificate"] = other["verificationMaterial"]["certificate"]
    with pytest.raises(VerificationFailed, match="none of the trusted keys"):
        check(world, json.dumps(body).encode())


def test_a_time_stamp_of_another_signature_is_refused(world: World) -> None:
    body, other = json.loads(world.sign()), json.loads(world.sign())
    data = "timestampVerificationData"
    body["verificationMaterial"][data] = other["verificationMaterial"][data]
    with pytest.raises(VerificationFailed, match="another signature"):
        check(world, json.dumps(body).encode())


def test_whoever_asks_must_hold_the_key(world: World) -> None:
    key, other = PrivateKey.generate(), PrivateKey.generate()
    proof = other.sign(ANNA.challenge.encode())
    with pytest.raises(InvalidInput, match="proof of possession"):
        world.authority.certify(ANNA, key.public_key, proof)
