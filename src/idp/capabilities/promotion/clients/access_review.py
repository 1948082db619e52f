"""Access reviews by the API server: `SubjectAccessReview` (`authorization.k8s.io/v1`)."""

from __future__ import annotations

from collections.abc import Sequence

from idp.capabilities.promotion.kinds import Promotion
from idp.kernel.client import Client
from idp.kernel.resource import ResourceType

SUBJECT_ACCESS_REVIEW = ResourceType(
    "authorization.k8s.io", "v1", "SubjectAccessReview", "subjectaccessreviews", namespaced=False
)


class AccessReviewer:
    """Implements `ports.Reviewer` by verbs on `promotions.platform.idp`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def may_approve(
        self,
        user: str,
        groups: Sequence[str],
        *,
        namespace: str,
        promotion: str,
        emergency: bool = False,
    ) -> bool:
        """Create a review and read its answer; anything but `allowed: true` is a no."""
        verb = "override" if emergency else "approve"
        return await self._may(verb, user, groups, namespace, promotion)

    async def may_promote(self, user: str, groups: Sequence[str], *, namespace: str) -> bool:
        """Ask for the verb that starting a promotion by hand takes."""
        return await self._may("promote", user, groups, namespace)

    async def _may(
        self, verb: str, user: str, groups: Sequence[str], namespace: str, promotion: str = ""
    ) -> bool:
        promotions = Promotion.type()
        attributes = {
            "verb": verb,
            "group": promotions.group,
            "resource": promotions.plural,
            "namespace": namespace,
            "name": promotion,
        }
        review = await self._client.create(
            SUBJECT_ACCESS_REVIEW,
            {"spec": {"user": user, "groups": list(groups), "resourceAttributes": attributes}},
        )
        return (review.get("status") or {}).get("allowed") is True
