"""Deleting an `Application`: with Argo CD's finalizer its objects go first."""

from __future__ import annotations

from collections.abc import Iterable

from idp.embedded.gitops.application import FINALIZER
from idp.embedded.gitops.live import owned
from idp.embedded.gitops.objects import key_of
from idp.kernel.client import Client
from idp.kernel.errors import NotFound
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.standard import ARGO_APPLICATION


async def finalize(client: Client, manifest: Manifest, kinds: Iterable[ResourceType]) -> bool:
    """Bring the deletion of an application a step further; gives whether objects remain.

    Args:
        kinds: All kinds in which its objects may be.
    """
    meta = manifest["metadata"]
    finalizers = meta.get("finalizers") or []
    kept = [name for name in finalizers if not name.startswith(FINALIZER)]
    if kept == finalizers:
        return False
    namespace = ((manifest.get("spec") or {}).get("destination") or {}).get("namespace")
    if namespace:
        remaining = [await _delete_owned(client, meta["name"], t, namespace) for t in kinds]
        if any(remaining):
            return True
    await client.patch(
        ARGO_APPLICATION,
        meta["name"],
        {"metadata": {"finalizers": kept or None}},
        meta.get("namespace"),
    )
    return False


async def _delete_owned(
    client: Client, application: str, type: ResourceType, namespace: str
) -> int:
    """Ask for the deletion of all objects of a kind; gives how many there were."""
    found = await owned(client, application, type, namespace)
    for manifest in found:
        key = key_of(type, manifest)
        try:
            await client.delete(
                type, key.name, key.namespace or None, uid=manifest["metadata"].get("uid")
            )
        except NotFound:
            continue
    return len(found)
