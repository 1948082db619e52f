"""Makes an application: its repository with the files of a template, in the caller's name.

1. The values fit the template, or nothing happens.
2. The caller may push to the repository (`push` on the WebApplication of that name in the first
   environment), asked where every push is asked.
3. Nothing is overwritten: neither a repository with content nor an application of that name.
4. The first commit is a push like any other: its pipeline starts with the caller's rights.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from idp.apps.hub.access import ENVIRONMENTS_NAMESPACE, HubAccess
from idp.apps.hub.creation.templates import complete, fill, template
from idp.apps.hub.instances import Instances
from idp.capabilities.applications.kinds import WebApplication
from idp.kernel.access import Principal
from idp.kernel.client import get_or_none
from idp.kernel.errors import AlreadyExists, Cause, Forbidden, Invalid

_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_RESERVED = (ENVIRONMENTS_NAMESPACE, "default")
_RESERVED_PREFIXES = ("kube-", "idp-")


class MakeRepository(Protocol):
    """Makes a repository with one commit; raises `AlreadyExists` when it has content."""

    def __call__(
        self,
        repository: str,
        files: Mapping[str, bytes],
        *,
        pusher: str,
        message: str,
        at: datetime,
    ) -> Awaitable[str]:
        """Gives the commit's id."""
        ...


class Creations:
    """Makes applications.

    Args:
        instances: The connections.
        access: Decides who may push.
        make: Makes repositories.
        now: The time.
    """

    def __init__(
        self,
        instances: Instances,
        access: HubAccess,
        make: MakeRepository,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._instances = instances
        self._access = access
        self._make = make
        self._now = now

    async def create(
        self, principal: Principal, template_name: str, namespace: str, values: Mapping[str, Any]
    ) -> str:
        """Make an application; gives the first commit's id.

        Raises:
            NotFound: There is no such template.
            Invalid: A value or the namespace will not do.
            Forbidden: The caller may not push there.
            AlreadyExists: The name is taken.
        """
        wanted = template(template_name)
        whole = complete(wanted, values)
        check_namespace(namespace)
        name = whole["name"]
        repository = f"{namespace}/{name}"
        if not await self._access.allowed(principal, "git", repository, "push"):
            raise Forbidden(
                f"{principal.name} may not create {repository}",
                remedy="Ask an administrator for the group idp:developers, or for the verb `push` "
                f"on webapplications in the namespace {namespace}.",
            )
        client = self._instances.client(self._instances.environments[0], principal)
        if await get_or_none(client, WebApplication.type(), name, namespace) is not None:
            raise AlreadyExists(
                f"there is an application {repository} already",
                remedy="Choose another name; nothing was changed.",
            )
        files = {path: text.encode() for path, text in fill(wanted, whole).items()}
        return await self._make(
            repository,
            files,
            pusher=principal.name,
            message=f"Create {name} from the template {wanted.name}\n",
            at=self._now(),
        )


def check_namespace(namespace: str) -> None:
    """Demand a namespace in which applications may be.

    Raises:
        Invalid: It is none, or it is the platform's.
    """
    problem = ""
    if not _NAMESPACE.fullmatch(namespace):
        problem = "small letters, digits and '-', at most 63"
    elif namespace in _RESERVED or namespace.startswith(_RESERVED_PREFIXES):
        problem = f"{namespace} is the platform's"
    if problem:
        raise Invalid(
            f"namespace: {problem}",
            causes=[Cause("namespace", problem)],
            remedy="Choose another namespace, such as `demo`.",
        )
