"""What access decisions read: the server's objects, synchronously and from memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from idp.kernel.resource import Manifest


class ObjectLookup(Protocol):
    """Read-only view of the server's objects.

    What it answers are the stored objects themselves, not copies: callers never change them, and
    the server replaces an object by a new one with a new `metadata.resourceVersion` on every
    change. `namespace` is empty for a cluster-scoped kind.
    """

    def get(self, group: str, plural: str, namespace: str, name: str) -> Manifest | None:
        """One object, or None when it does not exist."""
        ...

    def list(self, group: str, plural: str, namespace: str | None = None) -> Iterable[Manifest]:
        """All objects of a kind, of one namespace or (None) of all."""
        ...

    def revision(self, group: str, plural: str) -> int:
        """A number that is another one after every change of any object of a kind."""
        ...
