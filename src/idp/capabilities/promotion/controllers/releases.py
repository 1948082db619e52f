"""Imports releases: finds them in the registry, checks whose they are, makes `Release` objects.

An instance pulls; nobody pushes to it. One look at the registry goes over all repositories and the
newest of their `release-*` tags, newest first, so that an old release is never taken for the next
one. A tag that was imported is not read again, for it is immutable; one that was refused is read
again after `RETRY_SECONDS`, for its signature may have been missing. The newest releases are asked
for statements of verification, and only when the list of what refers to them changed are those read
and checked. So an idle look costs one request for each repository and each of its newest releases,
and nothing is downloaded twice.

A look happens at once when somebody hints at a change, and from time to time anyway: seldom where
there are hints, every `RESYNC_SECONDS` where there are none.
Everything that is read is a stranger's: it is capped, its shape is checked, and only what the
pinned key of the first environment signed becomes an object.
"""

from __future__ import annotations

import asyncio
import re
import time

import structlog

from idp.capabilities.promotion.artifact import TAG_PREFIX, fetch
from idp.capabilities.promotion.controllers.events import warn
from idp.capabilities.promotion.decide.evidence import verifies
from idp.capabilities.promotion.kinds import Release, ReleaseSpec
from idp.capabilities.promotion.ports import Changes
from idp.capabilities.promotion.render.templates import APPLICATION_LABEL
from idp.capabilities.signing.kinds import InstanceTrust
from idp.kernel.client import Client, get_or_none
from idp.kernel.errors import AlreadyExists, IdpError, NotFound, TooLarge, VerificationFailed
from idp.kernel.manifest import render
from idp.kernel.standard import NAMESPACE
from idp.protocols.oci.ports import Registry
from idp.protocols.signing.attestations import statements
from idp.protocols.signing.cosign import verify_digest
from idp.protocols.signing.predicates import VERIFIED

log = structlog.get_logger(__name__)

RESYNC_SECONDS = 15.0
HINTED_RESYNC_SECONDS = 60.0
RETRY_SECONDS = 300.0
FOLLOWED = 10
"""How many of an application's newest releases are asked for new statements."""

KEPT = 50
"""How many of an application's newest releases are imported."""

_REPOSITORY = re.compile(
    r"(?P<namespace>[a-z0-9][-a-z0-9]{0,62})/(?P<name>[a-z0-9][-a-z0-9]{0,62})"
)
_TAG = re.compile(TAG_PREFIX + r"r(?P<count>[0-9]{1,9})-[0-9a-f]{7,40}")

Place = tuple[str, str]
"""Repository and tag."""


