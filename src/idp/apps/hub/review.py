"""Asks the first environment's RBAC whether a person may use a repository."""

from __future__ import annotations

import structlog

from idp.apps.hub.instances import Instances
from idp.capabilities.applications.kinds import WebApplication
from idp.kernel.access import Principal
from idp.kernel.errors import IdpError
from idp.kernel.resource import ResourceType

log = structlog.get_logger(__name__)

SELF_SUBJECT_ACCESS_REVIEW = ResourceType(
    "authorization.k8s.io",
    "v1",
    "SelfSubjectAccessReview",
    "selfsubjectaccessreviews",
    namespaced=False,
)


class RepositoryReview:
    """Callable as `idp.apps.hub.access.Review`; without an answer nobody may."""

    def __init__(self, instances: Instances) -> None:
        self._instances = instances

    async def __call__(
        self, principal: Principal, verb: str, namespace: str, application: str
    ) -> bool:
        """Whether `principal` may `verb` the application of that name."""
        attributes = {
            "verb": verb,
            "group": WebApplication.type().group,
            "resource": WebApplication.type().plural,
            "namespace": namespace,
            "name": application,
        }
        client = self._instances.client(self._instances.environments[0], principal)
        try:
            review = await client.create(
                SELF_SUBJECT_ACCESS_REVIEW, {"spec": {"resourceAttributes": attributes}}
            )
        except IdpError as error:
            log.warning("access review failed; refusing", user=principal.name, error=str(error))
            return False
        return bool((review.get("status") or {}).get("allowed"))
