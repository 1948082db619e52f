"""Which kinds an API server serves, from its aggregated discovery."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from idp.kernel.http_client import HttpClient
from idp.kernel.resource import Manifest, ResourceType

_LIST = "application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
_ACCEPT = ",".join(_LIST.format(version=version) for version in ("v2", "v2beta1"))


@dataclass(frozen=True, slots=True)
class ServedKind:
    """A kind in the version that the server prefers.

    Attributes:
        type: Its names.
        verbs: What can be done with it.
    """

    type: ResourceType
    verbs: frozenset[str]


async def discover(client: HttpClient) -> list[ServedKind]:
    """Ask a server for all its kinds."""
    documents = [
        await client.request_object("GET", path, accept=_ACCEPT) for path in ("/api", "/apis")
    ]
    return served_kinds(documents)


def served_kinds(documents: Iterable[Manifest]) -> list[ServedKind]:
    """The kinds that `APIGroupDiscoveryList` documents name, each once. Pure."""
    found: dict[tuple[str, str], ServedKind] = {}
    for document in documents:
        for group in document.get("items") or []:
            name = group["metadata"].get("name", "")
            for version in group["versions"]:  # preferred ones first
                for resource in version.get("resources") or []:
                    type_ = ResourceType(
                        name,
                        version["version"],
                        resource["responseKind"]["kind"],
                        resource["resource"],
                        resource["scope"] == "Namespaced",
                    )
                    kind = ServedKind(type_, frozenset(resource["verbs"]))
                    found.setdefault((name, resource["resource"]), kind)
    return list(found.values())
