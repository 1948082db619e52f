"""What only administrators may do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import Request

from idp.apps.hub.authentication import Authentication, admitted
from idp.apps.hub.groups import ADMINISTRATORS
from idp.kernel.errors import Forbidden


def administrators_only(
    authentication: Authentication, matter: str
) -> Callable[[Request], Awaitable[None]]:
    """A dependency of routes that raises `Forbidden` for everybody else.

    Args:
        authentication: Proves who asks.
        matter: What they may not manage, such as `users`.
    """

    async def administrator(request: Request) -> None:
        await authentication.admit_person(request)
        principal = admitted(request)
        if ADMINISTRATORS not in principal.groups:
            raise Forbidden(
                f"{principal.name} may not manage {matter}",
                remedy=f"Ask a member of {ADMINISTRATORS}.",
            )

    return administrator
