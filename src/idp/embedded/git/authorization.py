"""Who asks, by HTTP basic authentication, and whether they may."""

from __future__ import annotations

import base64
import binascii
from typing import Literal

from starlette.requests import Request

from idp.kernel.access import Principal, RepositoryAccess
from idp.kernel.errors import Forbidden, Unauthorized

_LONGEST_HEADER = 8192


def basic_credentials(header: str | None) -> tuple[str, str] | None:
    """Username and password of an `Authorization` header; None when there is none.

    Raises:
        Unauthorized: The header is not well-formed basic authentication.
    """
    if not header:
        return None
    scheme, _, encoded = header.partition(" ")
    try:
        if scheme.lower() != "basic" or len(encoded) > _LONGEST_HEADER:
            raise ValueError
        text = base64.b64decode(encoded.strip(), validate=True).decode()
        username, colon, password = text.partition(":")
        if not colon:
            raise ValueError
    except (ValueError, binascii.Error):
        raise Unauthorized("the credentials are not HTTP basic authentication") from None
    return username, password


async def authorize(
    request: Request, access: RepositoryAccess, repository: str, action: Literal["pull", "push"]
) -> Principal | None:
    """Prove who asks and that they may; None is nobody, when nobody in particular may.

    Raises:
        Unauthorized: No credentials where some are needed, or wrong ones.
        Forbidden: A known principal without the right.
    """
    principal = None
    if credentials := basic_credentials(request.headers.get("authorization")):
        principal = await access.authenticate(*credentials)
        if principal is None:
            raise Unauthorized(
                "the user name or the password is wrong",
                remedy="Log in again with `idp-cli login`.",
            )
    if await access.allowed(principal, "git", repository, action):
        return principal
    if principal is None:
        raise Unauthorized(f"a user name and password are needed to {action} {repository}")
    raise Forbidden(
        f"{principal.name} may not {action} {'to' if action == 'push' else 'from'} {repository}",
        remedy="Ask an administrator for a role on this repository.",
    )
