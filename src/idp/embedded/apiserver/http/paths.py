"""Paths of the API. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from idp.kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class ResourcePath:
    """A path below `/api/v1` or `/apis/<group>/<version>`.

    Attributes:
        namespace: Empty for the cluster scope and for all namespaces.
        name: Empty for a collection.
        subresource: Such as `status`; empty for the object itself.
    """

    group: str
    version: str
    plural: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""


_OF_NAMESPACES = ("status", "finalize")


def split(raw_path: str) -> list[str]:
    """Segments of a path, decoded one by one so that an encoded slash stays in its segment."""
    return [unquote(part) for part in raw_path.split("/") if part]


def resource_path(parts: list[str]) -> ResourcePath | None:
    """Read the path of a resource; None when it is none (discovery, health).

    Raises:
        NotFound: It is too long to be one.
    """
    if parts[:1] == ["api"] and len(parts) > 2:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[:1] == ["apis"] and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in _OF_NAMESPACES:
        namespace, rest = rest[1], rest[2:]
    if len(rest) > 3:
        raise NotFound("the server could not find the requested resource")
    plural, name, subresource = (*rest, "", "")[:3]
    return ResourcePath(group, version, plural, namespace, name, subresource)
