"""`admit`: lets a release into this environment when everything about it is proved.

What is checked, in order; the first that does not hold refuses the release and says so:

1. The artifact of the digest is there, and is what the Release object says.
2. The release is signed by the key of the first environment, where releases are cut.
3. The image is signed by that key.
4. That key attests where the image comes from (provenance: this commit), what it is made of (bill
   of materials) and what scanners found.
5. When the environment has a previous one: that one's key attests that it verified this very
   release. A release that skipped it is refused. A hotfix needs the statements of the environments
   that the pipeline names for hotfixes instead.
6. Every threshold of the instance's TrustPolicy is reached, when it has one.
7. When the instance runs on a cluster: the image brings its runtime.

The keys are pinned in this instance; nothing that is fetched can add one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from types import MappingProxyType
from typing import Any

from idp.capabilities.promotion.artifact import fetch
from idp.capabilities.promotion.decide.evidence import EvidenceItem, read_reports, shortened
from idp.capabilities.promotion.decide.hotfix import NoHotfix, demanded_before
from idp.capabilities.promotion.decide.target import BorrowsRuntime, check_brings_runtime
from idp.capabilities.promotion.kinds import ObjectName, Release
from idp.capabilities.promotion.remedies import Place
from idp.capabilities.promotion.steps.pipeline import PipelineReader
from idp.capabilities.promotion.steps.thresholds import (
    anchors,
    evidence_of,
    judgements,
    trust_policy,
)
from idp.kernel.client import Client
from idp.kernel.clock import Clock, timestamp, utc_now
from idp.kernel.conditions import false, set_condition, true
from idp.kernel.errors import NotFound, TooLarge, VerificationFailed
from idp.kernel.resource import Condition, Model
from idp.kernel.step import Outcome, StepRun, succeeded
from idp.kernel.trust import Keys
from idp.protocols.oci.ports import Registry
from idp.protocols.oci.runtime import image_labels
from idp.protocols.signing.anchors import Anchors
from idp.protocols.signing.attestations import Findings, VerifiedStatement, statements
from idp.protocols.signing.cosign import verify_digest
from idp.protocols.signing.predicates import CYCLONEDX, SCAN, SLSA_PROVENANCE, VERIFIED
from idp.protocols.signing.threshold import demand

ADMITTED = "Admitted"


class AdmitParameters(Model):
    """What to admit.

    Attributes:
        release: Name of the Release.
    """

    release: ObjectName


class AdmitStep:
    """Checks the evidence and states the condition `Admitted` on the Release."""

    uses = "admit"
    parameters = AdmitParameters

    def __init__(
        self,
        client: Client,
        reader: PipelineReader,
        registry: Registry,
        trusted_keys: Keys,
        *,
        environment: str,
        origin: str,
        authorities: Mapping[str, Sequence[str]] = MappingProxyType({}),
        clock: Clock = utc_now,
    ) -> None:
        self._client = client
        self._reader = reader
        self._registry = registry
        self._keys = trusted_keys
        self._environment = environment
        self._origin = origin
        self._authorities = authorities
        self._clock = clock

    async def perform(self, run: StepRun, parameters: AdmitParameters) -> Outcome:
        """Check everything; idempotent, for it only reads and states a condition."""
        release = await self._reader.release(run, parameters.release)
        pipeline = (await self._reader.rules()).pipeline
        promotion = await self._reader.promotion(run)
        try:
            before = demanded_before(pipeline, hotfix=promotion.spec.hotfix)
            evidence, scanners, verified_at = await self.check(release, before)
        except (VerificationFailed, NotFound, TooLarge, BorrowsRuntime, NoHotfix) as error:
            refused = false(ADMITTED, error.code, error.message, remedy=error.remedy or "")
            await self._state(release, refused)
            raise
        signers = ", ".join(dict.fromkeys(item.signer for item in evidence))
        message = f"{len(evidence)} pieces of evidence hold, signed by {signers}"
        await self._state(release, true(ADMITTED, "EvidenceHolds", message))
        return succeeded(
            message,
            releaseDigest=release.spec.digest,
            image=release.spec.image,
            evidence=[asdict(item) for item in evidence],
            scanners=scanners,
            verifiedAt=verified_at,
        )

    async def check(
        self, release: Release, before: Sequence[str]
    ) -> tuple[list[EvidenceItem], list[Any], str]:
        """Check everything, and state nothing.

        Args:
            release: What to check.
            before: Environments that must have verified it.

        Returns:
            The evidence that holds; the reports of the attested scan as JSON values; since when
            the environment before has verified it.

        Raises:
            VerificationFailed, NotFound, TooLarge, BorrowsRuntime: Why it is refused.
        """
        spec, policy = release.spec, await trust_policy(self._client)
        trust = anchors(self._keys, policy, self._authorities)
        origin = self._only(trust, self._origin)
        if await fetch(self._registry, spec.repository, spec.digest) != spec:  # 1
            raise VerificationFailed(
                f"Release {release.name} says something else than the artifact {spec.digest}",
                remedy="Delete the Release: it is imported anew.",
            )
        if spec.repository.partition("/")[0] != release.namespace:
            raise VerificationFailed(f"{spec.repository} does not belong to {release.namespace}")
        await verify_digest(self._registry, spec.repository, spec.digest, origin)  # 2
        image = spec.image.rpartition("@")[2]
        await verify_digest(self._registry, spec.repository, image, origin)  # 3
        found = await statements(
            self._registry, spec.repository, image, origin, must_be_logged=True
        )
        provenance = _provenance(found, spec.source.commit)  # 4
        sbom = _the(found, CYCLONEDX, "bill of materials")
        scan = _the(found, SCAN, "scan")
        evidence = [
            EvidenceItem("release-signature", spec.digest, self._origin),
            EvidenceItem("image-signature", image, self._origin),
            EvidenceItem("provenance", provenance.digest, provenance.signer),
            EvidenceItem("sbom", sbom.digest, sbom.signer),
            EvidenceItem("scan", scan.digest, scan.signer),
        ]
        verified_at = ""
        for environment in before:  # 5
            item, verified_at = await self._verified_before(release, environment, trust)
            evidence.append(item)
        judged = await judgements(self._registry, spec, policy, trust)  # 6
        demand(judged)
        evidence += [item for item in evidence_of(judged) if item not in evidence]
        if (await self._reader.instance(self._environment)).target == "cluster":  # 7
            check_brings_runtime(await image_labels(self._registry, spec.repository, image))
        made = str(scan.predicate.get("time") or "")
        reports = shortened(read_reports(scan.predicate.get("scanners"), made))
        return evidence, reports, verified_at

    async def _verified_before(
        self, release: Release, previous: str, trust: Anchors
    ) -> tuple[EvidenceItem, str]:
        """The statement, and its time (RFC 3339; empty when it tells none): the first one's."""
        spec = release.spec
        found = await statements(
            self._registry,
            spec.repository,
            spec.digest,
            self._only(trust, previous),
            predicate_type=VERIFIED,
            must_be_logged=True,
        )
        matching = [
            (str(s.predicate.get("time") or ""), s.digest)
            for s in found.verified
            if s.predicate.get("environment") == previous
            and s.predicate.get("releaseDigest") == spec.digest
        ]
        if matching:
            time, statement = min(matching, key=lambda found: (not found[0], found))
            return EvidenceItem("verified", statement, previous), time
        raise VerificationFailed(
            f"{spec.application} {spec.version} was not verified in {previous}"
            f"{_rejected(found)}: a release cannot skip an environment",
            remedy=f"Promote it to {previous} first: "
            + Place(spec.application, release.namespace, previous).promote(),
        )

    def _only(self, trust: Anchors, environment: str) -> Anchors:
        if environment not in self._keys:
            raise VerificationFailed(
                f"this instance has pinned no key of {environment}",
                remedy=f"Pin the public key of {environment} in this instance's configuration.",
            )
        return replace(trust, keys={environment: self._keys[environment]}, identities=())

    async def _state(self, release: Release, condition: Condition) -> None:
        condition.observed_generation = release.metadata.generation
        now = self._clock()
        before = release.status.conditions if release.status else []
        stated = set_condition(before, condition, now=now.replace(microsecond=0))
        bodies = [c.model_dump(mode="json", by_alias=True, exclude_none=True) for c in stated]
        for body, c in zip(bodies, stated, strict=True):
            body["lastTransitionTime"] = timestamp(c.last_transition_time or now)
        await self._client.patch(
            Release.type(),
            release.name,
            {"status": {"conditions": bodies}},
            release.namespace,
            subresource="status",
        )


