"""What a TrustPolicy adds to admission: several signers, by name, per kind of evidence."""

from __future__ import annotations

from collections.abc import Iterable

from idp.capabilities.promotion.decide.evidence import EvidenceItem
from idp.capabilities.signing.kinds import TrustPolicySpec
from idp.protocols.signing.attestations import Findings
from idp.protocols.signing.cosign import Evidence
from idp.protocols.signing.predicates import CYCLONEDX, SCAN, SLSA_PROVENANCE, VERIFIED
from idp.protocols.signing.threshold import Claim, Judgement, Requirement, judge

_PREDICATES = {
    "provenance": SLSA_PROVENANCE,
    "sbom": CYCLONEDX,
    "scan": SCAN,
    "verified": VERIFIED,
}


def judgements(
    policy: TrustPolicySpec, of_release: Evidence, of_image: Evidence
) -> list[Judgement]:
    """Every rule of the policy about one release, met or not. Pure."""
    groups = {group.name: group.members for group in policy.groups}
    judged = []
    for rule in policy.rules:
        about = of_release if rule.evidence in ("release-signature", "verified") else of_image
        requirement = Requirement(rule.evidence, rule.threshold, tuple(rule.signers))
        if rule.evidence in _PREDICATES:
            claims = _claims(about.statements, _PREDICATES[rule.evidence])
        else:
            claims = about.signatures
        judged.append(judge(requirement, claims, groups))
    return judged


def _claims(found: Findings, predicate_type: str) -> list[Claim]:
    claims = [
        Claim(statement.digest, statement.signer)
        for statement in found.verified
        if statement.predicate_type == predicate_type
    ]
    return claims + [Claim(one.digest, None, one.reason) for one in found.rejected]


def evidence_of(judged: Iterable[Judgement]) -> list[EvidenceItem]:
    """Each signer that counted, as evidence of its own."""
    return [
        EvidenceItem(judgement.requirement.kind, digest, signer)
        for judgement in judged
        for signer, digest in judgement.counted.items()
    ]
