"""Finds the kind that a person means: by kind, plural, singular or short name."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from idp.kernel.errors import NotFound
from idp.kernel.http_client import HttpClient
from idp.kernel.resource import Manifest, ResourceType

_ACCEPT = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


@dataclass(frozen=True, slots=True)
class Served:
    """A kind that an API serves.

    Attributes:
        type: Its name to the API.
        names: Everything that it may be called, in small letters.
    """

    type: ResourceType
    names: frozenset[str]


async def discover(client: HttpClient) -> list[Served]:
    """All kinds that an API serves, core group first."""
    found: list[Served] = []
    for path in ("/api", "/apis"):
        answer = await client.request_object("GET", path, accept=_ACCEPT)
        for group in answer.get("items") or []:
            found += _served(group)
    return found


def _served(group: Manifest) -> list[Served]:
    name = group["metadata"].get("name", "")
    found = []
    for version in group["versions"][:1]:
        for resource in version.get("resources") or []:
            kind = resource["responseKind"]["kind"]
            type_ = ResourceType(
                name,
                version["version"],
                kind,
                resource["resource"],
                resource["scope"] == "Namespaced",
            )
            names = {
                kind.lower(),
                resource["resource"],
                f"{resource['resource']}.{name}",
                resource.get("singularResource", ""),
                *(resource.get("shortNames") or ()),
            }
            found.append(Served(type_, frozenset(names - {""})))
    return found


def choose(served: list[Served], name: str) -> ResourceType:
    """The kind of that name.

    Raises:
        NotFound: There is none; the remedy names the nearest.
    """
    for candidate in served:
        if name.lower() in candidate.names:
            return candidate.type
    plurals = [candidate.type.plural for candidate in served]
    near = difflib.get_close_matches(name.lower(), plurals, n=3)
    hint = f"Did you mean {', '.join(near)}? " if near else ""
    raise NotFound(
        f"there is no kind {name!r}",
        remedy=f"{hint}`idp-cli kinds` lists those of the platform.",
    )


def choose_by_kind(served: list[Served], manifest: Manifest) -> ResourceType:
    """The kind of a manifest, by its `apiVersion` and `kind`.

    Raises:
        NotFound: The API does not serve it.
    """
    wanted = (manifest.get("apiVersion"), manifest.get("kind"))
    for candidate in served:
        if (candidate.type.api_version, candidate.type.kind) == wanted:
            return candidate.type
    raise NotFound(
        f"there is no kind {wanted[1]} in {wanted[0]}",
        remedy="`idp-cli kinds` lists those of the platform.",
    )
