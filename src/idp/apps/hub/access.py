"""Who may use which repository.

1. An instance reads every repository.
2. The first environment, which builds, pushes images and releases; the others may only attach
   proof (`attest`) to what is there, and tag it as theirs (`staging-r12-3fa9c1d`).
3. An instance pushes to `environments/<its own>` in Git and to no other repository.
4. A person reads and pushes by the RBAC of the first environment: verbs `get` and `push` on the
   `webapplications` of the repository's name in its namespace. Environment repositories and the
   registry are not for people to push: what runs changes by promotion.
5. A token that may only read pulls, whoever made it.
6. Nobody else does anything; and when the instance that decides does not answer, nobody may.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from idp.apps.hub.users import Users
from idp.kernel.access import (
    INSTANCE_PREFIX,
    Action,
    Principal,
    RepositoryAccess,
    Service,
    environment_tag,
)

Review = Callable[[Principal, str, str, str], Awaitable[bool]]
"""Asks the first environment: principal, verb, namespace, application."""

ENVIRONMENTS_NAMESPACE = "environments"
_REMEMBER_SECONDS = 5.0


def instance_may(
    environment: str, first: str, service: Service, repository: str, action: Action
) -> bool:
    """Rules 1 to 3. Pure."""
    if action == "pull":
        return True
    if service == "git":
        return action == "push" and repository == f"{ENVIRONMENTS_NAMESPACE}/{environment}"
    if repository.startswith(f"{ENVIRONMENTS_NAMESPACE}/"):
        return False
    return action == "attest" or (environment == first and action == "push")


def own_tags(principal: Principal) -> str:
    """How the tags of an instance begin; nobody else has any."""
    if not principal.name.startswith(INSTANCE_PREFIX):
        return ""
    return environment_tag(principal.name.removeprefix(INSTANCE_PREFIX))


class HubAccess(RepositoryAccess):
    """Users by password, rights by the rules above."""

    def __init__(self, users: Users, first_environment: str, review: Review) -> None:
        self._users = users
        self._first = first_environment
        self._review = review
        self._known: dict[tuple[Principal, str, str, str], tuple[bool, float]] = {}

    async def authenticate(self, username: str, password: str) -> Principal | None:
        """Check a password, or a session token given as password."""
        session = await asyncio.to_thread(self._users.session, password)
        if session is not None and session.name == username:
            return session
        return await asyncio.to_thread(self._users.authenticate, username, password)

    async def allowed(
        self, principal: Principal | None, service: Service, repository: str, action: Action
    ) -> bool:
        """Apply the rules."""
        if principal is None or (principal.read_only and action != "pull"):
            return False
        if principal.name.startswith(INSTANCE_PREFIX):
            environment = principal.name.removeprefix(INSTANCE_PREFIX)
            return instance_may(environment, self._first, service, repository, action)
        namespace, _, application = repository.partition("/")
        if action != "pull" and (service == "registry" or namespace == ENVIRONMENTS_NAMESPACE):
            return False
        verb = "get" if action == "pull" else "push"
        return await self._person_may(principal, verb, namespace, application)

    async def _person_may(
        self, principal: Principal, verb: str, namespace: str, application: str
    ) -> bool:
        key, now = (principal, verb, namespace, application), time.monotonic()
        known = self._known.get(key)
        if known is not None and known[1] > now:
            return known[0]
        answer = await self._review(principal, verb, namespace, application)
        if len(self._known) > 10_000:
            self._known.clear()
        self._known[key] = (answer, now + _REMEMBER_SECONDS)
        return answer
