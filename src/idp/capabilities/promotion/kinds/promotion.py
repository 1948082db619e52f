"""`Promotion`: a release on its way into an instance."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field

from idp.capabilities.promotion.kinds.words import (
    Line,
    Name,
    ObjectNameOrNone,
    Phase,
)
from idp.kernel.resource import KindDefinition, Model, PrinterColumn, Resource, Status

PLATFORM_INITIATOR = "platform"
"""`Promotion.spec.initiator` of a promotion that started by itself."""


class PromotionSpec(Model):
    """What is to happen in this instance.

    Attributes:
        application: Name of the WebApplication.
        action: `promote` brings the release, `rollback` reverts the environment to the commit
            before the one that runs.
        release: Name of the Release; for a rollback it is found by the platform.
        initiator: User who started it; `platform` when it started by itself.
        reason: Why; demanded for a rollback and a hotfix.
        hotfix: Whether the release takes the expedited way: it need not have gone through every
            environment before, and waits for no soak time and no window.
    """

    application: Name
    action: Literal["promote", "rollback"] = "promote"
    release: ObjectNameOrNone = ""
    initiator: Line = PLATFORM_INITIATOR
    reason: str = Field(default="", max_length=2000)
    hotfix: bool = False


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
            (
                "!self.spec.hotfix || (self.spec.action == 'promote' && self.spec.reason != '')",
                "a hotfix is a promotion, and needs a reason",
            ),
        ),
    )