class ReleaseImporter:
    """Runs until cancelled; see the module's docstring.

    Args:
        client: With the rights of the platform's controllers.
        registry: Where releases are.
        trust: What this instance trusts.
        origin: The environment that cuts releases.
        changes: Hints; None when there are none.
    """

    def __init__(
        self,
        client: Client,
        registry: Registry,
        trust: InstanceTrust,
        *,
        origin: str,
        changes: Changes | None = None,
    ) -> None:
        self.name = "releases"
        self._client = client
        self._registry = registry
        self._trust = trust
        self._origin = origin
        self._changes = changes
        self._imported: dict[Place, ReleaseSpec] = {}
        self._refused: dict[Place, float] = {}
        self._referrers: dict[str, tuple[str, ...]] = {}
        self._complete: set[str] = set()

    async def run(self) -> None:
        """Look again and again."""
        turn = 0
        while True:
            try:
                await self.look()
            except IdpError as error:
                log.warning("looking for releases failed; trying again", error=str(error))
            turn = await self._wait(turn)

    async def _wait(self, turn: int) -> int:
        if self._changes is None:
            await asyncio.sleep(RESYNC_SECONDS)
            return turn
        return await self._changes.wait(turn, HINTED_RESYNC_SECONDS)

    async def look(self) -> None:
        """One look at the registry."""
        await self._forget_deleted()
        for repository in await self._registry.repositories():
            if _REPOSITORY.fullmatch(repository) is None:
                continue
            tags = await self._registry.tags(repository)
            newest = sorted((t for t in tags if _TAG.fullmatch(t)), key=_count, reverse=True)
            for position, tag in enumerate(newest[:KEPT]):
                await self._import(repository, tag)
                spec = self._imported.get((repository, tag))
                if spec is not None and position < FOLLOWED:
                    await self._follow(spec)

    async def _forget_deleted(self) -> None:
        """A Release that somebody deleted is imported anew."""
        listed = await self._client.list(Release.type())
        present = {(m["metadata"]["namespace"], m["metadata"]["name"]) for m in listed.items}
        for place, spec in list(self._imported.items()):
            if (spec.repository.partition("/")[0], release_name(spec)) not in present:
                del self._imported[place]
                self._referrers.pop(spec.digest, None)
                self._complete.discard(spec.digest)

    async def _import(self, repository: str, tag: str) -> None:
        place = (repository, tag)
        if place in self._imported or self._refused.get(place, 0.0) > time.monotonic():
            return
        try:
            spec = await fetch(self._registry, repository, tag)
            origin = await self._trust.anchors_of(self._origin)
            await verify_digest(self._registry, repository, spec.digest, origin)
        except (VerificationFailed, NotFound, TooLarge) as error:
            self._refused[place] = time.monotonic() + RETRY_SECONDS
            await warn(
                self._client,
                repository.partition("/")[0],
                subject=f"{repository}:{tag}",
                reason="ReleaseRefused",
                message=f"{repository}:{tag} is not imported: {error.message}",
            )
            return
        await self._create(spec)
        self._refused.pop(place, None)
        self._imported[place] = spec

    async def _create(self, spec: ReleaseSpec) -> None:
        namespace = spec.repository.partition("/")[0]
        if await get_or_none(self._client, NAMESPACE, namespace) is None:
            try:
                await self._client.create(NAMESPACE, render(NAMESPACE, namespace))
            except AlreadyExists:
                log.debug("somebody else created the namespace", namespace=namespace)
        manifest = render(
            Release.type(),
            release_name(spec),
            namespace,
            labels={APPLICATION_LABEL: spec.application},
            spec=spec.model_dump(mode="json", by_alias=True, exclude_none=True),
        )
        try:
            await self._client.create(Release.type(), manifest)
        except AlreadyExists:
            return
        log.info("release imported", release=release_name(spec), namespace=namespace)

    async def _follow(self, spec: ReleaseSpec) -> None:
        """Keep `status.verifiedIn` what the statements say, until every environment said it."""
        if spec.digest in self._complete:
            return
        referrers = await self._registry.referrers(spec.repository, spec.digest)
        seen = tuple(descriptor.digest for descriptor in referrers)
        if self._referrers.get(spec.digest) == seen:
            return
        found = await statements(
            self._registry,
            spec.repository,
            spec.digest,
            (await self._trust.anchors()).only(*self._trust.pinned),
            predicate_type=VERIFIED,
            must_be_logged=True,
        )
        verified = sorted(
            {
                statement.signer
                for statement in found.verified
                if verifies(statement.predicate, statement.signer, spec.digest)
            }
        )
        await self._state_verified(spec, verified)
        self._referrers[spec.digest] = seen
        if set(verified) == set(self._trust.pinned):
            self._complete.add(spec.digest)

    async def _state_verified(self, spec: ReleaseSpec, verified: list[str]) -> None:
        namespace, name = spec.repository.partition("/")[0], release_name(spec)
        manifest = await get_or_none(self._client, Release.type(), name, namespace)
        if manifest is None or (manifest.get("status") or {}).get("verifiedIn", []) == verified:
            return
        patch = {"status": {"verifiedIn": verified}}
        await self._client.patch(Release.type(), name, patch, namespace, subresource="status")


def release_name(spec: ReleaseSpec) -> str:
    """Name of the Release object."""
    return f"{spec.application}-{spec.version}"


def _count(tag: str) -> tuple[int, str]:
    match = _TAG.fullmatch(tag)
    return (int(match["count"]) if match else 0, tag)