def _the(found: Findings, predicate_type: str, what: str) -> VerifiedStatement:
    """The newest statement of a type, as far as its predicate tells the time."""
    matching = [s for s in found.verified if s.predicate_type == predicate_type]
    if not matching:
        raise VerificationFailed(
            f"the image has no valid {what}{_rejected(found)}",
            remedy="Build the commit again through the push pipeline.",
        )
    return max(matching, key=lambda s: str(s.predicate.get("time", "")))


def _provenance(found: Findings, commit: str) -> VerifiedStatement:
    for statement in found.verified:
        if statement.predicate_type == SLSA_PROVENANCE and commit in _commits(statement.predicate):
            return statement
    statement = _the(found, SLSA_PROVENANCE, "provenance")
    built_from = ", ".join(_commits(statement.predicate)) or "no known commit"
    raise VerificationFailed(
        f"the image was built from {built_from}, not from the release's commit {commit}",
        remedy="Build the commit again through the push pipeline.",
    )


def _commits(predicate: dict[str, Any]) -> list[str]:
    """`buildDefinition.resolvedDependencies[].digest.gitCommit` (SLSA 1.0)."""
    definition = predicate.get("buildDefinition")
    materials = definition.get("resolvedDependencies") if isinstance(definition, dict) else None
    digests = [m.get("digest") for m in materials or [] if isinstance(m, dict)]
    return [str(d["gitCommit"]) for d in digests if isinstance(d, dict) and "gitCommit" in d]


def _rejected(found: Findings) -> str:
    if not found.rejected:
        return ""
    reasons = "; ".join(dict.fromkeys(r.reason for r in found.rejected[:3]))
    return f" ({len(found.rejected)} do not count: {reasons})"
