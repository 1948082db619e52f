"""Rules for findings, findings that may be, and where findings are told.

`SecurityProfile`, `SecurityProfileChange`, `VulnerabilityException`, `FindingsExport`,
`Remediation`.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from idp.kernel.manifest import digest
from idp.kernel.resource import KindDefinition, Model, PrinterColumn, Resource, Status

Line = Annotated[str, StringConstraints(max_length=256, pattern=r"^[^\r\n]*$")]

Action = Literal["record", "track", "approve", "deny"]
"""From mild to strict: note it; note it with a date by which it must be gone; demand that an
approver accepts it by name; refuse."""

ToolMode = Literal["run", "attested", "off"]

Band = Literal["critical", "high", "medium", "low", "unscored"]

EvidenceKind = Literal[
    "release-signature", "image-signature", "provenance", "sbom", "scan", "verified"
]

Justification = Literal[
    "",
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
]
"""Why a product is not affected, in the words of OpenVEX 0.2.0, section Status Justifications."""

DEMANDED: tuple[EvidenceKind, ...] = (
    "release-signature",
    "image-signature",
    "provenance",
    "sbom",
    "scan",
)

PROFILE = "default"
"""Name of the SecurityProfile that serves every application of an instance."""


BANDS: tuple[tuple[Band, float], ...] = (("critical", 9.0), ("high", 7.0), ("medium", 4.0))
"""Lowest score of each band above `low`, worst first (CVSS 3.1, section 5)."""


def band(severity: float | None) -> Band:
    """The band of a CVSS base score; `unscored` for None."""
    if severity is None:
        return "unscored"
    return next((name for name, lowest in BANDS if severity >= lowest), "low")


class SeverityActions(Model):
    """What a finding does, by its CVSS base score. The bands are those of CVSS 3.1, section 5.

    Attributes:
        critical: 9.0 to 10.0.
        high: 7.0 to 8.9.
        medium: 4.0 to 6.9.
        low: 0.0 to 3.9.
        unscored: Without a score: nobody knows how bad it is.
    """

    critical: Action = "deny"
    high: Action = "deny"
    medium: Action = "track"
    low: Action = "record"
    unscored: Action = "deny"


class DueDays(Model):
    """In how many days a finding must be gone, from when it was first seen.

    Attributes:
        critical: 9.0 to 10.0.
        high: 7.0 to 8.9.
        medium: 4.0 to 6.9.
        low: 0.0 to 3.9.
        unscored: Without a score.
    """

    critical: int = Field(default=7, ge=1, le=3650)
    high: int = Field(default=30, ge=1, le=3650)
    medium: int = Field(default=90, ge=1, le=3650)
    low: int = Field(default=180, ge=1, le=3650)
    unscored: int = Field(default=30, ge=1, le=3650)


class Freshness(Model):
    """How old what a verdict stands on may be; what is older counts as incomplete.

    Attributes:
        advisories_days: Age of the newest advisory that a report was compared with.
        scans_days: Age of a report.
    """

    advisories_days: float = Field(default=7, gt=0, le=3650)
    scans_days: float = Field(default=30, gt=0, le=3650)


class SecurityProfileSpec(Model):
    """What this environment demands of the evidence of a release.

    Attributes:
        tools: Scanner by name. `run`: it looks in this environment, in a push here or in a
            promotion to here. `attested`: what the environment that builds attested is judged.
            `off`: neither runs nor counts. A demanded report that is missing counts as
            incomplete; a report of a scanner that is not named counts as `attested`.
        severity: What findings do.
        due_days: By when they must be gone.
        incomplete: What it does when a scanner failed, skipped, lacked data or is too old.
        freshness: What is too old.
        evidence: What must be there, signed by pinned keys.
        decided_by: `builtin` rules, or `rego`.
        rego: Rego module of package `idp.verdict` that decides instead of the one that the
            platform brings; empty takes that one. Counts only with `decidedBy: rego`.
    """

    tools: dict[str, ToolMode] = Field(default_factory=dict, max_length=50)
    severity: SeverityActions = Field(default_factory=SeverityActions)
    due_days: DueDays = Field(default_factory=DueDays)
    incomplete: Action = "approve"
    freshness: Freshness = Field(default_factory=Freshness)
    evidence: list[EvidenceKind] = Field(default_factory=lambda: list(DEMANDED), max_length=10)
    decided_by: Literal["builtin", "rego"] = "builtin"
    rego: str = Field(default="", max_length=65536)

    @property
    def version(self) -> str:
        """Digest of these rules, defaults included."""
        return digest(self.model_dump(mode="json", by_alias=True))


class SecurityProfileStatus(Status):
    """What is true.

    Attributes:
        version: Digest of the spec, a part of the policy version that approvals are bound to.
    """

    version: str = ""


class SecurityProfile(Resource[SecurityProfileSpec, SecurityProfileStatus]):
    """What the findings of scanners do in this environment. `default` serves every application."""

    definition: ClassVar[KindDefinition] = KindDefinition(
        plural="securityprofiles",
        namespaced=False,
        short_names=("secprofile",),
        columns=(
            PrinterColumn(name="Critical", path=".spec.severity.critical"),
            PrinterColumn(name="High", path=".spec.severity.high"),
            PrinterColumn(name="Unscored", path=".spec.severity.unscored"),
            PrinterColumn(name="Incomplete", path=".spec.incomplete"),
            PrinterColumn(name="Ready", path='.status.conditions[?(@.type=="Ready")].status'),
        ),
    )


class VulnerabilityExceptionSpec(Model):
    """A finding that may be, until a date. Only the approver is ever added.

    Attributes:
        finding: Id of the rule or the advisory, or an alias of it, such as `CVE-2026-1234`.
        disposition: `accepted`: the risk is borne. `notAffected`: the finding is no problem here.
        justification: Why it is not affected; demanded then.
        application: Only in this one; empty means every application of the namespace.
        scanner: Only what this scanner finds; empty means any.
        package: Only in this distribution; empty means any.
        version: Only in this version of it; empty means any.
        reason: Why, for people.
        expires: The last moment at which it counts.
        author: Who asks for it; must be the one who creates the object.
        approver: Who agreed: somebody else, with the verb `approve`. Until then it does nothing.
    """

    finding: Annotated[Line, StringConstraints(min_length=1)]
    disposition: Literal["accepted", "notAffected"] = "accepted"
    justification: Justification = ""
    application: Line = ""
    scanner: Line = ""
    package: Line = ""
    version: Line = ""
    reason: str = Field(min_length=1, max_length=2000)
    expires: datetime
    author: Annotated[Line, StringConstraints(min_length=1)]
    approver: Line = ""

    def void(self, now: datetime) -> str:
        """Why it does not count now; empty when it counts."""
        if not self.approver:
            return "nobody approved it yet"
        if self.approver == self.author:
            return f"{self.author} is its author and its approver"
        return "it has expired" if self.expires <= now else ""

    def covers(
        self, application: str, scanner: str, names: Collection[str], package: str, version: str
    ) -> bool:
        """Whether it is about a finding, whose id and aliases are `names`."""
        scopes = (
            (self.application, application),
            (self.scanner, scanner),
            (self.package, package),
            (self.version, version),
        )
        return self.finding in names and all(wanted in ("", actual) for wanted, actual in scopes)


class VulnerabilityExceptionStatus(Status):
    """What is true; verdicts go by the spec and the clock.

    Attributes:
        phase: `Waiting` for an approver, `Active`, or `Expired`.
        findings: How many known findings of this instance it covers.
    """

    phase: Literal["Waiting", "Active", "Expired"] = "Waiting"
    findings: int = 0


def _unchanged(field: str) -> str:
    old, new = f"oldSelf.spec.{field}", f"self.spec.{field}"
    return f"has({new}) == has({old}) && (!has({new}) || {new} == {old})"


_FIXED = [name for name in VulnerabilityExceptionSpec.model_fields if name != "approver"]
_APPROVED = "has(oldSelf.spec.approver) && oldSelf.spec.approver != ''"


class VulnerabilityException(Resource[VulnerabilityExceptionSpec, VulnerabilityExceptionStatus]):
    """A finding that somebody asked to let be, and somebody else agreed to, until a date."""

    definition: ClassVar[KindDefinition] = KindDefinition(
        plural="vulnerabilityexceptions",
        short_names=("vulnexception",),
        columns=(
            PrinterColumn(name="Finding", path=".spec.finding"),
            PrinterColumn(name="Application", path=".spec.application"),
            PrinterColumn(name="Phase", path=".status.phase"),
            PrinterColumn(name="Expires", path=".spec.expires"),
            PrinterColumn(name="Author", path=".spec.author"),
            PrinterColumn(name="Approver", path=".spec.approver"),
        ),
        validations=(
            (
                " && ".join(f"({_unchanged(name)})" for name in _FIXED),
                "an exception never changes, except that it is approved: ask for another",
            ),
            (
                f"!({_APPROVED}) || self.spec.approver == oldSelf.spec.approver",
                "who approved an exception never changes: delete it to revoke it",
            ),
            (
                "!has(self.spec.approver) || self.spec.approver != self.spec.author",
                "the author of an exception cannot approve it",
            ),
            (
                "!has(self.spec.disposition) || self.spec.disposition != 'notAffected' || "
                "(has(self.spec.justification) && self.spec.justification != '')",
                "say why it is not affected: spec.justification",
            ),
        ),
    )


class SecurityProfileChangeSpec(Model):
    """Other rules for this environment. Only the approver is ever added.

    Attributes:
        base: Version of the profile that was looked at; under another one it does nothing.
        profile: The whole profile as it is to be.
        reason: Why, for people.
        author: Who asks for it; must be the one who creates the object.
        approver: Who agreed: somebody else, with the verb `approve`. Until then it does nothing.
    """

    base: Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
    profile: SecurityProfileSpec
    reason: str = Field(min_length=1, max_length=2000)
    author: Annotated[Line, StringConstraints(min_length=1)]
    approver: Line = ""


class SecurityProfileChangeStatus(Status):
    """How far it is.

    Attributes:
        phase: `Waiting` for an approver; `Applied` once the commit is in force; `Stale` when the
            rules changed meanwhile.
        commit: In the environment's repository.
        version: Of the profile that it makes.
    """

    phase: Literal["Waiting", "Applied", "Stale"] = "Waiting"
    commit: str = ""
    version: str = ""


_CHANGE_FIXED = [name for name in SecurityProfileChangeSpec.model_fields if name != "approver"]


class SecurityProfileChange(Resource[SecurityProfileChangeSpec, SecurityProfileChangeStatus]):
    """Other rules for this environment: one asks, another agrees, a commit puts them in force."""

    definition: ClassVar[KindDefinition] = KindDefinition(
        plural="securityprofilechanges",
        namespaced=False,
        short_names=("secprofilechange",),
        columns=(
            PrinterColumn(name="Phase", path=".status.phase"),
            PrinterColumn(name="Author", path=".spec.author"),
            PrinterColumn(name="Approver", path=".spec.approver"),
            PrinterColumn(name="Commit", path=".status.commit", priority=1),
            PrinterColumn(name="Reason", path=".spec.reason"),
        ),
        validations=(
            (
                " && ".join(f"({_unchanged(name)})" for name in _CHANGE_FIXED),
                "a change of rules never changes, except that it is approved: ask for another",
            ),
            (
                f"!({_APPROVED}) || self.spec.approver == oldSelf.spec.approver",
                "who approved a change of rules never changes",
            ),
            (
                "!has(self.spec.approver) || self.spec.approver != self.spec.author",
                "the author of a change of rules cannot approve it",
            ),
        ),
    )


class FindingsExportSpec(Model):
    """Where the findings of a namespace are told.

    Attributes:
        tool: Who is told: DefectDojo 2.20 or later.
        secret_name: A Secret of this namespace with `url`, such as
            `https://defectdojo.example.org`, and `token`, an API v2 key. The address stands beside
            the key so that nobody can have the key sent elsewhere.
        product_type: Products are put there; one product for each application.
        suspend: Tells nothing while it is set.
    """

    tool: Literal["defectdojo"] = "defectdojo"
    secret_name: Annotated[Line, StringConstraints(min_length=1)]
    product_type: Annotated[Line, StringConstraints(min_length=1)] = "Applications"
    suspend: bool = False


class FindingsExportStatus(Status):
    """What was told.

    Attributes:
        told: Application -> digest of what was told of it last.
        told_at: When something was told last.
    """

    told: dict[str, str] = Field(default_factory=dict)
    told_at: datetime | None = None


class FindingsExport(Resource[FindingsExportSpec, FindingsExportStatus]):
    """Tells the findings of this namespace to DefectDojo whenever they change."""

    definition: ClassVar[KindDefinition] = KindDefinition(
        plural="findingsexports",
        columns=(
            PrinterColumn(name="Tool", path=".spec.tool"),
            PrinterColumn(name="Ready", path='.status.conditions[?(@.type=="Ready")].status'),
            PrinterColumn(name="Told", path=".status.toldAt", type="date"),
        ),
    )


class RemediationSpec(Model):
    """A branch that raises a vulnerable dependency; it never changes.

    Attributes:
        application: Name of the WebApplication, whose repository has the branch.
        package: What is raised.
        version: To which version.
        findings: Names of the vulnerabilities that must be gone.
        branch: In the application's repository.
        commit: The one that is tested, and that may be merged.
        author: Who asks for it; must be the one who creates the object.
    """

    application: Annotated[
        str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)
    ]
    package: Annotated[Line, StringConstraints(min_length=1)]
    version: Annotated[Line, StringConstraints(min_length=1)]
    findings: list[Line] = Field(min_length=1, max_length=100)
    branch: Annotated[Line, StringConstraints(min_length=1)]
    commit: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
    author: Annotated[Line, StringConstraints(min_length=1)]


class RemediationStatus(Status):
    """How far it is.

    Attributes:
        phase: `Testing` while it is built and compared with the advisories; `Tested` when it may be
            merged; `Failed` when it does not build, or does not help.
        message: What was found.
        build: Name of the PipelineStep that builds it.
    """

    phase: Literal["Testing", "Tested", "Failed"] = "Testing"
    message: str = ""
    build: str = ""


class Remediation(Resource[RemediationSpec, RemediationStatus]):
    """A dependency raised on a branch, built and scanned before it is merged."""

    definition: ClassVar[KindDefinition] = KindDefinition(
        plural="remediations",
        columns=(
            PrinterColumn(name="Application", path=".spec.application"),
            PrinterColumn(name="Package", path=".spec.package"),
            PrinterColumn(name="Version", path=".spec.version"),
            PrinterColumn(name="Phase", path=".status.phase"),
            PrinterColumn(name="Message", path=".status.message", priority=1),
        ),
        validations=(("self.spec == oldSelf.spec", "a remediation never changes: ask anew"),),
    )
