"""The kinds that are asked and not stored: access reviews, token reviews, who am I."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from idp.embedded.apiserver.access.identity import UserInfo
from idp.embedded.apiserver.access.rbac import RbacAuthorizer
from idp.embedded.apiserver.access.reviews import Reviews
from idp.embedded.apiserver.access.rules import Attributes
from idp.embedded.apiserver.discovery.groups import REVIEWS
from idp.embedded.apiserver.http.answers import json_answer
from idp.embedded.apiserver.http.body import parse, read_body
from idp.embedded.apiserver.http.paths import ResourcePath
from idp.kernel.errors import InvalidInput, MethodNotAllowed, NotFound
from idp.kernel.resource import Manifest


class ReviewPages:
    """Answers reviews."""

    def __init__(self, reviews: Reviews, authorizer: RbacAuthorizer) -> None:
        self._reviews = reviews
        self._authorizer = authorizer

    @staticmethod
    def knows(path: ResourcePath) -> bool:
        """Whether a path is one of a review."""
        return (path.group, path.version) in REVIEWS

    async def answer(
        self, http: web.BaseRequest, path: ResourcePath, user: UserInfo
    ) -> web.StreamResponse:
        """Answer a review.

        Raises:
            NotFound: There is no such review.
            Forbidden: The user may not ask this.
        """
        kinds = {plural: kind for plural, kind, _ in REVIEWS[path.group, path.version]}
        if path.plural not in kinds or path.name:
            raise NotFound("the server could not find the requested resource")
        if http.method != "POST":
            raise MethodNotAllowed(
                "the server does not allow this method on the requested resource"
            )
        self._authorizer.check(
            user, Attributes("create", path.group, path.plural, namespace=path.namespace)
        )
        media_type = http.content_type.replace("application/octet-stream", "application/json")
        body, _ = parse(await read_body(http), media_type, strict=False)
        if not isinstance(body, dict):
            raise InvalidInput("the body of the request is not an object")
        review = {
            **body,
            "apiVersion": f"{path.group}/{path.version}",
            "kind": kinds[path.plural],
        }
        return json_answer(self._ask(path, review, user), 201)

    def _ask(self, path: ResourcePath, review: Manifest, user: UserInfo) -> Manifest:
        ask: dict[str, Callable[[], Manifest]] = {
            "subjectaccessreviews": lambda: self._reviews.subject_access_review(review),
            "localsubjectaccessreviews": lambda: self._reviews.local_subject_access_review(
                review, path.namespace
            ),
            "selfsubjectaccessreviews": lambda: self._reviews.self_subject_access_review(
                review, user
            ),
            "selfsubjectrulesreviews": lambda: self._reviews.self_subject_rules_review(
                review, user
            ),
            "selfsubjectreviews": lambda: self._reviews.self_subject_review(review, user),
            "tokenreviews": lambda: self._reviews.token_review(review),
        }
        return ask[path.plural]()
