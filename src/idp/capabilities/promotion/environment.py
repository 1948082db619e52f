"""The environment's repository: what runs here, as commits.

One commit per promotion, one commit per undoing, each with an idempotency key. An undoing names the
commit that it undoes in the words of `git revert`, so what a person reverts by hand counts too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from idp.capabilities.applications.kinds import RELEASE_LABEL
from idp.capabilities.promotion.kinds import ReleaseSpec
from idp.capabilities.promotion.render.argo_application import BRANCH
from idp.capabilities.promotion.render.environment_files import (
    APPLICATION_FILE,
    DIGEST_ANNOTATION,
    directory,
    environment_files,
)
from idp.kernel.errors import InvalidInput, NotFound
from idp.kernel.resource import Manifest
from idp.kernel.strict_yaml import load_documents
from idp.protocols.git.messages import key_of
from idp.protocols.git.ports import Commit, Repository

HISTORY = 200
"""Commits of one application that are looked through."""

_UNDONE_BY = "Undone-By"
_UNDOES = re.compile(r"^This reverts commit ([0-9a-f]{40})", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Deployed:
    """What a commit says runs.

    Attributes:
        commit: Id.
        image: By digest; empty when the application is not there.
        release: Version of the release.
        release_digest: Digest of the release.
        forbids_rollback: Why nothing before it may run again; empty when it may.
    """

    commit: str
    image: str = ""
    release: str = ""
    release_digest: str = ""
    forbids_rollback: str = ""


def in_force(history: Sequence[Commit]) -> list[Commit]:
    """Commits that are not undone and undo nothing, newest first. Pure.

    An undoing that is itself undone leaves what it undid in force.
    """
    undone: set[str] = set()
    found = []
    for commit in history:
        if commit.id in undone:
            continue
        if match := _UNDOES.search(commit.message):
            undone.add(match[1])
        else:
            found.append(commit)
    return found


class EnvironmentRepository:
    """Deploys and undoes. All methods raise what `Repository` raises."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    async def deploy(
        self,
        release: ReleaseSpec,
        namespace: str,
        *,
        promotion: str,
        uid: str,
        branch: str = BRANCH,
    ) -> str:
        """Commit a release; the same promotion commits once, however often it is called.

        Args:
            release: What shall run.
            namespace: Of the application.
            promotion: Name of the promotion.
            uid: Its uid, by which the commit is found again.
            branch: Where; one that does not exist begins where the environment is.
        """
        folder = directory(namespace, release.application)
        present = await self._files(BRANCH, folder)
        files = {
            f"{folder}/{name}": content
            for name, content in environment_files(release, namespace, promotion).items()
            if content is not None or name in present
        }
        message = (
            f"Deploy {release.application} {release.version}\n\n"
            f"Promotion: {namespace}/{promotion}\n"
            f"Release: {release.digest}\n"
            f"Image: {release.image}\n"
            f"Source: {release.source.repository}@{release.source.commit}"
        )
        return await self._repository.change(branch, files, message=message, key=uid, start=BRANCH)

    async def undo(self, commit: str, reason: str, *, promotion: str, uid: str) -> str:
        """Commit the undoing of a commit; it is undone once, however often it is called.

        Args:
            commit: What to undo.
            reason: Why, for people who read the log.
            promotion: `namespace/name` of the promotion in whose name this happens.
            uid: Its uid, by which `undone_by` finds the undoing again.
        """
        subject = (await self._repository.commit(commit)).message.partition("\n")[0]
        words = " ".join(reason.split())[:2000]  # one line: it must not look like a trailer
        message = (
            f'Revert "{subject}"\n\nThis reverts commit {commit}.\n\n{words}\n\n'
            f"Promotion: {promotion}\n{_UNDONE_BY}: {uid}"
        )
        return await self._repository.revert(BRANCH, commit, message=message, key=f"undo-{commit}")

    async def undone_by(self, uid: str, namespace: str, application: str) -> str | None:
        """The undoing that the promotion of this uid committed, or None."""
        for commit in await self._history(namespace, application):
            if f"\n{_UNDONE_BY}: {uid}\n" in f"{commit.message}\n":
                return commit.id
        return None

    async def in_force(self, namespace: str, application: str) -> list[Commit]:
        """Commits of an application that are in force, newest first; empty when there are none."""
        return in_force(await self._history(namespace, application))

    async def _history(self, namespace: str, application: str) -> list[Commit]:
        if await self._repository.head(BRANCH) is None:
            return []
        path = directory(namespace, application)
        return await self._repository.history(BRANCH, path, limit=HISTORY)

    async def deployed(self, commit: str, namespace: str, application: str) -> Deployed:
        """Read what a commit says runs."""
        files = await self._files(commit, directory(namespace, application))
        if APPLICATION_FILE not in files:
            return Deployed(commit)
        documents = load_documents(files[APPLICATION_FILE], name=APPLICATION_FILE)
        try:
            (manifest,) = documents
            meta, image = manifest["metadata"], manifest["spec"]["image"]
            release = (meta.get("labels") or {}).get(RELEASE_LABEL, "")
            digest = (meta.get("annotations") or {}).get(DIGEST_ANNOTATION, "")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InvalidInput(
                f"{APPLICATION_FILE} of commit {commit[:12]} is not a WebApplication with an image",
                remedy="Correct the file in the environment's repository.",
            ) from error
        forbids = _forbids_rollback(manifest["spec"])
        return Deployed(commit, str(image), str(release), str(digest), forbids)

    async def head(self) -> str | None:
        """The newest commit of the environment; None when there is none."""
        return await self._repository.head(BRANCH)

    async def documents(
        self, revision: str, namespace: str, application: str
    ) -> dict[str, Manifest]:
        """An application's objects at a revision, by kind; empty when it is not there."""
        found = {}
        for name, content in (
            await self._files(revision, directory(namespace, application))
        ).items():
            for document in load_documents(content, name=name):
                if isinstance(document, dict) and isinstance(document.get("metadata"), dict):
                    found[str(document.get("kind"))] = document
        return found

    async def by_hand(self, namespace: str, application: str) -> list[str]:
        """Commits in force that no promotion made, above the newest that one did; newest first."""
        found = []
        for commit in await self.in_force(namespace, application):
            if key_of(commit.message):
                break
            found.append(commit.id)
        return found

    async def made_by(self, uid: str, namespace: str, application: str) -> str | None:
        """The commit that the promotion of this uid made and that is still in force, or None."""
        for commit in await self.in_force(namespace, application):
            if key_of(commit.message) == uid:
                return commit.id
        return None

    async def contains(self, revision: str, commit: str) -> bool:
        """Whether `revision` is `commit` or comes later; the branch has one line of history."""
        if revision == commit:
            return True
        found = await self._repository.commit(revision)
        return found.count > (await self._repository.commit(commit)).count

    async def _files(self, revision: str, folder: str) -> dict[str, bytes]:
        try:
            return await self._repository.files(revision, folder)
        except NotFound:
            return {}


def _forbids_rollback(spec: Manifest) -> str:
    rule = spec.get("rollback")
    if not isinstance(rule, dict) or rule.get("policy") != "forbidden":
        return ""
    return str(rule.get("reason") or "it gives no reason")
