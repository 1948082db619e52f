"""Puts approved changes of the rules into Git, and what Git says into force.

All changes are one key: they build on each other. In order:

1. Commit what is approved and builds on the profile in force; once, by the change's uid.
2. Make the profile what the file in Git says, when there is one: whoever writes it otherwise is
   undone.
3. State how each change stands.

Killed anywhere, the next call finds the commit by its key and goes on.
"""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from idp.capabilities.scanning.kinds import (
    PROFILE,
    SecurityProfile,
    SecurityProfileChange,
    SecurityProfileChangeStatus,
)
from idp.capabilities.scanning.profile_changes import (
    FILE,
    FOLDER,
    PATH,
    Decision,
    decide,
    message,
    read_file,
    write_file,
)
from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import Clock, utc_now
from idp.kernel.conditions import false, true
from idp.kernel.controller import Controller, Request, Result, Watch
from idp.kernel.errors import Conflict, IdpError, NotFound
from idp.kernel.resource import Condition, Manifest
from idp.kernel.status import dated, write_status
from idp.protocols.git.messages import key_of
from idp.protocols.git.ports import Repository

log = structlog.get_logger(__name__)

BRANCH = "main"
LOOK_AGAIN = 60.0
"""Seconds until Git is looked at again."""
_HISTORY = 500
_ALL = Request("", "")
_OPEN = {
    "Waiting": "NotApproved",
    "Stale": "Stale",
}


class ProfileChangeReconciler:
    """Reconciles the environment's profile with its changes and its repository."""

    def __init__(self, client: Client, repository: Repository, clock: Clock = utc_now) -> None:
        self._client = client
        self._repository = repository
        self._clock = clock

    def controller(self) -> Controller:
        """The controller; its only key stands for the profile and all changes of it."""
        watches = [
            Watch(SecurityProfileChange.type(), lambda _: [_ALL]),
            Watch(SecurityProfile.type(), lambda _: [_ALL]),
        ]
        return Controller("security-profile-changes", self._client, self, watches, workers=1)

    async def __call__(self, request: Request) -> Result:
        """Commit, put into force, state."""
        listed = (await self._client.list(SecurityProfileChange.type())).items
        profile = await get_or_none(self._client, SecurityProfile.type(), PROFILE)
        if profile is None:
            return Result(requeue_after=LOOK_AGAIN)
        commits = await self._commits()
        for manifest in sorted(listed, key=_age):
            change = SecurityProfileChange.parse(manifest)
            commit = commits.get(change.metadata.uid, "")
            present = SecurityProfile.parse(profile).spec
            decision = decide(change, present, bool(commit))
            if decision.phase == "Commit":
                commit = await self._commit(change)
                profile = await self._put_into_force(profile)
            await self._state(manifest, decision, commit, change.spec.profile.version)
        await self._put_into_force(profile)
        return Result(requeue_after=LOOK_AGAIN)

    async def _commits(self) -> Mapping[str, str]:
        """Key -> commit, of those that changed the file."""
        if await self._repository.head(BRANCH) is None:
            return {}
        history = await self._repository.history(BRANCH, PATH, limit=_HISTORY)
        return {key_of(commit.message) or "": commit.id for commit in history}

    async def _commit(self, change: SecurityProfileChange) -> str:
        author = f"{change.spec.author} <{change.spec.author}@localhost>"
        commit = await self._repository.change(
            BRANCH,
            {PATH: write_file(change.spec.profile)},
            message=message(change),
            key=change.metadata.uid,
            author=author,
        )
        log.info("rules changed", change=change.name, commit=commit)
        return commit

    async def _put_into_force(self, profile: Manifest) -> Manifest:
        """Make the profile what Git says; as it is when Git says nothing, or nothing valid."""
        try:
            content = (await self._repository.files(BRANCH, FOLDER)).get(FILE)
            if content is None:
                return profile
            wanted = read_file(content)
        except NotFound:
            return profile
        except IdpError as error:
            log.warning("the rules in Git cannot be read", error=error.message)
            return profile
        if wanted == profile["spec"]:
            return profile
        return await self._client.update(SecurityProfile.type(), {**profile, "spec": wanted})

    async def _state(
        self, manifest: Manifest, decision: Decision, commit: str, version: str
    ) -> None:
        phase = "Applied" if decision.phase == "Commit" else decision.phase
        status = SecurityProfileChangeStatus(
            phase=phase,
            commit=commit,
            version=version,
            conditions=dated(manifest, _condition(decision), self._clock()),
        )
        try:
            await write_status(self._client, SecurityProfileChange.type(), manifest, status)
        except (Conflict, NotFound):
            log.debug("the change changed meanwhile", change=manifest["metadata"]["name"])


def _condition(decision: Decision) -> Condition:
    if decision.phase in ("Applied", "Commit"):
        return true("InForce", "Applied", "it is a commit in the environment's repository")
    remedy = {
        "Waiting": "Somebody else with the verb approve: `idp-cli security profile approve`.",
        "Stale": "Look at the rules, and ask again: `idp-cli security profile set`.",
    }[decision.phase]
    return false("InForce", _OPEN[decision.phase], decision.message, remedy=remedy)


def _age(manifest: Manifest) -> tuple[str, str]:
    meta = manifest["metadata"]
    return str(meta.get("creationTimestamp", "")), str(meta["name"])
