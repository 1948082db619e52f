"""Proposes a promotion's commit as a pull request, and says what was decided about it.

The branch has one commit, by the promotion's uid, and the object has the promotion's name: calling
again proposes once. Merging is the commit that `commit` makes anyway; it writes the same files.
"""

from __future__ import annotations

import contextlib

from idp.capabilities.environments.kinds import PromotionPipelineSpec
from idp.capabilities.promotion.decide.promotion_status import ENDED
from idp.capabilities.promotion.environment import EnvironmentRepository
from idp.capabilities.promotion.kinds import Promotion, PullRequest, PullRequestSpec, ReleaseSpec
from idp.capabilities.promotion.render.argo_application import BRANCH, environment_repository
from idp.capabilities.promotion.render.templates import APPLICATION_LABEL
from idp.kernel.client import Client, get_or_none
from idp.kernel.errors import AlreadyExists, Conflict
from idp.kernel.manifest import owned_by, render
from idp.kernel.step import Outcome, failed, waiting

LOOK_AGAIN = 60.0
"""Seconds; a decision calls the step at once."""


class PullRequests:
    """Pull requests of one environment's repository."""

    def __init__(
        self, client: Client, repository: EnvironmentRepository, *, environment: str
    ) -> None:
        self._client = client
        self._repository = repository
        self._environment = environment

    async def undecided(
        self, promotion: Promotion, release: ReleaseSpec, rules: PromotionPipelineSpec
    ) -> Outcome | None:
        """What the step says until the pull request is merged; None when it goes on.

        Raises:
            Conflict: The object of a former promotion of that name is still there.
        """
        if promotion.status is not None and promotion.status.phase in ENDED:
            return None  # taking its turn is refused, with the reason
        spec = (await self._opened(promotion, release)).spec
        if spec.decision == "close":
            return failed(
                f"{spec.decided_by} closed the pull request: {spec.comment or 'no comment'}",
                reason="PullRequestClosed",
                remedy="Settle the objection, then start the promotion again.",
            )
        return waits_for_merge(
            spec, promotion, release, rules, self._merge(promotion.namespace, promotion.name)
        )

    def _merge(self, namespace: str, name: str) -> str:
        return (
            f"idp-cli promotion pull-request merge {name} --environment {self._environment} "
            f"--namespace {namespace}"
        )

    async def _opened(self, promotion: Promotion, release: ReleaseSpec) -> PullRequest:
        type_, name, namespace = PullRequest.type(), promotion.name, promotion.namespace
        found = await get_or_none(self._client, type_, name, namespace)
        if found is None:
            with contextlib.suppress(AlreadyExists):
                await self._client.create(type_, await self._proposed(promotion, release))
            found = await self._client.get(type_, name, namespace)
        owners = found["metadata"].get("ownerReferences", [])
        if not any(owner["uid"] == promotion.metadata.uid for owner in owners):
            raise Conflict(
                f"pull request {name} of a former promotion is still there",
                remedy="Delete it, or start the promotion under another name.",
            )
        return PullRequest.parse(found)

    async def _proposed(self, promotion: Promotion, release: ReleaseSpec) -> dict[str, object]:
        namespace, uid = promotion.namespace, promotion.metadata.uid
        branch = f"promotion/{namespace}/{promotion.name}-{uid[:8]}"
        commit = await self._repository.deploy(
            release, namespace, promotion=promotion.name, uid=uid, branch=branch
        )
        spec = PullRequestSpec(
            application=release.application,
            promotion=promotion.name,
            release=promotion.spec.release,
            repository=environment_repository(self._environment),
            branch=branch,
            base=BRANCH,
            commit=commit,
        )
        manifest = render(
            PullRequest.type(),
            promotion.name,
            namespace,
            labels={APPLICATION_LABEL: release.application},
            spec=spec.model_dump(mode="json", by_alias=True),
        )
        return owned_by(promotion.manifest(), [manifest])[0]


def waits_for_merge(
    spec: PullRequestSpec,
    promotion: Promotion,
    release: ReleaseSpec,
    rules: PromotionPipelineSpec,
    command: str,
) -> Outcome | None:
    """Whether somebody who counts merged; None when so. Pure.

    With `excludeAuthor` neither the author of the release nor whoever started the promotion does.
    """
    if spec.decision != "merge":
        return waiting(
            f"pull request {promotion.name} to be merged",
            reason="WaitingForMerge",
            remedy=f"`{command}`; before, look at branch {spec.branch} of {spec.repository}.",
            after=LOOK_AGAIN,
        )
    involved = (release.source.author, promotion.spec.initiator)
    if rules.approval.exclude_author and spec.decided_by in involved:
        return waiting(
            f"somebody else to merge the pull request: {spec.decided_by} wrote the release or "
            "started the promotion",
            reason="WaitingForMerge",
            remedy=f"`{command}` by somebody else.",
            after=LOOK_AGAIN,
        )
    return None
