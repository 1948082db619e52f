"""What every instance's API holds before its controllers start: kinds, roles, pipelines."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from idp.apps.capabilities import capabilities
from idp.apps.instance.groups import group_bindings, hub_role
from idp.embedded.gateway.definitions import custom_resource_definitions as gateway
from idp.embedded.gitops.definitions import custom_resource_definitions as gitops
from idp.embedded.workflows.definitions import custom_resource_definitions as workflows
from idp.kernel import standard
from idp.kernel.client import Client
from idp.kernel.conditions import is_true
from idp.kernel.errors import DeadlineExceeded, InvalidInput
from idp.kernel.manifest import in_order
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.schema import custom_resource_definition
from idp.kernel.standard import CUSTOM_RESOURCE_DEFINITION

FIELD_MANAGER = "idp-instance"
ESTABLISHED_SECONDS = 20.0


def definitions() -> list[Manifest]:
    """The CRDs of all areas and engines."""
    found = [
        custom_resource_definition(kind)
        for capability in capabilities()
        for kind in capability.kinds
    ]
    for engine in (gateway, gitops, workflows):
        found += engine()
    return found


async def bootstrap(client: Client, environment: str, environments: Sequence[str]) -> None:
    """Apply everything; what is there already stays as it is.

    Raises:
        DeadlineExceeded: A kind is not served in time.
    """
    crds = definitions()
    for crd in crds:
        await client.apply(CUSTOM_RESOURCE_DEFINITION, crd, field_manager=FIELD_MANAGER)
    await _until_established(client, [crd["metadata"]["name"] for crd in crds])
    manifests = [
        *hub_role(),
        *group_bindings(
            environment, first=environment == environments[0], environments=environments
        ),
        *(m for capability in capabilities() for m in capability.manifests(environment)),
    ]
    types = _types(crds)
    for manifest in in_order(manifests):
        await client.apply(_type_of(manifest, types), manifest, field_manager=FIELD_MANAGER)


async def _until_established(client: Client, names: Iterable[str]) -> None:
    waiting = set(names)
    try:
        async with asyncio.timeout(ESTABLISHED_SECONDS):
            while waiting:
                listed = await client.list(CUSTOM_RESOURCE_DEFINITION)
                waiting -= {
                    crd["metadata"]["name"] for crd in listed.items if is_true(crd, "Established")
                }
                if waiting:
                    await asyncio.sleep(0.02)
    except TimeoutError:
        raise DeadlineExceeded(f"not served in time: {', '.join(sorted(waiting))}") from None


def _types(crds: Iterable[Manifest]) -> dict[tuple[str, str], ResourceType]:
    found = {
        (type_.api_version, type_.kind): type_
        for type_ in vars(standard).values()
        if isinstance(type_, ResourceType)
    }
    for crd in crds:
        spec = crd["spec"]
        for version in spec["versions"]:
            type_ = ResourceType(
                spec["group"],
                version["name"],
                spec["names"]["kind"],
                spec["names"]["plural"],
                spec["scope"] == "Namespaced",
            )
            found[(type_.api_version, type_.kind)] = type_
    return found


def _type_of(manifest: Manifest, types: dict[tuple[str, str], ResourceType]) -> ResourceType:
    try:
        return types[(manifest["apiVersion"], manifest["kind"])]
    except KeyError:
        raise InvalidInput(
            f"{manifest['apiVersion']} {manifest['kind']} is no kind that an instance starts with"
        ) from None
