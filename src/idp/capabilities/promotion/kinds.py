"""`Release`, `Promotion`, `PipelineStep` and `Approval`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints

from idp.kernel.resource import KindDefinition, Model, PrinterColumn, Resource, Status

Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
ImageReference = Annotated[
    str, StringConstraints(pattern=r"^[^@\s]+@sha256:[0-9a-f]{64}$", max_length=512)
]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)]
ObjectName = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$", max_length=200)
]
ObjectNameOrNone = Annotated[
    str, StringConstraints(pattern=r"^([a-z0-9]([-.a-z0-9]*[a-z0-9])?)?$", max_length=200)
]
RepositoryName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9]([-._a-z0-9]*[a-z0-9])?/[a-z0-9]([-._a-z0-9]*[a-z0-9])?$"),
]
CommitId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
Version = Annotated[str, StringConstraints(pattern=r"^r[0-9]+-[0-9a-f]{7,40}$", max_length=60)]
Line = Annotated[str, StringConstraints(max_length=256, pattern=r"^[^\r\n]*$")]
Phase = Literal["Pending", "Running", "Succeeded", "Failed"]

PLATFORM_INITIATOR = "platform"
"""`Promotion.spec.initiator` of a promotion that started by itself."""


class ReleaseSource(Model):
    """Where a release comes from.

    Attributes:
        repository: Git repository, `namespace/name`.
        commit: Full commit id.
        count: Commits up to and including this one: later releases of a branch have more.
        author: User who pushed it.
        time: When it was committed, RFC 3339.
    """

    repository: RepositoryName
    commit: CommitId
    count: int = Field(ge=1)
    author: Line
    time: Line


class ReleaseSpec(Model):
    """A release as it was cut; it never changes.

    Attributes:
        application: Name of the WebApplication.
        version: Such as `r12-3fa9c1d`: commits on the branch and the commit.
        digest: Digest of the signed OCI artifact that is the release.
        repository: Repository of that artifact and of the image, `namespace/name`.
        image: What runs.
        source: Where it comes from.
        application_spec: The WebApplication's spec of that commit, without an image.
        configuration: The ApplicationConfiguration's spec of that commit, when there is one.
    """

    application: Name
    version: Version
    digest: Digest
    repository: RepositoryName
    image: ImageReference
    source: ReleaseSource
    application_spec: dict[str, Any] = Field(default_factory=dict)
    configuration: dict[str, Any] | None = None


class ReleaseStatus(Status):
    """What this instance knows of a release.

    Attributes:
        verified_in: Environments whose valid attestation says that they verified it.
        promotion: The newest promotion of this release here.
    """

    verified_in: list[str] = Field(default_factory=list)
    promotion: str = ""


class Release(Resource[ReleaseSpec, ReleaseStatus]):
    """Image, application and configuration of one commit, content-addressed and signed."""

    definition: ClassVar[KindDefinition] = KindDefinition(
        plural="releases",
        short_names=("rel",),
        columns=(
            PrinterColumn(name="Application", path=".spec.application"),
            PrinterColumn(name="Version", path=".spec.version"),
            PrinterColumn(name="Admitted", path='.status.conditions[?(@.type=="Admitted")].status'),
            PrinterColumn(name="Verified in", path=".status.verifiedIn"),
        ),
        validations=(("self.spec == oldSelf.spec", "a release never changes: cut a new one"),),
    )


class PromotionSpec(Model):
    """What is to happen in this instance.

    Attributes:
        application: Name of the WebApplication.
        action: `promote` brings the release, `rollback` reverts the environment to the commit
            before the one that runs.
        release: Name of the Release; for a rollback it is found by the platform.
        initiator: User who started it; `platform` when it started by itself.
        reason: Why; demanded for a rollback.
    """

    application: Name
    action: Literal["promote", "rollback"] = "promote"
    release: ObjectNameOrNone = ""
    initiator: Line = PLATFORM_INITIATOR
    reason: str = Field(default="", max_length=2000)


class StepSummary(Model):
    """How far one step is.

    Attributes:
        name: Name of the step within the promotion, such as `verdict`.
        phase: Of the step.
        message: What it did or waits for.
        remedy: What a person can do; empty when nothing is needed.
    """

    name: str
    phase: Phase
    message: str = ""
    remedy: str = ""


class PromotionStatus(Status):
    """How far it is.

    Attributes:
        phase: `Succeeded` and `Failed` are final; `Superseded` means that a newer release came
            before this one was approved.
        message: What it waits for, did, or why it failed.
        remedy: What a person can do.
        workflow: Name of the Argo Workflow.
        steps: The steps in their order.
        commit: Commit in the environment's repository that this promotion made.
        release_digest: Digest of the release.
        image: What must run in the end.
        policy_version: Version of the PromotionPipeline and the SecurityProfile that decide.
        started_at: When work began.
        finished_at: When it ended.
    """

    phase: Literal["Pending", "Running", "Succeeded", "Failed", "Superseded"] = "Pending"
    message: str = ""
    remedy: str = ""
    workflow: str = ""
    steps: list[StepSummary] = Field(default_factory=list)
    commit: str = ""
    release_digest: str = ""
    image: str = ""
    policy_version: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None


class Promotion(Resource[PromotionSpec, PromotionStatus]):
    """One release on its way into this instance, or the way back."""

    definition: ClassVar[KindDefinition] = KindDefinition(
        plural="promotions",
        short_names=("promo",),
        columns=(
            PrinterColumn(name="Application", path=".spec.application"),
            PrinterColumn(name="Action", path=".spec.action"),
            PrinterColumn(name="Release", path=".spec.release"),
            PrinterColumn(name="Phase", path=".status.phase"),
            PrinterColumn(name="Message", path=".status.message", priority=1),
        ),
        validations=(
            ("self.spec == oldSelf.spec", "a promotion never changes: start another"),
            (
                "self.spec.action != 'promote' || self.spec.release != ''",
                "to promote, name the release",
            ),
            (
                "self.spec.action != 'rollback' || self.spec.reason != ''",
                "a rollback needs a reason",
            ),
        ),
    )


class PipelineStepSpec(Model):
    """One piece of work of a pipeline.

    Attributes:
        uses: Name of the step's implementation.
        with_: Its parameters; each implementation has its own schema.
        deadline_seconds: After which it fails, from its creation.
        promotion: Promotion that it belongs to; empty for the pipeline of a push.
        position: Place among the steps of its pipeline, for people.
    """

    uses: str = Field(pattern=r"^[a-z][-a-z0-9]*$", max_length=63)
    with_: dict[str, Any] = Field(default_factory=dict, alias="with")
    deadline_seconds: int = Field(default=300, ge=1, le=90 * 86400)
    promotion: ObjectNameOrNone = ""
    position: int = 0


class PipelineStepStatus(Status):
    """How far it is.

    Attributes:
        phase: `Succeeded` and `Failed` are final.
        reason: CamelCase word for programs.
        message: What was done, is waited for, or went wrong.
        remedy: What a person can do.
        outputs: Facts for later steps and for the record.
        started_at: When the first call began.
        finished_at: When it ended.
    """

    phase: Phase = "Pending"
    reason: str = ""
    message: str = ""
    remedy: str = ""
    outputs: dict[str, Any] = Field(default_factory=dict)
    started_at: datetime | None = None
    finished_at: datetime | None = None


class PipelineStep(Resource[PipelineStepSpec, PipelineStepStatus]):
    """A step of a push's or promotion's pipeline; a workflow creates it and waits for its phase."""

    definition: ClassVar[KindDefinition] = KindDefinition(
        plural="pipelinesteps",
        short_names=("step", "steps"),
        columns=(
            PrinterColumn(name="Uses", path=".spec.uses"),
            PrinterColumn(name="Phase", path=".status.phase"),
            PrinterColumn(name="Message", path=".status.message"),
        ),
        validations=(("self.spec == oldSelf.spec", "a step never changes"),),
    )


class Acceptance(Model):
    """A gap in the evidence that an approver accepts.

    Attributes:
        name: Name of the gap as the verdict lists it, such as `dependencies`.
        until: Last moment at which the acceptance counts.
    """

    name: Line
    until: datetime


class ApprovalSpec(Model):
    """What somebody decided; it never changes.

    Attributes:
        promotion: Name of the Promotion.
        release_digest: The release that was looked at.
        target: Environment.
        policy_version: Version of the PromotionPipeline and the SecurityProfile under which it
            was decided.
        decision: `approve` or `reject`.
        approver: The user who decides; must be the one who creates the object.
        approver_groups: Groups of the approver that give the right to approve; each must be one
            that the creator of the object has.
        comment: Why; demanded for a rejection.
        accepts: Gaps in the evidence that the approver accepts by name.
    """

    promotion: ObjectName
    release_digest: Digest
    target: Name
    policy_version: Digest
    decision: Literal["approve", "reject"]
    approver: Line
    approver_groups: list[Line] = Field(default_factory=list, max_length=200)
    comment: str = Field(default="", max_length=2000)
    accepts: list[Acceptance] = Field(default_factory=list, max_length=100)


class ApprovalStatus(Status):
    """Nothing is reported of an approval: it is a fact."""


class Approval(Resource[ApprovalSpec, ApprovalStatus]):
    """A decision of one person about one promotion of one digest."""

    definition: ClassVar[KindDefinition] = KindDefinition(
        plural="approvals",
        columns=(
            PrinterColumn(name="Promotion", path=".spec.promotion"),
            PrinterColumn(name="Decision", path=".spec.decision"),
            PrinterColumn(name="Approver", path=".spec.approver"),
        ),
        validations=(
            ("self.spec == oldSelf.spec", "an approval never changes"),
            (
                "self.spec.decision == 'approve' || self.spec.comment != ''",
                "a rejection needs a comment",
            ),
        ),
    )
