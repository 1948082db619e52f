"""OpenID Connect identity tokens as proof of who signs. Pure.

Rules:
1. The token is signed with a key pair's algorithm by a key of a configured issuer, for our
   audience, and is valid now.
2. The subject is the verified e-mail address when the token has one, else a URI of the issuer and
   the `sub`, so that subjects of two issuers never meet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jwt

from idp.kernel.errors import Unauthorized
from idp.protocols.signing.authority import ProvenIdentity

AUDIENCE = "sigstore"
"""For which clients of Fulcio ask for tokens."""

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
MAX_TOKEN_CHARACTERS = 16 * 1024


def identity_of(token: str, issuers: Mapping[str, Mapping[str, Any]]) -> ProvenIdentity:
    """Who a token is about.

    Args:
        token: A JSON Web Token.
        issuers: Address of an issuer -> its JSON Web Key Set.

    Raises:
        Unauthorized: A rule is broken.
    """
    if len(token) > MAX_TOKEN_CHARACTERS:
        raise Unauthorized("the identity token is larger than one is")
    try:
        unverified = jwt.decode(token, options={"verify_signature": False})
        issuer = str(unverified.get("iss"))
        if issuer not in issuers:
            raise Unauthorized(
                f"identities of {issuer} are not certified here",
                remedy=f"Sign in at one of: {', '.join(issuers) or 'no issuer is configured'}.",
            )
        key = _key_of(token, issuers[issuer])
        claims = jwt.decode(
            token,
            key,
            algorithms=list(ALGORITHMS),
            audience=AUDIENCE,
            issuer=issuer,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
    except jwt.PyJWTError as error:
        raise Unauthorized(f"the identity token proves nothing: {error}") from error
    subject, email = str(claims["sub"]), claims.get("email")
    if isinstance(email, str) and email and claims.get("email_verified") is True:
        return ProvenIdentity(issuer, email, email)
    if "://" in subject:
        return ProvenIdentity(issuer, subject, subject)
    return ProvenIdentity(issuer, f"{issuer.rstrip('/')}/users/{subject}", subject)


def _key_of(token: str, keys: Mapping[str, Any]) -> jwt.PyJWK:
    wanted = jwt.get_unverified_header(token).get("kid")
    found = jwt.PyJWKSet.from_dict(dict(keys)).keys
    matching = [key for key in found if wanted is None or key.key_id == wanted]
    if len(matching) != 1:
        raise Unauthorized(f"{len(matching)} keys of the issuer are named {wanted}")
    return matching[0]
