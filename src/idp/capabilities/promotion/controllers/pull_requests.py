"""States what became of pull requests, by what became of their promotions."""

from __future__ import annotations

from idp.capabilities.promotion.decide.promotion_status import ENDED
from idp.capabilities.promotion.kinds import Promotion, PullRequest, PullRequestStatus
from idp.kernel.client import Client, get_or_none
from idp.kernel.controller import Controller, Request, Result, Watch
from idp.kernel.status import write_status


class PullRequestFollower:
    """Reconciles one pull request; its promotion has the same name."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def controller(self) -> Controller:
        """The controller with its watches."""
        watches = [Watch(PullRequest.type()), Watch(Promotion.type())]
        return Controller("pull-requests", self._client, self, watches, workers=1)

    async def __call__(self, request: Request) -> Result:
        """Bring the status up to date."""
        type_ = PullRequest.type()
        manifest = await get_or_none(self._client, type_, request.name, request.namespace)
        if manifest is None:
            return Result()
        pull_request = PullRequest.parse(manifest)
        before = pull_request.status
        if before is not None and before.phase != "Open":
            return Result()
        body = await get_or_none(
            self._client, Promotion.type(), pull_request.spec.promotion, request.namespace
        )
        if body is not None:
            status = followed(pull_request, Promotion.parse(body))
            await write_status(self._client, type_, manifest, status)
        return Result()


def followed(pull_request: PullRequest, promotion: Promotion) -> PullRequestStatus:
    """Its status. Pure.

    Once its promotion made the commit it is merged, whether that is undone later or not.
    """
    spec, status = pull_request.spec, promotion.status
    if status is not None and status.commit:
        return PullRequestStatus(phase="Merged", commit=status.commit)
    if status is not None and status.phase in ENDED:
        return PullRequestStatus(
            phase="Closed", message=f"promotion {promotion.name} is {status.phase}"
        )
    waits = f"{spec.decided_by} decided: {spec.decision}" if spec.decision else "waits for a merge"
    return PullRequestStatus(message=waits)
