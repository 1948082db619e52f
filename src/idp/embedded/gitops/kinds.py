"""Which kinds there are: the standard ones, and those that CustomResourceDefinitions add."""

from __future__ import annotations

from idp.kernel import standard
from idp.kernel.client import Client
from idp.kernel.resource import ResourceType

_STANDARD = {
    (type.api_version, type.kind): type
    for type in vars(standard).values()
    if isinstance(type, ResourceType)
}


class KindRegistry:
    """Finds the resource type of a manifest; reads the definitions when it meets a new kind."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._defined: dict[tuple[str, str], ResourceType] = {}

    async def find(self, api_version: str, kind: str) -> ResourceType | None:
        """The type of a kind; None when the API does not have it."""
        key = (api_version, kind)
        if key not in _STANDARD and key not in self._defined:
            await self.refresh()
        return self._defined.get(key) or _STANDARD.get(key)

    async def refresh(self) -> None:
        """Read the definitions again."""
        found = {}
        listed = await self._client.list(standard.CUSTOM_RESOURCE_DEFINITION)
        for definition in listed.items:
            spec = definition["spec"]
            for version in spec["versions"]:
                if version.get("served", True):
                    type = ResourceType(
                        spec["group"],
                        version["name"],
                        spec["names"]["kind"],
                        spec["names"]["plural"],
                        spec.get("scope", "Namespaced") == "Namespaced",
                    )
                    found[(type.api_version, type.kind)] = type
        self._defined = found

    async def defined(self) -> list[ResourceType]:
        """All kinds in which an application's objects may be."""
        await self.refresh()
        return [*_STANDARD.values(), *(t for k, t in self._defined.items() if k not in _STANDARD)]
