"""The rules in force for a promotion: how it goes, and what its evidence must say. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from idp.capabilities.environments.kinds import PromotionPipelineSpec
from idp.capabilities.scanning.kinds import SecurityProfileSpec
from idp.kernel.manifest import digest


@dataclass(frozen=True)
class Rules:
    """Both kinds of rules, read together.

    Attributes:
        pipeline: Of the PromotionPipeline.
        profile: Of the SecurityProfile.
    """

    pipeline: PromotionPipelineSpec
    profile: SecurityProfileSpec

    @cached_property
    def policy_version(self) -> str:
        """Digest of all rules: whatever changes in one of them voids what was decided."""
        return digest({"pipeline": self.pipeline.version, "profile": self.profile.version})
