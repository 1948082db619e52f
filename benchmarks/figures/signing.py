"""Signing and verifying a release, without the network: the registry is in memory."""

from __future__ import annotations

import statistics
import time

from cryptography.hazmat.primitives.asymmetric import ec

from benchmarks.figure import Figure
from benchmarks.stage import Stage
from idp.kernel.clock import utc_now
from idp.protocols.oci.memory import MemoryRegistry
from idp.protocols.oci.ports import IMAGE_CONFIG, IMAGE_MANIFEST, Registry
from idp.protocols.signing.anchors import Anchors
from idp.protocols.signing.attestations import attach
from idp.protocols.signing.cosign import read_evidence, sign_digest
from idp.protocols.signing.keys import PrivateKey
from idp.protocols.signing.predicates import CYCLONEDX, SCAN, SLSA_PROVENANCE, VERIFIED
from idp.protocols.signing.threshold import Claim, Requirement, judge
from idp.protocols.signing.timestamps.authority import TimestampAuthority, certify
from idp.protocols.signing.timestamps.token import pem_of
from idp.protocols.signing.transparency.log import LoggedKey, MemoryLog

RUNS = 21
SIGNERS = ("development", "security", "release")
ATTESTED = (SLSA_PROVENANCE, CYCLONEDX, SCAN, VERIFIED, "https://example.com/tests/v1")
REPOSITORY = "demo/hello"
PACKAGES = 200


class _Stamps:
    def __init__(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        self.authority = TimestampAuthority(key, certify(key, "clock", utc_now())[0])

    async def stamp(self, signature: bytes) -> bytes:
        return self.authority.stamp(signature)


async def measure(stage: Stage) -> list[Figure]:
    """Three signers of one image with five attestations, each logged and time-stamped."""
    registry, clock = MemoryRegistry(), _Stamps()
    keys = {name: PrivateKey.generate() for name in SIGNERS}
    signers = {name: LoggedKey(key, MemoryLog(key, name), clock) for name, key in keys.items()}
    trust = Anchors(
        {name: key.public_key for name, key in keys.items()},
        timestamp_authorities=(pem_of(clock.authority.certificate),),
    )
    signing = []
    for number in range(RUNS):
        image = await _image(registry, number)
        started = time.process_time()
        await sign_digest(registry, REPOSITORY, image, signers["development"])
        signing.append(time.process_time() - started)
    for name in SIGNERS:
        await sign_digest(registry, REPOSITORY, image, signers[name])
    for kind in ATTESTED:
        predicate = {"components": [{"name": f"package-{n}"} for n in range(PACKAGES)]}
        await attach(registry, REPOSITORY, image, kind, predicate, signers["development"])
    verifying = [await _verified(registry, image, trust) for _ in range(RUNS)]
    return [
        Figure(
            "Verify a release: 3 signatures, 5 attestations",
            statistics.median(verifying) * 1000,
            "ms",
            30.0,
            note="CPU; every form of each signature, log entries, time stamps; registry in memory",
        ),
        Figure(
            "Sign an image",
            statistics.median(signing) * 1000,
            "ms",
            15.0,
            note="CPU; both of cosign's forms, logged and time-stamped; registry and log in memory",
        ),
    ]


async def _verified(registry: Registry, image: str, trust: Anchors) -> float:
    started = time.process_time()
    evidence = await read_evidence(registry, REPOSITORY, image, trust)
    claims = [Claim(one.digest, one.signer, one.reason) for one in evidence.signatures]
    judged = judge(Requirement("image-signature", 3, SIGNERS), claims, {})
    found = evidence.statements
    elapsed = time.process_time() - started
    assert judged.reached
    assert set(ATTESTED) <= {one.predicate_type for one in found.verified}
    assert not found.rejected
    assert all(one.logged is not None for one in found.verified)
    return elapsed


async def _image(registry: Registry, number: int) -> str:
    config = await registry.push_blob(REPOSITORY, b"%d" % number, IMAGE_CONFIG)
    body = {"mediaType": IMAGE_MANIFEST, "config": config.as_json(), "layers": []}
    return (await registry.push_manifest(REPOSITORY, body)).digest
