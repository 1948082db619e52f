"""Tokens of ServiceAccounts: issuing them, and the key that others verify them with."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aiohttp import web

from idp.embedded.apiserver.access.ports import ObjectLookup
from idp.embedded.apiserver.access.service_account_tokens import ServiceAccountTokens
from idp.embedded.apiserver.access.token_request import token_request
from idp.embedded.apiserver.api import Api
from idp.embedded.apiserver.http.answers import json_answer
from idp.embedded.apiserver.http.body import read_value
from idp.embedded.apiserver.verbs.request import Request
from idp.kernel.errors import InvalidInput
from idp.kernel.resource import Manifest


class TokenPages:
    """Issues tokens."""

    def __init__(
        self,
        api: Api,
        tokens: ServiceAccountTokens,
        lookup: ObjectLookup,
        address: Callable[[], str],
    ) -> None:
        self._api = api
        self._tokens = tokens
        self._lookup = lookup
        self._address = address

    async def issue(self, http: web.BaseRequest, request: Request) -> web.StreamResponse:
        """Answer a `TokenRequest`."""
        body, _ = await read_value(http, strict=False)
        if not isinstance(body, dict):
            raise InvalidInput("the body of the request is not a TokenRequest")

        async def issued() -> Manifest:
            namespace, name = request.namespace, request.name
            return token_request(self._tokens, self._lookup, namespace, name, body)

        return json_answer(await self._api.audited(request, "create", issued), 201)

    def answer(self, http: web.BaseRequest, parts: Sequence[str]) -> web.StreamResponse | None:
        """The issuer's public documents."""
        match list(parts):
            case [".well-known", "openid-configuration"]:
                return _public(self._tokens.discovery(self._address()), "application/json")
            case ["openid", "v1", "jwks"]:
                return _public(self._tokens.jwks(), "application/jwk-set+json")
        return None


def _public(document: Manifest, content_type: str) -> web.Response:
    """A document that others may keep for an hour, as they do with a cluster's."""
    answer = json_answer(document)
    answer.content_type = content_type
    answer.headers["Cache-Control"] = "public, max-age=3600"
    return answer
