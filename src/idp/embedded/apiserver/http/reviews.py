"""Reviews over HTTP: a POST that stores nothing."""

from __future__ import annotations

from aiohttp import web

from idp.embedded.apiserver.access.identity import UserInfo
from idp.embedded.apiserver.http.answers import json_answer
from idp.embedded.apiserver.http.body import read_value
from idp.embedded.apiserver.http.paths import ResourcePath
from idp.embedded.apiserver.questions import Questions
from idp.kernel.errors import InvalidInput, MethodNotAllowed, NotFound


class ReviewPages:
    """Answers reviews."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions

    def knows(self, path: ResourcePath) -> bool:
        """Whether a path is one of a review."""
        return self._questions.knows(path.group, path.version)

    async def answer(
        self, http: web.BaseRequest, path: ResourcePath, user: UserInfo
    ) -> web.StreamResponse:
        """Answer a review.

        Raises:
            NotFound: There is no such review.
            Forbidden: The user may not ask this.
        """
        if path.name:
            raise NotFound("the server could not find the requested resource")
        if http.method != "POST":
            raise MethodNotAllowed(
                "the server does not allow this method on the requested resource"
            )
        body, _ = await read_value(http, strict=False)
        if not isinstance(body, dict):
            raise InvalidInput("the body of the request is not an object")
        answered = await self._questions.answer(
            path.group, path.version, path.plural, path.namespace, body, user
        )
        return json_answer(answered, 201)
