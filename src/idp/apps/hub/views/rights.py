"""What the caller may do, as each instance's RBAC says; only for what a page offers.

What is then really asked for is decided by the instance again, whatever a page offered.
"""

from __future__ import annotations

import asyncio

from idp.apps.hub.instances import Instances
from idp.apps.hub.review import SELF_SUBJECT_ACCESS_REVIEW
from idp.apps.hub.views.gather import gather
from idp.apps.hub.views.model import View
from idp.capabilities.promotion.kinds import Promotion
from idp.kernel.access import Principal
from idp.kernel.client import Client
from idp.kernel.errors import IdpError
from idp.kernel.resource import PLATFORM_GROUP


class Rights(View):
    """What the caller may do in one environment.

    Attributes:
        environment: The instance.
        promote: Start promotions.
        rollback: Start rollbacks.
        approve: Decide about promotions.
    """

    environment: str
    promote: bool = False
    rollback: bool = False
    approve: bool = False


async def may(
    client: Client,
    verb: str,
    namespace: str | None = None,
    name: str = "",
    resource: str = Promotion.type().plural,
    group: str = PLATFORM_GROUP,
) -> bool:
    """Whether the client's user may do something with resources, of the platform by default.

    Args:
        client: Acts for the user.
        verb: Such as `approve`.
        namespace: None asks about all namespaces.
        name: Of one object; empty asks about all.
        resource: Plural of the kind.
        group: API group of the kind.
    """
    attributes = {"verb": verb, "group": group, "resource": resource}
    if namespace:
        attributes["namespace"] = namespace
    if name:
        attributes["name"] = name
    review = await client.create(
        SELF_SUBJECT_ACCESS_REVIEW, {"spec": {"resourceAttributes": attributes}}
    )
    return bool((review.get("status") or {}).get("allowed"))


async def rights(instances: Instances, principal: Principal, namespace: str | None) -> list[Rights]:
    """What the caller may do in each environment; nothing where the instance is silent."""

    async def ask(client: Client) -> dict[str, bool]:
        verbs = ("promote", "rollback", "approve")
        answers = await asyncio.gather(*(may(client, verb, namespace) for verb in verbs))
        return dict(zip(verbs, answers, strict=True))

    answers = await gather(instances, principal, ask)
    return [
        Rights(environment=environment, **({} if isinstance(answer, IdpError) else answer))
        for environment, answer in answers.items()
    ]
