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

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from idp.capabilities.promotion.artifact import fetch
from idp.capabilities.promotion.decide.evidence import (
    EvidenceItem,
    read_reports,
    shortened,
    verifies,
)
from idp.capabilities.promotion.decide.hotfix import NoHotfix, demanded_before
from idp.capabilities.promotion.decide.target import BorrowsRuntime, check_brings_runtime
from idp.capabilities.promotion.kinds import ObjectName, Release
from idp.capabilities.promotion.remedies import Place
from idp.capabilities.promotion.steps.pipeline import PipelineReader
from idp.capabilities.promotion.steps.thresholds import evidence_of, judgements
from idp.capabilities.signing.kinds import InstanceTrust
from idp.kernel.client import Client
from idp.kernel.clock import Clock, timestamp, utc_now
from idp.kernel.conditions import false, set_condition, true
from idp.kernel.errors import NotFound, TooLarge, VerificationFailed
from idp.kernel.resource import Condition, Model
from idp.kernel.step import Outcome, StepRun, succeeded
from idp.protocols.oci.ports import Registry
from idp.protocols.oci.runtime import image_labels
from idp.protocols.signing.attestations import Findings, VerifiedStatement
from idp.protocols.signing.cosign import Evidence, read_evidence, require_signed
from idp.protocols.signing.levels import Facts, explain
from idp.protocols.signing.predicates import CYCLONEDX, SCAN, SLSA_PROVENANCE, VERIFIED
from idp.protocols.signing.threshold import demand

ADMITTED = "Admitted"


class AdmitParameters(Model):
    """What to admit.

    Attributes:
        release: Name of the Release.
    """

    release: ObjectName


class _Admitted(NamedTuple):
    """What `admit` found.

    Attributes:
        evidence: That holds.
        scanners: What the attested scan says.
        verified_at: When the environment before verified the release; empty when there is none.
        build_level: SLSA Build level that the provenance reaches.
    """

    evidence: list[EvidenceItem]
    scanners: list[Any]
    verified_at: str
    build_level: int


class AdmitStep:
    """Checks the evidence and states the condition `Admitted` on the Release."""

    uses = "admit"
    parameters = AdmitParameters

    def __init__(
        self,
        client: Client,
        reader: PipelineReader,
        registry: Registry,
        trust: InstanceTrust,
        *,
        environment: str,
        origin: str,
        clock: Clock = utc_now,
    ) -> None:
        self._client = client
        self._reader = reader
        self._registry = registry
        self._trust = trust
        self._environment = environment
        self._origin = origin
        self._clock = clock

    async def perform(self, run: StepRun, parameters: AdmitParameters) -> Outcome:
        """Check everything; idempotent, for it only reads and states a condition."""
        release = await self._reader.release(run, parameters.release)
        pipeline = (await self._reader.rules()).pipeline
        promotion = await self._reader.promotion(run)
        try:
            before = demanded_before(pipeline, hotfix=promotion.spec.hotfix)
            admitted = await self._check(release, before)
        except (VerificationFailed, NotFound, TooLarge, BorrowsRuntime, NoHotfix) as error:
            refused = false(ADMITTED, error.code, error.message, remedy=error.remedy or "")
            await self._state(release, refused)
            raise
        signers = ", ".join(dict.fromkeys(item.signer for item in admitted.evidence))
        message = f"{len(admitted.evidence)} pieces of evidence hold, signed by {signers}"
        await self._state(release, true(ADMITTED, "EvidenceHolds", message))
        return succeeded(
            message,
            releaseDigest=release.spec.digest,
            image=release.spec.image,
            evidence=[asdict(item) for item in admitted.evidence],
            scanners=admitted.scanners,
            verifiedAt=admitted.verified_at,
            buildLevel=admitted.build_level,
        )

    async def _check(self, release: Release, before: Sequence[str]) -> _Admitted:
        spec, policy = release.spec, await self._trust.policy()
        self._trust.require_pinned(self._origin, *before)
        trust = await self._trust.anchors(policy)
        if await fetch(self._registry, spec.repository, spec.digest) != spec:  # 1
            raise VerificationFailed(
                f"Release {release.name} says something else than the artifact {spec.digest}",
                remedy="Delete the Release: it is imported anew.",
            )
        if spec.repository.partition("/")[0] != release.namespace:
            raise VerificationFailed(f"{spec.repository} does not belong to {release.namespace}")
        of_release = await read_evidence(self._registry, spec.repository, spec.digest, trust)
        require_signed(of_release.signatures, spec.repository, spec.digest, (self._origin,))  # 2
        image = spec.image.rpartition("@")[2]
        of_image = await read_evidence(self._registry, spec.repository, image, trust)
        require_signed(of_image.signatures, spec.repository, image, (self._origin,))  # 3
        found = of_image.statements.logged_by(self._origin)
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
            item, verified_at = _verified_before(release, environment, of_release)
            evidence.append(item)
        judged = judgements(policy, of_release, of_image)  # 6
        demand(judged)
        evidence += [item for item in evidence_of(judged) if item not in evidence]
        if (await self._reader.instance(self._environment)).target == "cluster":  # 7
            check_brings_runtime(await image_labels(self._registry, spec.repository, image))
        made = str(scan.predicate.get("time") or "")
        reports = shortened(read_reports(scan.predicate.get("scanners"), made))
        level = explain(Facts(provenance.predicate, provenance.logged is not None)).level
        return _Admitted(evidence, reports, verified_at, level)

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


def _verified_before(
    release: Release, previous: str, of_release: Evidence
) -> tuple[EvidenceItem, str]:
    """The statement, and its time (RFC 3339; empty when it tells none): the first one's."""
    spec, found = release.spec, of_release.statements.logged_by(previous)
    matching = [
        (str(s.predicate.get("time") or ""), s.digest)
        for s in found.verified
        if s.predicate_type == VERIFIED and verifies(s.predicate, previous, spec.digest)
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
