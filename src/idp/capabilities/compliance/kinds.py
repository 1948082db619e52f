"""`ComplianceReport`: what can be proved of controls. `SecurityAutomation`: what is wanted."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from idp.kernel.resource import KindDefinition, Model, PrinterColumn, Resource, Status

FrameworkName = Literal["soc2", "nist-csf", "iso27001"]

State = Literal["met", "partly", "notMet", "noEvidence", "notApplicable"]
"""How a control, or a piece of evidence, stands. `noEvidence`: the platform records nothing of it,
so it has to be shown by other means."""

ControlId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][-.A-Za-z0-9]*$", max_length=20)]


class Exclusion(Model):
    """A control that does not apply, as in a statement of applicability.

    Attributes:
        control: Its identifier, such as `A.7.4`.
        reason: Why, for auditors.
    """

    control: ControlId
    reason: str = Field(min_length=1, max_length=2000)


class ComplianceReportSpec(Model):
    """What is reported.

    Attributes:
        framework: `soc2` (Trust Services Criteria 2017), `nist-csf` (2.0) or `iso27001` (2022,
            Annex A).
        period_days: How far back records count.
        exclusions: Controls that do not apply.
    """

    framework: FrameworkName
    period_days: int = Field(default=90, ge=1, le=3650)
    exclusions: list[Exclusion] = Field(default_factory=list, max_length=200)


class RecordReference(Model):
    """What proves a statement.

    Attributes:
        kind: `object` of the API, `audit` record, `promotion` in the ledger, or `scan` in the
            history.
        name: For people.
        path: Where the hub shows it, from its address on.
        digest: Of the record, where it has one.
    """

    kind: Literal["object", "audit", "promotion", "scan"]
    name: str
    path: str
    digest: str = ""


class EvidenceResult(Model):
    """What a query over the platform's records gave.

    Attributes:
        name: Of the query.
        title: What it asks, in a few words.
        state: The answer.
        message: What was found.
        remedy: What closes the gap; empty when there is none.
        digest: SHA-256 of the facts that the answer follows from.
        records: What proves it, at most `MOST_RECORDS`.
        total: How many records there are.
    """

    name: str
    title: str = ""
    state: State
    message: str
    remedy: str = ""
    digest: str = ""
    records: list[RecordReference] = Field(default_factory=list)
    total: int = 0


class ControlResult(Model):
    """How one control stands.

    Attributes:
        id: Identifier in the framework.
        state: As the evidence says, and never better.
        evidence: Names of the queries that it stands on.
        gap: What is missing; empty when nothing is.
        remedy: What closes it.
    """

    id: str
    state: State
    evidence: list[str] = Field(default_factory=list)
    gap: str = ""
    remedy: str = ""


class Counts(Model):
    """How many controls stand how."""

    met: int = 0
    partly: int = 0
    not_met: int = 0
    no_evidence: int = 0
    not_applicable: int = 0


class ComplianceReportStatus(Status):
    """What was found.

    Attributes:
        evaluated_at: When.
        environment: Where.
        digest: SHA-256 over all evidence and controls.
        counts: How many controls stand how.
        controls: Each control of the framework, in its order.
        evidence: Each query that a control stands on.
    """

    evaluated_at: datetime | None = None
    environment: str = ""
    digest: str = ""
    counts: Counts = Field(default_factory=Counts)
    controls: list[ControlResult] = Field(default_factory=list)
    evidence: list[EvidenceResult] = Field(default_factory=list)


class ComplianceReport(Resource[ComplianceReportSpec, ComplianceReportStatus]):
    """What this instance can prove of a framework's controls: evidence, not certification."""

    definition: ClassVar[KindDefinition] = KindDefinition(
        plural="compliancereports",
        namespaced=False,
        columns=(
            PrinterColumn(name="Framework", path=".spec.framework"),
            PrinterColumn(name="Met", path=".status.counts.met", type="integer"),
            PrinterColumn(name="Partly", path=".status.counts.partly", type="integer"),
            PrinterColumn(name="Not met", path=".status.counts.notMet", type="integer"),
            PrinterColumn(name="No evidence", path=".status.counts.noEvidence", type="integer"),
            PrinterColumn(name="Evaluated", path=".status.evaluatedAt", type="date"),
        ),
    )


class ThreatDetection(Model):
    """Attacks, found while they happen.

    Attributes:
        real_time: As they happen.
        ai_powered: By learned models.
        behavioral: By how users and processes behave.
    """

    real_time: bool = False
    ai_powered: bool = False
    behavioral: bool = False


class ComplianceAutomation(Model):
    """Compliance, reported by itself.

    Attributes:
        frameworks: Such as `SOC2`, `NIST-CSF`, `ISO27001`; others are named as not known.
        automated: Reports are evaluated without being asked for.
        reporting: Reports can be handed on.
    """

    frameworks: list[Annotated[str, StringConstraints(max_length=50)]] = Field(
        default_factory=list, max_length=50
    )
    automated: bool = False
    reporting: bool = False


class ZeroTrust(Model):
    """Nobody and nothing is trusted for where it is.

    Attributes:
        enabled: Whether the rest of this section counts.
        principle_of_least_privilege: Rights by role, admission enforced, applications apart.
        continuous_verification: Signatures, provenance and advisories are checked at every
            promotion.
    """

    enabled: bool = False
    principle_of_least_privilege: bool = False
    continuous_verification: bool = False


class SecurityOrchestration(Model):
    """What happens by itself when something is wrong.

    Attributes:
        automated: Findings past their due date are told without being asked for.
        response_playbooks: Playbooks that run by themselves.
        incident_management: Incidents as objects with a life of their own.
    """

    automated: bool = False
    response_playbooks: bool = False
    incident_management: bool = False


class SecurityAutomationSpec(Model):
    """What is wanted; conditions say, field by field, what there is.

    Attributes:
        threat_detection: Not supported by this platform.
        compliance: A ComplianceReport for each framework that is known.
        zero_trust: Checked against the records.
        security_orchestration: Only `automated` is supported.
    """

    threat_detection: ThreatDetection = Field(default_factory=ThreatDetection)
    compliance: ComplianceAutomation = Field(default_factory=ComplianceAutomation)
    zero_trust: ZeroTrust = Field(default_factory=ZeroTrust)
    security_orchestration: SecurityOrchestration = Field(default_factory=SecurityOrchestration)


class SecurityAutomationStatus(Status):
    """What is true, one condition per section and `Ready` over all.

    Attributes:
        reports: Names of the ComplianceReports that answer to it.
        unsupported: Paths of the fields that ask for what is not there.
    """

    reports: list[str] = Field(default_factory=list)
    unsupported: list[str] = Field(default_factory=list)


class SecurityAutomation(Resource[SecurityAutomationSpec, SecurityAutomationStatus]):
    """What an organisation wants of its security, held against what this instance does."""

    definition: ClassVar[KindDefinition] = KindDefinition(
        plural="securityautomations",
        namespaced=False,
        columns=(
            PrinterColumn(name="Ready", path='.status.conditions[?(@.type=="Ready")].status'),
            PrinterColumn(name="Reports", path=".status.reports"),
            PrinterColumn(name="Unsupported", path=".status.unsupported", priority=1),
        ),
    )
