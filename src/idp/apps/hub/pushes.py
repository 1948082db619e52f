"""A push to an application's repository starts its pipeline in the first environment.

The workflow is created with the rights of whoever pushed. Its name is made from the application and
the commit, so the same push reported twice starts one pipeline.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from idp.apps.hub.access import ENVIRONMENTS_NAMESPACE
from idp.apps.hub.instances import Instances
from idp.apps.hub.users import Users
from idp.capabilities.promotion.kinds import Release
from idp.capabilities.promotion.render.templates import APPLICATION_LABEL
from idp.capabilities.promotion.render.workflows import push_workflow
from idp.kernel.access import Principal
from idp.kernel.client import Client, get_or_none
from idp.kernel.errors import AlreadyExists
from idp.kernel.standard import NAMESPACE, WORKFLOW

log = structlog.get_logger(__name__)

BUILT_REFERENCE = "refs/heads/main"


@dataclass(frozen=True, slots=True)
class Push:
    """What a push changed.

    Attributes:
        repository: `namespace/name`.
        reference: Such as `refs/heads/main`.
        commit: To which it points now; empty when it was deleted.
        pusher: User name.
    """

    repository: str
    reference: str
    commit: str
    pusher: str

    @property
    def starts_pipeline(self) -> bool:
        """Whether this is a new commit on the branch that is built."""
        namespace = self.repository.partition("/")[0]
        return (
            namespace != ENVIRONMENTS_NAMESPACE
            and self.reference == BUILT_REFERENCE
            and self.commit.strip("0") != ""
        )


def announcement(pushes: Sequence[Push], environment: str) -> str:
    """What `git push` shows of what happens next; empty when that is for the GitOps engine."""
    return "\n".join(filter(None, (_announced(push, environment) for push in pushes)))


def _announced(push: Push, environment: str) -> str:
    namespace, _, application = push.repository.partition("/")
    kind, _, name = push.reference.removeprefix("refs/").partition("/")
    if namespace == ENVIRONMENTS_NAMESPACE or not push.commit.strip("0"):
        return ""
    if push.starts_pipeline:
        return (
            f"{application}: commit {push.commit[:7]} is built, scanned and signed, "
            f"then it runs in {environment}.\n"
            f"Watch it: idp-cli app {application} -n {namespace}"
        )
    told = f"{name} is kept. Only main is built, and what a PromotionTrigger names."
    return told if kind != "heads" else f"{told}\nTo build it: git push <remote> {name}:main"


class PushPipelines:
    """Starts pipelines."""

    def __init__(self, instances: Instances, users: Users) -> None:
        self._instances = instances
        self._users = users

    async def start(self, push: Push) -> None:
        """Start the pipeline of a push, unless it was started already.

        Raises:
            IdpError: The first environment does not answer, or refuses; call again later.
        """
        if not push.starts_pipeline:
            return
        if not push.pusher:
            # A crash hid who pushed. Without an author nobody can be kept from approving their own
            # release, so nothing is built; the next push of anybody builds this commit too.
            log.warning("push by nobody known; not built", repository=push.repository)
            return
        groups = (await asyncio.to_thread(self._users.names)).get(push.pusher, ())
        await self._create(push, Principal(push.pusher, groups))

    async def build(self, push: Push, principal: Principal) -> None:
        """Build what a trigger names, whichever branch or tag it is, unless it is released.

        Raises:
            IdpError: As `start`.
        """
        namespace, _, application = push.repository.partition("/")
        client = self._instances.client(self._instances.environments[0], principal)
        listed = await client.list(
            Release.type(), namespace, label_selector=f"{APPLICATION_LABEL}={application}"
        )
        if not any(body["spec"]["source"]["commit"] == push.commit for body in listed.items):
            await self._create(push, principal)

    async def _create(self, push: Push, principal: Principal) -> None:
        client = self._instances.client(self._instances.environments[0], principal)
        namespace, _, application = push.repository.partition("/")
        await _ensure_namespace(client, namespace)
        workflow = push_workflow(
            namespace, application, push.repository, push.commit, principal.name
        )
        try:
            await client.create(WORKFLOW, workflow)
        except AlreadyExists:
            return
        log.info("pipeline started", repository=push.repository, commit=push.commit)


async def _ensure_namespace(client: Client, name: str) -> None:
    if await get_or_none(client, NAMESPACE, name) is not None:
        return
    try:
        await client.create(NAMESPACE, {"metadata": {"name": name}})
    except AlreadyExists:
        return
