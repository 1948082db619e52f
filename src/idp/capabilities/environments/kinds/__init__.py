"""`IDPInstance`: one platform instance. `PromotionPipeline`: how a release reaches it."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from idp.capabilities.environments.kinds.gates import (
    RULES,
    WEEKDAYS,
    CelRule,
    ChangeRecordRule,
    Egress,
    EmergencyRule,
    Gate,
    HotfixRule,
    HttpRule,
    PerformanceRule,
    RegoRule,
    Requirement,
    SoakRule,
    Weekday,
    WindowException,
    WindowHours,
    WindowRule,
    WorkflowRule,
)
from idp.kernel.manifest import digest
from idp.kernel.resource import KindDefinition, Model, PrinterColumn, Resource, Status

__all__ = [
    "RULES",
    "WEEKDAYS",
    "ApprovalRule",
    "CelRule",
    "ChangeRecordRule",
    "ComponentStatus",
    "Egress",
    "EmergencyRule",
    "EnvironmentName",
    "Gate",
    "HotfixRule",
    "HttpRule",
    "IDPInstance",
    "IDPInstanceSpec",
    "IDPInstanceStatus",
    "PerformanceRule",
    "PromotionPipeline",
    "PromotionPipelineSpec",
    "PromotionPipelineStatus",
    "RegoRule",
    "Requirement",
    "SoakRule",
    "VerificationRule",
    "Weekday",
    "WindowException",
    "WindowHours",
    "WindowRule",
    "WorkflowRule",
]

EnvironmentName = Annotated[
    str, StringConstraints(pattern=r"^[a-z]([-a-z0-9]*[a-z0-9])?$", max_length=40)
]


class IDPInstanceSpec(Model):
    """What this instance is.

    Attributes:
        environment: The environment that it serves.
        target: `machine` runs pods as processes, and lends images its runtime; `cluster` admits
            only images that bring theirs.
    """

    environment: EnvironmentName
    target: Literal["machine", "cluster"] = "machine"


class ComponentStatus(Model):
    """One part of the instance.

    Attributes:
        name: Such as `gateway`.
        healthy: Whether it does its work.
        message: What is wrong, or what it does.
    """

    name: str
    healthy: bool
    message: str = ""


class IDPInstanceStatus(Status):
    """What is true.

    Attributes:
        version: Version of the platform that runs.
        gateway: Address under which applications answer, such as `http://127.0.0.1:8621`.
        public_key: PEM text of the key that signs in the name of this instance.
        components: Health of the parts.
    """

    version: str = ""
    gateway: str = ""
    public_key: str = ""
    components: list[ComponentStatus] = Field(default_factory=list)


class IDPInstance(Resource[IDPInstanceSpec, IDPInstanceStatus]):
    """A platform instance: one environment with its own API, key, gateway and repository."""

    definition: ClassVar[KindDefinition] = KindDefinition(
        plural="idpinstances",
        namespaced=False,
        short_names=("instance", "instances"),
        columns=(
            PrinterColumn(name="Environment", path=".spec.environment"),
            PrinterColumn(name="Ready", path='.status.conditions[?(@.type=="Ready")].status'),
            PrinterColumn(name="Version", path=".status.version"),
            PrinterColumn(name="Gateway", path=".status.gateway"),
        ),
    )


class ApprovalRule(Model):
    """Who must approve.

    Attributes:
        required: Approvals by different people; 0 asks nobody.
        exclude_author: Whether the author of the release and whoever started the promotion may
            not approve it.
        requirements: People of which kinds they must be among others: 1 of the release managers
            and 2 of security, for example.
        valid_hours: How long an approval counts; 0 until its promotion ends.
        deadline_hours: After how many hours without enough approvals the promotion fails.
    """

    required: int = Field(default=0, ge=0, le=20)
    exclude_author: bool = True
    requirements: list[Requirement] = Field(default_factory=list, max_length=10)
    valid_hours: int = Field(default=0, ge=0, le=24 * 90)
    deadline_hours: int = Field(default=168, ge=1, le=24 * 90)


class VerificationRule(Model):
    """What a release must show after it runs here, before it counts as verified.

    Attributes:
        path: Path that is asked through the gateway.
        requests: How many answers in a row must be 2xx or 3xx.
        deadline_seconds: How long that may take.
    """

    path: str = Field(default="/", pattern=r"^/")
    requests: int = Field(default=3, ge=1, le=1000)
    deadline_seconds: int = Field(default=60, ge=5, le=3600)


class PromotionPipelineSpec(Model):
    """How releases reach this environment.

    Attributes:
        previous: Environment that must have verified a release first; unset for the first
            environment, which takes what its own pipeline built.
        automatic: Whether a promotion starts by itself once a release may come.
        approval: Who must approve.
        verification: What must hold after the release runs.
        rollout_deadline_seconds: How long the release may take until all replicas run it.
        gates: What else must hold before the commit, in the order in which it is reported.
        egress: Hosts that gates may talk to; no others.
        hotfix: The expedited way.
        emergency: Overrides.
    """

    previous: EnvironmentName | None = None
    automatic: bool = True
    approval: ApprovalRule = Field(default_factory=ApprovalRule)
    verification: VerificationRule = Field(default_factory=VerificationRule)
    rollout_deadline_seconds: int = Field(default=120, ge=5, le=86400)
    gates: list[Gate] = Field(
        default_factory=list,
        max_length=20,
        json_schema_extra={
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
        },
    )
    egress: list[Egress] = Field(default_factory=list, max_length=50)
    hotfix: HotfixRule = Field(default_factory=HotfixRule)
    emergency: EmergencyRule = Field(default_factory=EmergencyRule)

    @property
    def version(self) -> str:
        """Digest of these rules, defaults included: writing a default out changes nothing."""
        return digest(self.model_dump(mode="json", by_alias=True))


class PromotionPipelineStatus(Status):
    """What is true.

    Attributes:
        version: Digest of the spec. Approvals are bound to it, together with the
            SecurityProfile's.
    """

    version: str = ""


class PromotionPipeline(Resource[PromotionPipelineSpec, PromotionPipelineStatus]):
    """The gates before one environment. The object named `default` serves every application."""

    definition: ClassVar[KindDefinition] = KindDefinition(
        plural="promotionpipelines",
        namespaced=False,
        short_names=("pipeline", "pipelines"),
        columns=(
            PrinterColumn(name="Previous", path=".spec.previous"),
            PrinterColumn(name="Automatic", path=".spec.automatic", type="boolean"),
            PrinterColumn(name="Approvals", path=".spec.approval.required", type="integer"),
        ),
    )
