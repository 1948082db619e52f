"""Who asks, and whether they may: every request passes here."""

from __future__ import annotations

import base64
import binascii

from starlette.requests import Request

from idp.embedded.registry.errors import bad_request
from idp.kernel.access import Action, OwnTags, Principal, RepositoryAccess
from idp.kernel.errors import Forbidden, Unauthorized
from idp.protocols.oci.reference import is_repository


class Gate:
    """Asks `access` about requests.

    Args:
        access: Proves identities and decides.
        own_tags: Which tags belong to a principal that may only attest.
    """

    def __init__(self, access: RepositoryAccess, own_tags: OwnTags) -> None:
        self._access = access
        self._own_tags = own_tags

    async def principal(self, request: Request) -> Principal | None:
        """Who asks; None when no credential was sent.

        Raises:
            Unauthorized: The credential is wrong.
        """
        header = request.headers.get("authorization", "")
        if not header:
            return None
        username, password = _basic(header)
        principal = await self._access.authenticate(username, password)
        if principal is None:
            raise _who("the user name or password for the registry is wrong")
        return principal

    async def known_principal(self, request: Request) -> Principal:
        """Who asks.

        Raises:
            Unauthorized: No credential, or a wrong one.
        """
        principal = await self.principal(request)
        if principal is None:
            raise _who("the registry needs a user name and password")
        return principal

    async def owns_tag(self, request: Request, tag: str) -> bool:
        """Whether a tag is one that who asks may set without the right to push."""
        principal = await self.principal(request)
        prefix = self._own_tags(principal) if principal is not None else ""
        return bool(prefix) and tag.startswith(prefix)

    async def allows(self, principal: Principal | None, repository: str, action: Action) -> bool:
        """Whether `principal` may do `action`."""
        return await self._access.allowed(principal, "registry", repository, action)

    async def demand(self, request: Request, *actions: Action) -> tuple[str, Action]:
        """The repository of the request, and the first of `actions` that is allowed on it.

        Raises:
            InvalidInput: The name is not one of a repository.
            Unauthorized: Nobody may do this without a credential, or the credential is wrong.
            Forbidden: The principal may do none of the actions.
        """
        repository = repository_name(request.path_params["repository"])
        principal = await self.principal(request)
        for action in actions:
            if await self.allows(principal, repository, action):
                return repository, action
        if principal is None:
            raise _who(f"{repository} needs a user name and password")
        raise Forbidden(
            f"{principal.name} may not {actions[0]} {repository}",
            remedy=f'Ask for the right "{actions[0]}" on this repository.',
        )


def repository_name(text: str) -> str:
    """Check a repository's name: it becomes a path on the disk.

    Raises:
        InvalidInput: `NAME_INVALID`.
    """
    if not is_repository(text) or text.count("/") != 1:
        raise bad_request(
            "NAME_INVALID",
            f'"{text[:100]}" is not a repository of this registry',
            "Repositories are `namespace/name`: lower case letters, digits, `.`, `_` and `-`.",
        )
    return text


def _basic(header: str) -> tuple[str, str]:
    kind, _, encoded = header.partition(" ")
    try:
        if kind.lower() != "basic":
            raise ValueError(kind)
        username, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError) as error:
        raise _who("the credential is not HTTP basic authentication") from error
    return username, password


def _who(message: str) -> Unauthorized:
    return Unauthorized(
        message, remedy="Log in with `idp-cli login`, or give `--creds user:password`."
    )
