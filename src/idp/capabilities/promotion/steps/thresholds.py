"""What a TrustPolicy adds to admission: several signers, by name, per kind of evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from idp.capabilities.promotion.decide.evidence import EvidenceItem
from idp.capabilities.promotion.kinds import ReleaseSpec
from idp.capabilities.signing.kinds import TRUST_POLICY, TrustPolicy, TrustPolicySpec
from idp.kernel.client import Client, get_or_none
from idp.kernel.errors import VerificationFailed
from idp.kernel.trust import Keys, PinnedKey
from idp.protocols.oci.ports import Registry
from idp.protocols.signing.anchors import Anchors
from idp.protocols.signing.attestations import Findings, statements
from idp.protocols.signing.certificates import Identity
from idp.protocols.signing.cosign import signatures
from idp.protocols.signing.predicates import CYCLONEDX, SCAN, SLSA_PROVENANCE, VERIFIED
from idp.protocols.signing.threshold import Claim, Judgement, Requirement, judge

_PREDICATES = {
    "provenance": SLSA_PROVENANCE,
    "sbom": CYCLONEDX,
    "scan": SCAN,
    "verified": VERIFIED,
}


async def trust_policy(client: Client) -> TrustPolicySpec:
    """The policy in force; one without rules when there is none.

    Raises:
        Invalid: The object breaks a rule: nothing is admitted until it is corrected.
    """
    manifest = await get_or_none(client, TrustPolicy.type(), TRUST_POLICY)
    return TrustPolicySpec() if manifest is None else TrustPolicy.parse(manifest).spec


def anchors(
    pinned: Keys, policy: TrustPolicySpec, authorities: Mapping[str, Sequence[str]]
) -> Anchors:
    """What is trusted: the pinned environments, and those whom the policy adds. Pure.

    Args:
        pinned: Keys of the environments.
        policy: The policy.
        authorities: Pinned certificates of the platform's own `certificates` and `timestamps`.

    Raises:
        VerificationFailed: The policy names a signer as an environment is named, or a key and an
            identity alike: whose word a signature is would not be clear.
    """
    added: dict[str, list[PinnedKey]] = {}
    for key in policy.keys:
        pin = PinnedKey(key.public_key, key.not_before, key.not_after)
        added.setdefault(key.name, []).append(pin)
    names = [*added, *{identity.name for identity in policy.identities}, *pinned]
    clash = next((name for name in names if names.count(name) > 1), None)
    if clash is not None:
        raise VerificationFailed(
            f"the TrustPolicy gives {clash} as a signer, and something else is named so",
            remedy="Rename the signer in the TrustPolicy.",
        )
    return Anchors(
        {**pinned, **added},
        tuple(Identity(i.name, i.issuer, i.subject) for i in policy.identities),
        (*authorities.get("certificates", ()), *policy.certificate_authorities),
        (*authorities.get("timestamps", ()), *policy.timestamp_authorities),
    )


async def judgements(
    registry: Registry, spec: ReleaseSpec, policy: TrustPolicySpec, trust: Anchors
) -> list[Judgement]:
    """Every rule of the policy about one release, met or not."""
    groups = {group.name: group.members for group in policy.groups}
    image = spec.image.rpartition("@")[2]
    found: dict[str, Findings] = {}
    judged = []
    for rule in policy.rules:
        subject = spec.digest if rule.evidence in ("release-signature", "verified") else image
        requirement = Requirement(rule.evidence, rule.threshold, tuple(rule.signers))
        if rule.evidence in _PREDICATES:
            if subject not in found:
                found[subject] = await statements(
                    registry, spec.repository, subject, trust, must_be_logged=False
                )
            claims = _claims(found[subject], _PREDICATES[rule.evidence])
        else:
            signed = await signatures(registry, spec.repository, subject, trust)
            claims = [Claim(one.digest, one.signer, one.reason) for one in signed]
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
