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
    """Implements `ports.Reviewer` by `approve` and `override` on `promotions.platform.idp`."""

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
        promotions = Promotion.type()
        attributes = {
            "verb": "override" if emergency else "approve",
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
