"""Who owns whom, of all objects of an API server. In memory, by uid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from idp.kernel.resource import Manifest, ResourceType

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"


@dataclass(frozen=True, slots=True)
class Node:
    """What garbage collection needs to know of an object.

    Attributes:
        uid: Its identity.
        type: Its kind.
        namespace: Empty for cluster-scoped kinds.
        name: Its name.
        version: `resourceVersion`.
        owners: `ownerReferences`.
        deleting: Whether its deletion was asked for.
        finalizers: What holds it.
    """

    uid: str
    type: ResourceType
    namespace: str
    name: str
    version: str
    owners: Sequence[Manifest] = ()
    deleting: bool = False
    finalizers: Sequence[str] = ()

    @classmethod
    def of(cls, type_: ResourceType, manifest: Manifest) -> Node:
        """Read an object's metadata."""
        meta = manifest["metadata"]
        return cls(
            meta["uid"],
            type_,
            meta.get("namespace", ""),
            meta["name"],
            meta["resourceVersion"],
            tuple(meta.get("ownerReferences") or ()),
            "deletionTimestamp" in meta,
            tuple(meta.get("finalizers") or ()),
        )

    @property
    def waits_for_dependents(self) -> bool:
        """Whether it goes as soon as its dependents are gone."""
        return self.deleting and FOREGROUND in self.finalizers


@dataclass
class Owners:
    """The uids of the owners that an object names, by what became of them."""

    present: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)


class Graph:
    """All nodes."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}
        self._dependents: dict[str, set[str]] = defaultdict(set)

    def get(self, uid: str) -> Node | None:
        """An object; None when it is not known."""
        return self._nodes.get(uid)

    def put(self, node: Node) -> None:
        """Take note of an object as it is now."""
        self.remove(node.uid)
        self._nodes[node.uid] = node
        for owner in node.owners:
            self._dependents[owner["uid"]].add(node.uid)

    def remove(self, uid: str) -> Node | None:
        """Forget an object; gives what was known of it."""
        node = self._nodes.pop(uid, None)
        for owner in node.owners if node is not None else ():
            dependents = self._dependents[owner["uid"]]
            dependents.discard(uid)
            if not dependents:
                del self._dependents[owner["uid"]]
        return node

    def dependents(self, uid: str) -> list[Node]:
        """Objects that name an object as an owner."""
        return [self._nodes[dependent] for dependent in sorted(self._dependents.get(uid, ()))]

    def of_type(self, type_: ResourceType) -> Iterable[Node]:
        """All objects of a kind."""
        return [node for node in self._nodes.values() if node.type == type_]
