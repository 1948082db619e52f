from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

import pytest

from idp.capabilities.environments.kinds import IDPInstance
from idp.capabilities.promotion.artifact import publish
from idp.capabilities.promotion.decide.target import BorrowsRuntime
from idp.capabilities.promotion.kinds import Release
from idp.capabilities.promotion.steps.admit import AdmitStep
from idp.capabilities.signing.kinds import InstanceTrust, TrustPolicy
from idp.kernel.conditions import condition_of
from idp.kernel.errors import NotFound, VerificationFailed
from idp.protocols.oci.ports import IMAGE_CONFIG, IMAGE_MANIFEST
from idp.protocols.signing.attestations import attach
from idp.protocols.signing.cosign import sign_digest
from idp.protocols.signing.keys import PrivateKey
from idp.protocols.signing.predicates import CYCLONEDX, SCAN, SLSA_PROVENANCE, VERIFIED
from support.keys import Stolen, logged_key

REPOSITORY = "demo/hello"
SCANNERS = [{"name": "code", "status": "clean", "findings": []}]


class Evidence:
    """A release in the registry, with everything that proves it unless it is left out."""

    def __init__(self, bench: Any) -> None:
        self.bench = bench
        self.staging = logged_key("staging")
        self.image = self.release = ""

    async def lay_down(
        self,
        *left_out: str,
        signer: Any = None,
        built_from: int = 1,
        labels: dict[str, str] | None = None,
    ) -> None:
        bench, key = self.bench, signer or self.bench.key
        await bench.instance()
        await bench.promotion()
        content = json.dumps({"config": {"Labels": labels}}).encode()
        config = await bench.registry.push_blob(REPOSITORY, content, IMAGE_CONFIG)
        image = {
            "schemaVersion": 2,
            "mediaType": IMAGE_MANIFEST,
            "config": config.as_json(),
            "layers": [],
        }
        self.image = (await bench.registry.push_manifest(REPOSITORY, image)).digest
        reference = f"127.0.0.1:8600/{REPOSITORY}@{self.image}"
        spec = bench.spec(image=reference)
        del spec["digest"]
        self.release = await publish(bench.registry, spec, REPOSITORY, spec["version"], bench.key)
        if "signature" not in left_out:
            await sign_digest(bench.registry, REPOSITORY, self.image, key)
        source = {"uri": "git+x", "digest": {"gitCommit": f"{built_from:040x}"}}
        predicates: dict[str, Any] = {
            SLSA_PROVENANCE: {"buildDefinition": {"resolvedDependencies": [source]}},
            CYCLONEDX: {"bomFormat": "CycloneDX"},
            SCAN: {"scanners": SCANNERS},
        }
        for type_, predicate in predicates.items():
            if type_ not in left_out:
                await attach(bench.registry, REPOSITORY, self.image, type_, predicate, key)
        await bench.release(image=reference, digest=self.release)

    async def verified(self, **claim: Any) -> None:
        predicate = {"environment": "staging", "releaseDigest": self.release, **claim}
        registry = self.bench.registry
        await attach(registry, REPOSITORY, self.release, VERIFIED, predicate, self.staging)

    async def admit(self, pins: Any = None, authorities: Any = MappingProxyType({})) -> Any:
        bench = self.bench
        keys = {"development": pins or bench.key.public_key, "staging": self.staging.public_key}
        step = AdmitStep(
            bench.client,
            bench.reader,
            bench.registry,
            InstanceTrust(bench.client, keys, authorities),
            environment="uat",
            origin="development",
        )
        return await bench.perform(step, release="r1")

    async def condition(self) -> Any:
        release = await self.bench.client.get(Release.type(), "r1", "demo")
        return condition_of(release, "Admitted")


@pytest.fixture
def evidence(bench: Any) -> Any:
    return Evidence(bench)


