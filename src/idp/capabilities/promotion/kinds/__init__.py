"""`Release`, `Promotion`, `PipelineStep`, `Approval`, `Freeze` and `Review`."""

from __future__ import annotations

from idp.capabilities.promotion.kinds.approval import (
    Acceptance,
    Approval,
    ApprovalSpec,
    ApprovalStatus,
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
from idp.capabilities.promotion.kinds.release import (
    Release,
    ReleaseSource,
    ReleaseSpec,
    ReleaseStatus,
)
from idp.capabilities.promotion.kinds.review import Review, ReviewSpec, ReviewStatus
from idp.capabilities.promotion.kinds.step import PipelineStep, PipelineStepSpec, PipelineStepStatus
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
    "Digest",
    "Freeze",
    "FreezeSelector",
    "FreezeSpec",
    "FreezeStatus",
    "ImageReference",
    "Line",
    "Name",
    "ObjectName",
    "ObjectNameOrNone",
    "Phase",
    "PipelineStep",
    "PipelineStepSpec",
    "PipelineStepStatus",
    "Promotion",
    "PromotionSpec",
    "PromotionStatus",
    "Release",
    "ReleaseSource",
    "ReleaseSpec",
    "ReleaseStatus",
    "RepositoryName",
    "Review",
    "ReviewSpec",
    "ReviewStatus",
    "StepSummary",
    "Version",
]
