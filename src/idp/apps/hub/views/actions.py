"""What a person sets going from a page: promote, roll back, decide. Each creates one object as that
person; the instance's admission says whether it may be.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from idp.apps.hub.instances import Instances
from idp.apps.hub.views.model import View
from idp.apps.promotion_requests import approval_of, promotion_of, rollback_of
from idp.capabilities.promotion.kinds import Approval, Digest, Name, ObjectName, Promotion
from idp.kernel.access import Principal

Reason = Annotated[str, StringConstraints(min_length=3, max_length=2000, strip_whitespace=True)]


class PromoteRequest(View):
    """A release to bring.

    Attributes:
        environment: Where to.
        namespace: Of the application.
        application: Its name.
        release: Name of the Release object.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "environment": "production",
                    "namespace": "demo",
                    "application": "hello",
                    "release": "hello-r2-3fa9c1d",
                }
            ]
        }
    )

    environment: Name
    namespace: Name
    application: Name
    release: ObjectName


class RollbackRequest(View):
    """What is to go back.

    Attributes:
        environment: Where.
        namespace: Of the application.
        application: Its name.
        reason: Why; kept in the history.
    """

    environment: Name
    namespace: Name
    application: Name
    reason: Reason


class DecisionRequest(View):
    """A decision about a promotion.

    Attributes:
        environment: The target.
        namespace: Of the promotion.
        promotion: Its name.
        release_digest: The release that was looked at.
        policy_version: The rules under which it was looked at.
        decision: What is decided.
        comment: Why; demanded for a rejection.
        accepts: Gaps in the evidence that are accepted by name.
        days: For how long they are.
    """

    environment: Name
    namespace: Name
    promotion: ObjectName
    release_digest: Digest
    policy_version: Digest
    decision: Literal["approve", "reject"]
    comment: str = Field(default="", max_length=2000)
    accepts: list[Annotated[str, StringConstraints(max_length=256)]] = Field(
        default_factory=list, max_length=100
    )
    days: int = Field(default=30, ge=1, le=365)


class Started(View):
    """A promotion that was started.

    Attributes:
        environment: The target.
        namespace: Where it is.
        name: Its name.
    """

    environment: str
    namespace: str
    name: str


async def promote(instances: Instances, principal: Principal, request: PromoteRequest) -> Started:
    """Start the promotion of a release."""
    manifest = promotion_of(request.namespace, request.application, request.release, principal.name)
    client = instances.client(request.environment, principal)
    made = await client.create(Promotion.type(), manifest)
    return _started(request.environment, made["metadata"])


async def roll_back(
    instances: Instances, principal: Principal, request: RollbackRequest
) -> Started:
    """Start a rollback."""
    manifest = rollback_of(request.namespace, request.application, principal.name, request.reason)
    client = instances.client(request.environment, principal)
    made = await client.create(Promotion.type(), manifest)
    return _started(request.environment, made["metadata"])


async def decide(instances: Instances, principal: Principal, request: DecisionRequest) -> None:
    """Record a decision in the caller's name."""
    await instances.client(request.environment, principal).create(
        Approval.type(),
        approval_of(
            namespace=request.namespace,
            promotion=request.promotion,
            release_digest=request.release_digest,
            policy_version=request.policy_version,
            target=request.environment,
            decision=request.decision,
            approver=principal.name,
            groups=principal.groups,
            comment=request.comment,
            accepts=request.accepts,
            days=request.days,
        ),
    )


def _started(environment: str, metadata: dict[str, str]) -> Started:
    return Started(environment=environment, namespace=metadata["namespace"], name=metadata["name"])
