"""What the store keeps of one object: its JSON and the few facts that are asked for often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import orjson

from idp.kernel.resource import Manifest

_EMPTY: Mapping[str, str] = {}


class Key(NamedTuple):
    """Identity of an object: what two versions of one kind share.

    Attributes:
        resource: `group/plural`, with an empty group for the core one.
        namespace: Empty for cluster-scoped objects.
        name: The object's name.
    """

    resource: str
    namespace: str
    name: str


@dataclass(slots=True)
class Record:
    """One version of one object. Never changed after it is made.

    Keeping the bytes instead of a tree takes a fifth of the memory, serves a get without
    encoding, and makes a private copy by parsing, which is faster than copying a tree.
    """

    key: Key
    version: int
    uid: str
    labels: Mapping[str, str]
    owners: tuple[str, ...]
    raw: bytes
    _shared: Manifest | None = field(default=None, repr=False)

    @classmethod
    def of(cls, key: Key, version: int, manifest: Manifest) -> Record:
        """Encode a manifest that carries its resource version."""
        # A copy, as orjson leaves its result in a buffer several times as large.
        raw = bytes(memoryview(orjson.dumps(manifest)))
        return cls._index(key, version, manifest, raw)

    @classmethod
    def read(cls, key: Key, version: int, raw: bytes) -> Record:
        """Take an object from the database."""
        return cls._index(key, version, orjson.loads(raw), raw)

    @classmethod
    def _index(cls, key: Key, version: int, manifest: Manifest, raw: bytes) -> Record:
        metadata = manifest["metadata"]
        owners = metadata.get("ownerReferences") or ()
        return cls(
            key,
            version,
            metadata.get("uid", ""),
            metadata.get("labels") or _EMPTY,
            tuple(owner["uid"] for owner in owners),
            raw,
        )

    def manifest(self) -> Manifest:
        """A copy of the object that the caller may change."""
        manifest: Manifest = orjson.loads(self.raw)
        return manifest

    def shared(self) -> Manifest:
        """The object, parsed once and kept: for readers that come often and change nothing."""
        if self._shared is None:
            self._shared = self.manifest()
        return self._shared
