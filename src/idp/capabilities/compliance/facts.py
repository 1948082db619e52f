"""What evidence is made of: the records of an instance at one moment, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from idp.capabilities.environments.kinds import ComponentStatus, PromotionPipelineSpec
from idp.capabilities.promotion.kinds import Review
from idp.capabilities.scanning.kinds import SecurityProfileSpec, VulnerabilityException
from idp.kernel.resource import Manifest


@dataclass(frozen=True, slots=True)
class AuditFacts:
    """What the check of the audit chain gave.

    Attributes:
        records: How many hold.
        broken_at: Sequence of the first that does not; None when all do.
        reason: What is wrong there.
        head: Hash of the last good one.
    """

    records: int
    broken_at: int | None = None
    reason: str = ""
    head: str = ""


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy of the instance's objects that was handed out.

    Attributes:
        sequence: Of its audit record.
        time: RFC 3339.
        actor: Who took it.
        hash: Of its audit record.
    """

    sequence: int
    time: str
    actor: str
    hash: str


@dataclass(frozen=True, slots=True)
class PromotionRecord:
    """A promotion that ended, as the ledger tells it.

    Attributes:
        namespace: Of the application.
        name: Of the Promotion.
        application: Its name.
        action: `promote` or `rollback`.
        phase: How it ended.
        release: Name of the Release.
        initiator: Who started it.
        reason: In the initiator's words.
        commit: In the environment's repository; empty when it did not come to it.
        decision: Of the verdict; empty when it did not come to it.
        evidence_digest: What the verdict stood on.
        approvers: Whose approvals counted.
        finished: RFC 3339.
    """

    namespace: str
    name: str
    application: str
    action: str
    phase: str
    release: str
    initiator: str
    reason: str
    commit: str
    decision: str
    evidence_digest: str
    approvers: tuple[str, ...]
    finished: str


@dataclass(frozen=True, slots=True)
class NewestScan:
    """The newest scan of an application.

    Attributes:
        namespace: Of the application.
        application: Its name.
        time: RFC 3339.
        incomplete: Scanners that did not look at everything.
    """

    namespace: str
    application: str
    time: str
    incomplete: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ApplicationStanding:
    """How the findings of an application stand.

    Attributes:
        namespace: Of the application.
        application: Its name.
        opened: How many are open.
        overdue: How many of them are past their due date.
        excepted: How many are let be.
    """

    namespace: str
    application: str
    opened: int
    overdue: int
    excepted: int


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where something listens.

    Attributes:
        name: For people.
        url: Its address.
    """

    name: str
    url: str


@dataclass(frozen=True)
class Facts:
    """Everything that evidence is drawn from.

    Attributes:
        environment: Where.
        now: When.
        period_days: How far back records count.
        audit: The audit chain.
        backups: Newest first.
        promotions: That ended within the period, newest first.
        scans: The newest of each application.
        standings: The findings of each application.
        endpoints: Where the platform listens.
        profile: The SecurityProfile in force; None when there is none, or an invalid one.
        pipeline: The PromotionPipeline in force; None likewise.
        exceptions: All of them.
        releases: Name -> author, of the Releases that are known.
        bindings: ClusterRoleBindings and RoleBindings.
        roles: Name -> rules, of ClusterRoles.
        enforced: Names of ValidatingAdmissionPolicies that a binding denies by.
        applications: Namespace and name of each WebApplication.
        isolated: Those of them that have a NetworkPolicy.
        components: Health of the instance's parts.
        reviews: Of what went past the rules.
        on_cluster: Whether applications run on a cluster, whose network enforces policies.
    """

    environment: str
    now: datetime
    period_days: int = 90
    audit: AuditFacts = field(default_factory=lambda: AuditFacts(0))
    backups: Sequence[Backup] = ()
    promotions: Sequence[PromotionRecord] = ()
    scans: Sequence[NewestScan] = ()
    standings: Sequence[ApplicationStanding] = ()
    endpoints: Sequence[Endpoint] = ()
    profile: SecurityProfileSpec | None = None
    pipeline: PromotionPipelineSpec | None = None
    exceptions: Sequence[VulnerabilityException] = ()
    releases: dict[str, str] = field(default_factory=dict)
    bindings: Sequence[Manifest] = ()
    roles: dict[str, list[Manifest]] = field(default_factory=dict)
    enforced: frozenset[str] = frozenset()
    applications: Sequence[tuple[str, str]] = ()
    isolated: frozenset[tuple[str, str]] = frozenset()
    components: Sequence[ComponentStatus] = ()
    reviews: Sequence[Review] = ()
    on_cluster: bool = False
