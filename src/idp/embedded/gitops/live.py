"""What is there: the live objects of an application, compared with what is wanted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from idp.embedded.gitops.application import Application
from idp.embedded.gitops.compare import Compared, ignored_pointers, same
from idp.embedded.gitops.health import Health, health_of
from idp.embedded.gitops.manifests import Target
from idp.embedded.gitops.objects import COMPARE_OPTIONS, Key, annotation, key_of, options, owner
from idp.kernel.client import Client, get_or_none
from idp.kernel.errors import IdpError, NotFound
from idp.kernel.resource import Manifest, ResourceType

FIELD_MANAGER = "argocd-controller"


async def compare(
    client: Client,
    application: Application,
    targets: Sequence[Target],
    searched: Iterable[ResourceType],
) -> list[Compared]:
    """Compare every wanted object, and find those that are not wanted any more.

    Args:
        searched: Kinds among which the latter may be.
    """
    result = [await _compare_one(client, application, target) for target in targets]
    # A kind that is served in several versions is searched in each, and counts once.
    known = {target.key for target in targets}
    for type in searched:
        for manifest in await owned(client, application.name, type, application.destination):
            key = key_of(type, manifest)
            if key not in known:
                known.add(key)
                result.append(_extraneous(type, key, manifest))
    return result


async def owned(
    client: Client, application: str, type: ResourceType, namespace: str
) -> list[Manifest]:
    """The objects of a kind that belong to an application, in its namespace or in none."""
    try:
        listed = await client.list(type, namespace if type.namespaced else None)
    except NotFound:  # the kind is not served (any more)
        return []
    return [m for m in listed.items if owner(m, key_of(type, m)) == application]


def _extraneous(type: ResourceType, key: Key, live: Manifest) -> Compared:
    return Compared(
        key,
        type,
        target=None,
        live=live,
        synced="IgnoreExtraneous" in annotation(live, COMPARE_OPTIONS),
        message="it is not in Git any more",
        health=health_of(live),
        prune="Prune=false" not in options(live),
    )


async def _compare_one(client: Client, application: Application, target: Target) -> Compared:
    key, type = target.key, target.type
    if type is None:
        message = f"the API has no kind {target.manifest['apiVersion']} {key.kind}"
        return Compared(key, None, target, None, False, message, Health("Missing", message))
    live = await get_or_none(client, type, key.name, key.namespace or None)
    if live is None:
        return Compared(key, type, target, None, False, health=Health("Missing"))
    health = health_of(live)
    other = owner(live, key)
    if other not in (None, application.name):
        message = f"it belongs to application {other}"
        return Compared(key, type, target, live, False, message, health)
    try:
        wanted = await client.apply(
            type, target.manifest, field_manager=FIELD_MANAGER, dry_run=True
        )
    except IdpError as error:
        if error.retryable:
            raise
        return Compared(key, type, target, live, False, error.message, health)
    pointers = ignored_pointers(key, application.ignored)
    return Compared(key, type, target, live, same(wanted, live, pointers), health=health)
