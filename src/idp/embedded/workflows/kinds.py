"""Finds a kind at the API: a manifest names apiVersion and kind, a request needs the plural."""

from __future__ import annotations

from idp.kernel import standard
from idp.kernel.client import Client
from idp.kernel.errors import InvalidInput
from idp.kernel.resource import Manifest, ResourceType

_STANDARD = {
    (value.api_version, value.kind): value
    for value in vars(standard).values()
    if isinstance(value, ResourceType)
}


class KindCatalog:
    """The standard kinds, and those of the CustomResourceDefinitions that the API has."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known = dict(_STANDARD)

    async def find(self, api_version: str, kind: str) -> ResourceType:
        """Look a kind up, in the API again when it is not known yet.

        Raises:
            InvalidInput: The API has no such kind.
        """
        if (api_version, kind) not in self._known:
            listed = await self._client.list(standard.CUSTOM_RESOURCE_DEFINITION)
            for definition in listed.items:
                self._known |= _types(definition)
        try:
            return self._known[(api_version, kind)]
        except KeyError:
            raise InvalidInput(
                f"the API has no kind {kind} in {api_version}",
                remedy="Check apiVersion and kind: idp-cli kinds",
            ) from None


def _types(definition: Manifest) -> dict[tuple[str, str], ResourceType]:
    spec = definition["spec"]
    names, group = spec["names"], spec["group"]
    types = [
        ResourceType(
            group, v["name"], names["kind"], names["plural"], spec["scope"] == "Namespaced"
        )
        for v in spec["versions"]
        if v.get("served", True)
    ]
    return {(t.api_version, t.kind): t for t in types}
