"""The authorities over HTTP, in the forms that Sigstore's clients speak.

`POST token`: an identity token for who is signed in. `POST api/v2/signingCert`: a certificate, as
Fulcio gives it. `POST timestamp`: a time stamp, as RFC 3161 section 3.4 or as Sigstore's client
asks for it. The token is the credential for a certificate; time stamps are for everybody, for they
say nothing about who asked.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from idp.apps.hub.authentication import Authentication, error_response
from idp.apps.hub.signing_authorities import Authorities
from idp.kernel.errors import IdpError, InvalidInput
from idp.protocols.signing import strict_json
from idp.protocols.signing.timestamps.token import pem_of

_LIMIT = 64 * 1024
_REPLY = "application/timestamp-reply"

Handler = Callable[[Request], Awaitable[Response]]


def signing_services(authorities: Authorities, authentication: Authentication) -> Starlette:
    """The routes, to be mounted."""

    async def token(request: Request) -> Response:
        person = await authentication.person(request)
        return JSONResponse({"token": authorities.token(person.name)})

    async def certificate(request: Request) -> Response:
        identity_token, public_key, proof = _asked(await request.body())
        identity = authorities.identity(identity_token)
        issued = authorities.certificates.certify(identity, public_key, proof)
        chain = [pem_of(issued), pem_of(authorities.certificates.certificate)]
        return JSONResponse(
            {"signedCertificateEmbeddedSct": {"chain": {"certificates": chain}}}, status_code=201
        )

    async def timestamp(request: Request) -> Response:
        body = await request.body()
        kind = request.headers.get("content-type", "").partition(";")[0]
        if kind == "application/json":
            reply = authorities.timestamps.stamp_digest(_digest(body))
        else:
            reply = authorities.timestamps.respond(body)
        return Response(reply, media_type=_REPLY, status_code=201 if "json" in kind else 200)

    routes = {"/token": token, "/api/v2/signingCert": certificate, "/timestamp": timestamp}
    return Starlette(
        routes=[Route(path, _answered(call), methods=["POST"]) for path, call in routes.items()]
    )


def _answered(handler: Handler) -> Handler:
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except IdpError as error:
            return error_response(error)

    return answer


def _asked(body: bytes) -> tuple[str, str, bytes]:
    """Token, public key and proof of possession of a request for a certificate."""
    asked: dict[str, Any] = strict_json.parse_object(body, limit=_LIMIT, what="the request")
    try:
        token = asked["credentials"]["oidcIdentityToken"]
        request = asked["publicKeyRequest"]
        key = request["publicKey"]["content"]
        proof = base64.b64decode(request["proofOfPossession"], validate=True)
    except (KeyError, TypeError, binascii.Error, ValueError) as error:
        raise InvalidInput("the request is not in the form of Fulcio's v2 API") from error
    if not isinstance(token, str) or not isinstance(key, str):
        raise InvalidInput("the token and the public key must be text")
    return token, key, proof


def _digest(body: bytes) -> bytes:
    asked = strict_json.parse_object(body, limit=_LIMIT, what="the request")
    if asked.get("hashAlgorithm") != "sha256":
        raise InvalidInput("only SHA-256 digests are stamped")
    try:
        return base64.b64decode(asked["artifactHash"], validate=True)
    except (KeyError, TypeError, binascii.Error, ValueError) as error:
        raise InvalidInput("artifactHash is not base64") from error
