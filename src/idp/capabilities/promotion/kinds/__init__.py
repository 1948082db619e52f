"""What moves, how it moves, who decides and what starts it: each kind has a file."""

from __future__ import annotations

from idp.capabilities.promotion.kinds.abort import (
    PromotionAbort,
    PromotionAbortSpec,
    PromotionAbortStatus,
)
from idp.capabilities.promotion.kinds.approval import (
    Acceptance,
    Approval,
    ApprovalSpec,
    ApprovalStatus,
)
from idp.capabilities.promotion.kinds.drift import (
    Difference,
    DriftReport,
    DriftReportSpec,
    DriftReportStatus,
)
from idp.capabilities.promotion.kinds.freeze import (
    Freeze,
    FreezeSelector,
    FreezeSpec,
    FreezeStatus,
)
from idp.capabilities.promotion.kinds.promotion import (
    PLATFORM_INITIATOR,
    Promotion,
    PromotionSpec,
    PromotionStatus,
    StepSummary,
)
from idp.capabilities.promotion.kinds.pull_request import (
    PullRequest,
    PullRequestSpec,
    PullRequestStatus,
)
from idp.capabilities.promotion.kinds.release import (
    Release,
    ReleaseSource,
    ReleaseSpec,
    ReleaseStatus,
)
from idp.capabilities.promotion.kinds.review import Review, ReviewSpec, ReviewStatus
from idp.capabilities.promotion.kinds.set import (
    MemberStatus,
    PromotionSet,
    PromotionSetSpec,
    PromotionSetStatus,
    SetMember,
)
from idp.capabilities.promotion.kinds.step import PipelineStep, PipelineStepSpec, PipelineStepStatus
from idp.capabilities.promotion.kinds.trigger import (
    PromotionTrigger,
    PromotionTriggerSpec,
    PromotionTriggerStatus,
    ScheduleRule,
    TriggerEvent,
    TriggerEventSpec,
    TriggerEventStatus,
)
from idp.capabilities.promotion.kinds.words import (
    CommitId,
    Digest,
    ImageReference,
    Line,
    Name,
    ObjectName,
    ObjectNameOrNone,
    Phase,
    RepositoryName,
    Version,
)

__all__ = [
    "PLATFORM_INITIATOR",
    "Acceptance",
    "Approval",
    "ApprovalSpec",
    "ApprovalStatus",
    "CommitId",
    "Difference",
    "Digest",
    "DriftReport",
    "DriftReportSpec",
    "DriftReportStatus",
    "Freeze",
    "FreezeSelector",
    "FreezeSpec",
    "FreezeStatus",
    "ImageReference",
    "Line",
    "MemberStatus",
    "Name",
    "ObjectName",
    "ObjectNameOrNone",
    "Phase",
    "PipelineStep",
    "PipelineStepSpec",
    "PipelineStepStatus",
    "Promotion",
    "PromotionAbort",
    "PromotionAbortSpec",
    "PromotionAbortStatus",
    "PromotionSet",
    "PromotionSetSpec",
    "PromotionSetStatus",
    "PromotionSpec",
    "PromotionStatus",
    "PromotionTrigger",
    "PromotionTriggerSpec",
    "PromotionTriggerStatus",
    "PullRequest",
    "PullRequestSpec",
    "PullRequestStatus",
    "Release",
    "ReleaseSource",
    "ReleaseSpec",
    "ReleaseStatus",
    "RepositoryName",
    "Review",
    "ReviewSpec",
    "ReviewStatus",
    "ScheduleRule",
    "SetMember",
    "StepSummary",
    "TriggerEvent",
    "TriggerEventSpec",
    "TriggerEventStatus",
    "Version",
]