async def test_everything_holds(bench: Any, evidence: Any) -> None:
    await bench.rules()
    await evidence.lay_down()
    outcome = await evidence.admit()
    assert outcome.phase == "Succeeded"
    assert outcome.outputs["releaseDigest"] == evidence.release
    assert [e["kind"] for e in outcome.outputs["evidence"]] == [
        "release-signature",
        "image-signature",
        "provenance",
        "sbom",
        "scan",
    ]
    assert {e["signer"] for e in outcome.outputs["evidence"]} == {"development"}
    assert [(s["name"], s["status"]) for s in outcome.outputs["scanners"]] == [("code", "clean")]
    assert outcome.outputs["buildLevel"] == 0, "the provenance names no builder"
    assert (await evidence.condition())["status"] == "True"
    assert (await evidence.admit()).outputs == outcome.outputs


@pytest.mark.parametrize(
    ("left_out", "said"),
    [
        ("signature", "is not signed"),
        (SLSA_PROVENANCE, "no valid provenance"),
        (CYCLONEDX, "no valid bill of materials"),
        (SCAN, "no valid scan"),
    ],
)
async def test_what_is_missing_is_named(
    bench: Any, evidence: Any, left_out: str, said: str
) -> None:
    await bench.rules()
    await evidence.lay_down(left_out)
    with pytest.raises(VerificationFailed, match=said):
        await evidence.admit()
    condition = await evidence.condition()
    assert condition["status"] == "False"
    assert condition["remedy"]


async def test_evidence_by_another_key_does_not_count(bench: Any, evidence: Any) -> None:
    await bench.rules()
    await evidence.lay_down(signer=PrivateKey.generate())
    with pytest.raises(VerificationFailed, match="none counts"):
        await evidence.admit()


async def test_provenance_of_another_commit_is_refused(bench: Any, evidence: Any) -> None:
    await bench.rules()
    await evidence.lay_down(built_from=7)
    with pytest.raises(VerificationFailed, match=f"built from {7:040x}, not from"):
        await evidence.admit()


async def test_the_previous_environment_must_have_verified_it(bench: Any, evidence: Any) -> None:
    await bench.rules(previous="staging")
    await evidence.lay_down()
    with pytest.raises(VerificationFailed, match="was not verified in staging") as caught:
        await evidence.admit()
    assert caught.value.remedy == (
        "Promote it to staging first: idp-cli promote hello --environment staging --namespace demo"
    )
    await evidence.verified()
    outcome = await evidence.admit()
    assert outcome.outputs["evidence"][-1]["signer"] == "staging"


@pytest.mark.parametrize(
    "claim", [{"environment": "uat"}, {"releaseDigest": f"sha256:{9:064x}"}], ids=str
)
async def test_a_statement_that_claims_something_else_does_not_count(
    bench: Any, evidence: Any, claim: Any
) -> None:
    await bench.rules(previous="staging")
    await evidence.lay_down()
    await evidence.verified(**claim)
    with pytest.raises(VerificationFailed, match="was not verified in staging"):
        await evidence.admit()


async def test_without_a_pinned_key_nothing_is_believed(bench: Any, evidence: Any) -> None:
    await bench.rules(previous="qa")
    await evidence.lay_down()
    with pytest.raises(VerificationFailed, match="pinned no key of qa"):
        await evidence.admit()


BORROWING = {
    "platform.idp/base": "host",
    "platform.idp/runtime": "python",
    "platform.idp/runtime-version": "3.11",
}


async def test_a_cluster_refuses_an_image_that_borrows_its_runtime(
    bench: Any, evidence: Any
) -> None:
    await bench.rules()
    await evidence.lay_down(labels=BORROWING)
    assert (await evidence.admit()).phase == "Succeeded"
    await bench.instance(target="cluster")
    with pytest.raises(BorrowsRuntime, match=r"python 3\.11.*platform\.idp/base: host") as caught:
        await evidence.admit()
    assert "`spec.image`" in (caught.value.remedy or "")
    condition = await evidence.condition()
    assert (condition["status"], condition["reason"]) == ("False", "BorrowsRuntime")
    assert condition["remedy"] == caught.value.remedy


