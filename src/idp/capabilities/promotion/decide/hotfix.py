"""Which environments must have verified a release before it comes here. Pure."""

from __future__ import annotations

from idp.capabilities.environments.kinds import PromotionPipelineSpec
from idp.kernel.errors import MissingPrerequisite


class NoHotfix(MissingPrerequisite):
    """The environment has no expedited way."""

    code = "NoHotfix"


def demanded_before(pipeline: PromotionPipelineSpec, *, hotfix: bool) -> tuple[str, ...]:
    """Environments whose statement is demanded, the last one's time being that of soak times.

    Raises:
        NoHotfix: It is a hotfix, and this environment takes none.
    """
    if not hotfix:
        return () if pipeline.previous is None else (pipeline.previous,)
    if not pipeline.hotfix.allowed:
        raise NoHotfix(
            "this environment takes no hotfix",
            remedy="Promote the release through the environments before, or set "
            "`spec.hotfix.allowed` of the PromotionPipeline.",
        )
    return tuple(pipeline.hotfix.verified_in)
