"""`ObjectLookup` over the store: what access control and admission policies read."""

from __future__ import annotations

from collections.abc import Iterable

from idp.embedded.apiserver.storage.record import Key
from idp.embedded.apiserver.storage.store import Store
from idp.kernel.resource import Manifest


class StoreLookup:
    """Reads objects synchronously. Its answers are shared: nobody changes them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, group: str, plural: str, namespace: str, name: str) -> Manifest | None:
        """One object, or None."""
        record = self._store.get(Key(f"{group}/{plural}", namespace, name))
        return record.shared() if record is not None else None

    def list(self, group: str, plural: str, namespace: str | None = None) -> Iterable[Manifest]:
        """All objects of a kind."""
        return [r.shared() for r in self._store.scan(f"{group}/{plural}", namespace)]

    def revision(self, group: str, plural: str) -> int:
        """The version of the newest change of a kind."""
        return self._store.history(f"{group}/{plural}").latest
