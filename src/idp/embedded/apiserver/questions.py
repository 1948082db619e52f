"""The kinds that are asked and not stored: access reviews, token reviews, who am I."""

from __future__ import annotations

from collections.abc import Callable

from idp.embedded.apiserver.access.identity import UserInfo
from idp.embedded.apiserver.access.rbac import RbacAuthorizer
from idp.embedded.apiserver.access.reviews import Reviews
from idp.embedded.apiserver.access.rules import Attributes
from idp.embedded.apiserver.discovery.groups import REVIEWS
from idp.kernel.errors import NotFound
from idp.kernel.resource import Manifest


class Questions:
    """Answers reviews, whichever door they come in by."""

    def __init__(self, reviews: Reviews, authorizer: RbacAuthorizer) -> None:
        self._reviews = reviews
        self._authorizer = authorizer

    @staticmethod
    def knows(group: str, version: str) -> bool:
        """Whether the kinds of a group version are asked and not stored."""
        return (group, version) in REVIEWS

    async def answer(
        self,
        group: str,
        version: str,
        plural: str,
        namespace: str,
        review: Manifest,
        user: UserInfo,
    ) -> Manifest:
        """Answer one review of `user`; gives it back with its status.

        Raises:
            NotFound: There is no such review.
            Forbidden: The user may not ask this.
        """
        kinds = {name: kind for name, kind, _ in REVIEWS[group, version]}
        if plural not in kinds:
            raise NotFound("the server could not find the requested resource")
        self._authorizer.check(user, Attributes("create", group, plural, namespace=namespace))
        body = {**review, "apiVersion": f"{group}/{version}", "kind": kinds[plural]}
        answers: dict[str, Callable[[], Manifest]] = {
            "subjectaccessreviews": lambda: self._reviews.subject_access_review(body),
            "localsubjectaccessreviews": lambda: self._reviews.local_subject_access_review(
                body, namespace
            ),
            "selfsubjectaccessreviews": lambda: self._reviews.self_subject_access_review(
                body, user
            ),
            "selfsubjectrulesreviews": lambda: self._reviews.self_subject_rules_review(body, user),
            "selfsubjectreviews": lambda: self._reviews.self_subject_review(body, user),
            "tokenreviews": lambda: self._reviews.token_review(body),
        }
        if plural == "tokenreviews":
            await self._reviews.learn(body)
        return answers[plural]()
