"""What a person sets going from a page: promote, roll back, decide. Each creates one object as that
person; the instance's admission says whether it may be.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from idp.apps.emergency import promote_in_emergency
from idp.apps.hub.instances import Instances
from idp.apps.hub.views.model import View
from idp.apps.promotion_requests import approval_of, promotion_of, rollback_of
from idp.capabilities.promotion.kinds import Approval, Digest, Name, ObjectName, Promotion
from idp.kernel.access import Principal

Reason = Annotated[str, StringConstraints(min_length=3, max_length=2000, strip_whitespace=True)]

BEGIN_SECONDS = 20.0
"""A page is not held up for longer; the override can be given on the promotion's own page."""


class PromoteRequest(View):
    """A release to bring.

    Attributes:
        environment: Where to.
        namespace: Of the application.
        application: Its name.
        release: Name of the Release object.
        reason: Why; demanded for a hotfix and in an emergency.
        hotfix: Whether it takes the expedited way; it takes the verb `hotfix`.
        emergency: Whether approvals and gates are overridden at once; it takes the verb `override`.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "environment": "production",
                    "namespace": "demo",
                    "application": "hello",
                    "release": "hello-r2-3fa9c1d",
                },
                {
                    "environment": "production",
                    "namespace": "demo",
                    "application": "hello",
                    "release": "hello-r2-3fa9c1d",
                    "reason": "payments are down",
                    "emergency": True,
                },
            ]
        }
    )

    environment: Name
    namespace: Name
    application: Name
    release: ObjectName
    reason: Reason | Literal[""] = ""
    hotfix: bool = False
    emergency: bool = False

    @model_validator(mode="after")
    def _explained(self) -> Self:
        if (self.hotfix or self.emergency) and not self.reason:
            raise ValueError("what goes past the rules has a reason")
        return self


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
        comment: Why; demanded for a rejection and an override.
        accepts: Gaps in the evidence that are accepted by name.
        days: For how long they are.
        emergency: Whether it overrides missing approvals and gates; it takes the verb `override`.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "environment": "production",
                    "namespace": "demo",
                    "promotion": "hello-r2-3fa9c1d-x7k2p",
                    "releaseDigest": f"sha256:{'3f' * 32}",
                    "policyVersion": f"sha256:{'a0' * 32}",
                    "decision": "approve",
                    "comment": "payments are down",
                    "accepts": ["dependencies"],
                    "days": 14,
                    "emergency": True,
                }
            ]
        }
    )

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
    emergency: bool = False


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
    """Start the promotion of a release.

    Raises:
        Forbidden: The caller may not; nothing was started.
    """
    manifest = promotion_of(
        request.namespace,
        request.application,
        request.release,
        principal.name,
        reason=request.reason,
        hotfix=request.hotfix,
    )
    client = instances.acting(request.environment, principal)
    if request.emergency:
        made = await promote_in_emergency(
            client,
            request.environment,
            manifest,
            principal.name,
            principal.groups,
            seconds=BEGIN_SECONDS,
        )
    else:
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
            emergency=request.emergency,
        ),
    )


def _started(environment: str, metadata: dict[str, str]) -> Started:
    return Started(environment=environment, namespace=metadata["namespace"], name=metadata["name"])
