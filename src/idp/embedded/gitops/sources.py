"""What Git wants, asked no more often than needed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from idp.embedded.gitops.application import Application, Source
from idp.embedded.gitops.manifests import FindKind, Target, targets
from idp.kernel.errors import NotFound
from idp.protocols.git.ports import Repository

OpenRepository = Callable[[str], Repository]
"""Gives the repository of a `repoURL`."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The objects that an application wants at a commit."""

    revision: str
    targets: list[Target]


class Sources:
    """Resolves revisions and reads manifests; keeps the newest answer of each.

    Args:
        open_repository: Gives the repository of an address.
        find_kind: The type of an `apiVersion` and `kind`.
        cluster_kinds: Cluster-scoped kinds that applications may have.
        poll_seconds: How long the place of a branch is believed without a hint.
    """

    def __init__(
        self,
        open_repository: OpenRepository,
        find_kind: FindKind,
        cluster_kinds: frozenset[tuple[str, str]],
        *,
        poll_seconds: float,
    ) -> None:
        self._open = open_repository
        self._find_kind = find_kind
        self._cluster_kinds = cluster_kinds
        self._poll_seconds = poll_seconds
        self._repositories: dict[str, Repository] = {}
        self._revisions: dict[tuple[str, str], tuple[str, float]] = {}
        self._targets: dict[tuple[str, str], tuple[Application, str, list[Target]]] = {}

    def _repository(self, url: str) -> Repository:
        if url not in self._repositories:
            self._repositories[url] = self._open(url)
        return self._repositories[url]

    def forget_revisions(self, url: str) -> None:
        """Ask again where the branches of a repository are."""
        for key in [key for key in self._revisions if key[0] == url]:
            del self._revisions[key]

    def forget(self, namespace: str, name: str) -> None:
        """Read the manifests of an application again."""
        self._targets.pop((namespace, name), None)

    async def wanted(self, application: Application, revision: str = "") -> Wanted:
        """What an application wants, at another revision than its own when one is given.

        Raises:
            IdpError: The repository, the revision or the path does not exist or does not answer,
                or a manifest is wrong.
        """
        source = application.source
        commit = await self._commit(source, revision or source.revision)
        key = (application.namespace, application.name)
        known = self._targets.get(key)
        if known is not None and known[:2] == (application, commit):
            return Wanted(commit, known[2])
        files = await self._repository(source.repository).files(commit, source.path)
        if not files:
            raise NotFound(
                f"{source.repository} has no files in {source.path or 'its root'!r} "
                f"at {commit[:12]}",
                remedy="Correct spec.source.path, or commit the manifests there.",
            )
        found = await targets(application, files, self._find_kind, self._cluster_kinds)
        # A kind that is unknown now may be known the next time.
        if all(target.type is not None for target in found):
            self._targets[key] = (application, commit, found)
        else:
            self._targets.pop(key, None)
        return Wanted(commit, found)

    async def _commit(self, source: Source, revision: str) -> str:
        key = (source.repository, revision)
        known = self._revisions.get(key)
        now = time.monotonic()
        if known is not None and now - known[1] < self._poll_seconds:
            return known[0]
        repository = self._repository(source.repository)
        commit = await repository.head(revision) or (await repository.commit(revision)).id
        self._revisions[key] = (commit, now)
        return commit