async def test_a_cluster_takes_an_image_that_brings_its_runtime(bench: Any, evidence: Any) -> None:
    await bench.rules()
    await evidence.lay_down(labels={"org.opencontainers.image.title": "hello"})
    await bench.instance(target="cluster")
    assert (await evidence.admit()).phase == "Succeeded"


async def test_an_instance_that_does_not_say_what_it_is_admits_nothing(
    bench: Any, evidence: Any
) -> None:
    await bench.rules()
    await evidence.lay_down()
    await bench.client.delete(IDPInstance.type(), "uat")
    with pytest.raises(NotFound, match="no IDPInstance uat"):
        await evidence.admit()


async def demand_signers(bench: Any, key: str, **rule: Any) -> None:
    spec = {
        "keys": [{"name": "security", "publicKey": key}],
        "rules": [
            {"evidence": "image-signature", "signers": ["security", "development"], **rule},
        ],
    }
    await bench.client.create(TrustPolicy.type(), {"metadata": {"name": "default"}, "spec": spec})


async def test_a_threshold_is_demanded_and_reached(bench: Any, evidence: Evidence) -> None:
    await bench.rules()
    await evidence.lay_down()
    security = PrivateKey.generate()
    await demand_signers(bench, security.public_key, threshold=2)
    with pytest.raises(VerificationFailed, match=r"image-signature: 1 of 2 \(development\)"):
        await evidence.admit()
    await sign_digest(bench.registry, REPOSITORY, evidence.image, security)
    outcome = await evidence.admit()
    signers = {e["signer"] for e in outcome.outputs["evidence"] if e["kind"] == "image-signature"}
    assert signers == {"development", "security"}


async def test_a_policy_cannot_replace_the_environments_own_signature(
    bench: Any, evidence: Evidence
) -> None:
    await bench.rules()
    await evidence.lay_down("signature")
    security = PrivateKey.generate()
    await demand_signers(bench, security.public_key)
    await sign_digest(bench.registry, REPOSITORY, evidence.image, security)
    with pytest.raises(VerificationFailed, match=r"is not signed|none counts"):
        await evidence.admit()


async def test_a_policy_cannot_name_a_signer_like_an_environment(
    bench: Any, evidence: Evidence
) -> None:
    await bench.rules()
    await evidence.lay_down()
    spec = {"keys": [{"name": "staging", "publicKey": PrivateKey.generate().public_key}]}
    await bench.client.create(TrustPolicy.type(), {"metadata": {"name": "default"}, "spec": spec})
    with pytest.raises(VerificationFailed, match="gives staging as a signer"):
        await evidence.admit()


async def test_a_policy_cannot_pin_the_key_of_an_environment(
    bench: Any, evidence: Evidence
) -> None:
    await bench.rules(previous="qa")
    await evidence.lay_down()
    key = logged_key("qa")
    spec = {"keys": [{"name": "qa", "publicKey": key.public_key}]}
    await bench.client.create(TrustPolicy.type(), {"metadata": {"name": "default"}, "spec": spec})
    claim = {"environment": "qa", "releaseDigest": evidence.release}
    await attach(bench.registry, REPOSITORY, evidence.release, VERIFIED, claim, key)
    with pytest.raises(VerificationFailed, match="pinned no key of qa"):
        await evidence.admit()


async def test_what_a_clock_proves_to_be_older_than_a_theft_is_admitted(
    bench: Any, evidence: Evidence
) -> None:
    stolen = Stolen("development")
    bench.key = stolen.signer
    await bench.rules()
    await evidence.lay_down()
    assert (await evidence.admit(stolen.pins, stolen.authorities)).phase == "Succeeded"
    with pytest.raises(VerificationFailed, match="no time stamp proves"):
        await evidence.admit(stolen.pins)
