"""Reviews: what went past the rules, and who has looked at it since."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Literal

from pydantic import ConfigDict

from idp.apps.hub.instances import Instances
from idp.apps.hub.views.actions import Reason
from idp.apps.hub.views.board import InstanceState, instance_state
from idp.apps.hub.views.gather import gather, listing
from idp.apps.hub.views.model import View
from idp.apps.hub.views.rights import may
from idp.capabilities.promotion.kinds import Review
from idp.kernel.access import Principal
from idp.kernel.client import Client
from idp.kernel.errors import IdpError
from idp.kernel.resource import Manifest

REVIEW = Review.type()


class ReviewView(View):
    """What is to be reviewed.

    Attributes:
        environment: Where.
        namespace: Of the application.
        name: Of the object.
        application: Name of the application.
        promotion: Name of the Promotion.
        release: Name of the Release.
        cause: What went past the rules.
        by: Who did it.
        reason: Why.
        overridden: Gates and approvals that were overridden or skipped.
        due: By when it must be closed.
        validate_in: Environments that must have verified the release before.
        verified_in: Those of them that have.
        closed_by: Who closed it; empty while it is open.
        conclusion: What was found.
        may_close: Whether the caller may close it now.
        why_not: Why not, while it is open.
    """

    environment: str
    namespace: str
    name: str
    application: str
    promotion: str
    release: str
    cause: Literal["emergency", "hotfix"]
    by: str
    reason: str
    overridden: list[str]
    due: datetime
    validate_in: list[str]
    verified_in: list[str]
    closed_by: str
    conclusion: str
    may_close: bool
    why_not: str


class ReviewList(View):
    """Reviews that the caller may see.

    Attributes:
        instances: How each instance answered.
        reviews: Those that are open first, the soonest due first.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "instances": [{"environment": "production"}],
                    "reviews": [
                        {
                            "environment": "production",
                            "namespace": "demo",
                            "name": "hello-r2-3fa9c1d-x7k2p-emergency",
                            "application": "hello",
                            "promotion": "hello-r2-3fa9c1d-x7k2p",
                            "release": "hello-r2-3fa9c1d",
                            "cause": "emergency",
                            "by": "rosa",
                            "reason": "payments are down",
                            "overridden": ["approvals", "soak"],
                            "due": "2026-11-30T09:00:00Z",
                            "validateIn": [],
                            "verifiedIn": [],
                            "closedBy": "",
                            "conclusion": "",
                            "mayClose": True,
                            "whyNot": "",
                        }
                    ],
                }
            ]
        }
    )

    instances: list[InstanceState]
    reviews: list[ReviewView]


class Closing(View):
    """What a review found.

    Attributes:
        conclusion: In words; it never changes.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"conclusion": "It was right; the soak time is too long."}]}
    )

    conclusion: Reason


async def reviews(instances: Instances, principal: Principal, *, closed: bool) -> ReviewList:
    """The reviews, wherever the caller may look; those that are closed only when asked for."""

    async def ask(client: Client) -> list[tuple[Manifest, bool]]:
        listed = (await listing(REVIEW)(client))[REVIEW.kind]
        wanted = [review for review in listed if closed or not review["spec"].get("closedBy")]
        rights = await asyncio.gather(*(may_close(client, review) for review in wanted))
        return list(zip(wanted, rights, strict=True))

    answers = await gather(instances, principal, ask)
    found = [
        review_view(environment, review, principal.name, allowed)
        for environment, answer in answers.items()
        if not isinstance(answer, IdpError)
        for review, allowed in answer
    ]
    return ReviewList(
        instances=[instance_state(e, answer) for e, answer in answers.items()],
        reviews=sorted(found, key=lambda view: (view.closed_by != "", view.due)),
    )


async def may_close(client: Client, review: Manifest) -> bool:
    """Whether RBAC lets the client's user close a review; not asked of one that is closed."""
    meta = review["metadata"]
    if review["spec"].get("closedBy"):
        return False
    return await may(client, "close", meta["namespace"], meta["name"], resource=REVIEW.plural)


def review_view(environment: str, manifest: Manifest, caller: str, allowed: bool) -> ReviewView:
    """A review, and what the caller may do with it. Pure.

    Args:
        environment: Where.
        manifest: The Review.
        caller: Who looks.
        allowed: Whether RBAC lets the caller close it.
    """
    review = Review.parse(manifest)
    spec, status = review.spec, review.status
    verified = status.verified_in if status else []
    unverified = [place for place in spec.validate_in if place not in verified]
    why_not = ""
    if not spec.closed_by:
        if caller == spec.by:
            why_not = "it is about what you did: somebody else must close it"
        elif not allowed:
            why_not = f"it takes the role of an approver in {environment}"
        elif unverified:
            why_not = f"the release must first be verified in {', '.join(unverified)}"
    return ReviewView(
        environment=environment,
        namespace=review.namespace,
        name=review.name,
        **spec.model_dump(exclude={"release_digest"}),
        verified_in=verified,
        may_close=not spec.closed_by and not why_not,
        why_not=why_not,
    )


async def close_review(
    instances: Instances,
    principal: Principal,
    environment: str,
    namespace: str,
    name: str,
    closing: Closing,
) -> None:
    """Close a review in the caller's name; the instance's admission says whether that may be."""
    change = {"spec": {"closedBy": principal.name, "conclusion": closing.conclusion}}
    await instances.client(environment, principal).patch(REVIEW, name, change, namespace)
