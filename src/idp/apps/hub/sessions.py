"""Signing in: a name and a password, checked with a limit on how often one may try."""

from __future__ import annotations

import asyncio

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from idp.apps.hub.users import Users
from idp.apps.hub.web.rate_limit import SignInLimit
from idp.kernel.access import INSTANCE_PREFIX, Principal
from idp.kernel.errors import TooManyRequests, Unauthorized


class Credential(BaseModel):
    """A name and a password."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "maya", "password": "correct horse battery staple"}]
        }
    )

    name: str = Field(max_length=100)
    password: str = Field(max_length=1000, repr=False)


async def check_credential(
    users: Users, limit: SignInLimit, request: Request, credential: Credential
) -> Principal:
    """Who signs in.

    Raises:
        Unauthorized: Name or password is wrong, or it is an instance, which has no session.
        TooManyRequests: Too many wrong attempts, of this user or from this address.
    """
    address = request.client.host if request.client else ""
    limit.demand(address)
    try:
        principal = await asyncio.to_thread(
            users.authenticate, credential.name, credential.password
        )
    except TooManyRequests:
        limit.failed(address)
        raise
    if principal is None or principal.name.startswith(INSTANCE_PREFIX):
        limit.failed(address)
        raise Unauthorized(
            "name or password is wrong",
            remedy="Try again; an administrator can set a new password with "
            "`idp-cli users set-password NAME`.",
        )
    return principal
