"""Whether a live object is what Git says. Pure.

The wanted side is what a dry run of the apply would leave, defaults included: so fields that the
API or other managers add are no difference, and fields that Git stopped to state are one.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from idp.embedded.gitops.application import IgnoredDifference
from idp.embedded.gitops.health import Health
from idp.embedded.gitops.manifests import Target
from idp.embedded.gitops.objects import Key
from idp.kernel.resource import Manifest, ResourceType

_BOOKKEEPING = (
    "managedFields",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "uid",
    "selfLink",
)


@dataclass(frozen=True, slots=True)
class Compared:
    """One object of an application, wanted and live.

    Attributes:
        target: What is wanted; None when the object is to be pruned.
        live: What is there; None when it is missing.
        type: Its kind; None when the API does not have it.
        synced: Whether both are the same.
        message: Why it cannot be compared or applied; empty when it can.
        health: Of the live object; None when its kind has none.
        prune: Whether it may be deleted when it is not wanted.
    """

    key: Key
    type: ResourceType | None
    target: Target | None
    live: Manifest | None
    synced: bool
    message: str = ""
    health: Health | None = None
    prune: bool = True

    @property
    def extraneous(self) -> bool:
        """Whether it is there and not wanted any more."""
        return self.target is None


def same(wanted: Manifest, live: Manifest, pointers: Iterable[str] = ()) -> bool:
    """Whether two states of an object differ in nothing that Git can state."""
    return normalised(wanted, pointers) == normalised(live, pointers)


def normalised(manifest: Manifest, pointers: Iterable[str] = ()) -> Manifest:
    """An object without its status, the API's bookkeeping and what shall be ignored."""
    result = copy.deepcopy({k: v for k, v in manifest.items() if k != "status"})
    meta = result.get("metadata", {})
    for field in _BOOKKEEPING:
        meta.pop(field, None)
    for field in ("annotations", "labels"):
        if not meta.get(field):
            meta.pop(field, None)
    for pointer in pointers:
        _remove(result, [_unescaped(part) for part in pointer.split("/")[1:]])
    return result


def ignored_pointers(key: Key, ignored: Iterable[IgnoredDifference]) -> list[str]:
    """The JSON pointers that are not compared for an object."""
    return [
        pointer
        for entry in ignored
        if entry.kind in (key.kind, "*")
        and entry.group in (key.group, "*")
        and entry.name in ("", key.name)
        and entry.namespace in ("", key.namespace)
        for pointer in entry.pointers
    ]


def _unescaped(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")


def _remove(value: Any, path: list[str]) -> None:
    for part in path[:-1]:
        if isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, dict):
            value = value.get(part)
        else:
            return
    if path and isinstance(value, dict):
        value.pop(path[-1], None)
    elif path and isinstance(value, list) and path[-1].isdecimal() and int(path[-1]) < len(value):
        del value[int(path[-1])]
