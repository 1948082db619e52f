"""`TrustPolicy`: who must vouch for a release besides the environment that built it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints, model_validator

from idp.capabilities.scanning.kinds import EvidenceKind
from idp.kernel.resource import KindDefinition, Model, PrinterColumn, Resource, Status

TRUST_POLICY = "default"
"""Name of the TrustPolicy that serves every application of an instance."""

SignerName = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$", max_length=63)
]
Pem = Annotated[str, StringConstraints(pattern=r"^-----BEGIN ", max_length=16384)]


class TrustedKey(Model):
    """Somebody who signs with a key.

    Attributes:
        name: Of the signer; a name that an environment has is refused.
        public_key: PEM text of an ECDSA P-256 key, as `cosign generate-key-pair` makes it.
        not_before: From when on it counts; none means always.
        not_after: Until when it counts; none means no end.
    """

    name: SignerName
    public_key: Pem
    not_before: datetime | None = None
    not_after: datetime | None = None


class TrustedIdentity(Model):
    """Somebody who signs by signing in, with a short-lived certificate.

    Attributes:
        name: Of the signer.
        issuer: Address of the identity provider, exactly as certificates name it.
        subject: E-mail address or URI of the subject; `*` stands for any characters.
    """

    name: SignerName
    issuer: str = Field(min_length=1, max_length=512)
    subject: str = Field(min_length=1, max_length=512)


class SignerGroup(Model):
    """Signers under one name.

    Attributes:
        name: Of the group.
        members: Names of keys, identities or environments.
    """

    name: SignerName
    members: list[SignerName] = Field(min_length=1, max_length=100)


class ThresholdRule(Model):
    """How many must vouch for one kind of evidence.

    Attributes:
        evidence: Which kind.
        threshold: How many different signers.
        signers: Names of signers and groups that count.
    """

    evidence: EvidenceKind
    threshold: int = Field(default=1, ge=1, le=100)
    signers: list[SignerName] = Field(min_length=1, max_length=100)


class TrustPolicySpec(Model):
    """What this environment demands beyond the signature of the environment that builds.

    It only ever adds: no policy makes admission accept what it would refuse without one.

    Attributes:
        keys: Signers with keys; a name may stand several times, as after a rotation.
        identities: Signers who sign in.
        groups: Signers under one name.
        rules: What is demanded.
        certificate_authorities: PEM certificates of those who may certify identities.
        timestamp_authorities: PEM certificates of those whose clock is trusted.
    """

    keys: list[TrustedKey] = Field(default_factory=list, max_length=100)
    identities: list[TrustedIdentity] = Field(default_factory=list, max_length=100)
    groups: list[SignerGroup] = Field(default_factory=list, max_length=100)
    rules: list[ThresholdRule] = Field(default_factory=list, max_length=20)
    certificate_authorities: list[Pem] = Field(default_factory=list, max_length=10)
    timestamp_authorities: list[Pem] = Field(default_factory=list, max_length=10)

    @model_validator(mode="after")
    def _reachable(self) -> TrustPolicySpec:
        """A rule that nobody could ever meet is a mistake, and found when it is written."""
        groups = Counter(group.name for group in self.groups)
        twice = [name for name, count in groups.items() if count > 1]
        if twice:
            raise ValueError(f"the group {twice[0]} stands there twice")
        for rule in self.rules:
            able = self.eligible(rule)
            if len(able) < rule.threshold:
                raise ValueError(
                    f"{rule.evidence} demands {rule.threshold} signers, and only {len(able)} "
                    f"could sign: {', '.join(able)}"
                )
        return self

    def eligible(self, rule: ThresholdRule) -> list[str]:
        """Names of all who count for a rule, groups resolved, sorted."""
        members = {group.name: group.members for group in self.groups}
        return sorted({name for one in rule.signers for name in members.get(one, [one])})


class TrustPolicyStatus(Status):
    """Admission goes by the spec."""


class TrustPolicy(Resource[TrustPolicySpec, TrustPolicyStatus]):
    """Who must vouch for a release in this environment. `default` serves every application."""

    definition: ClassVar[KindDefinition] = KindDefinition(
        plural="trustpolicies",
        namespaced=False,
        short_names=("trust",),
        columns=(
            PrinterColumn(name="Rules", path=".spec.rules[*].evidence"),
            PrinterColumn(name="Thresholds", path=".spec.rules[*].threshold"),
        ),
    )
