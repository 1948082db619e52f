"""CustomResourceDefinitions at work: serving what they define, and their end.

A definition is accepted in the same write that stores it: its names are checked, its conditions
set. The registry changes with the commit, before the write is acknowledged. A definition that is
deleted is withdrawn when its last object is gone.
"""

from __future__ import annotations

from collections.abc import Iterator

from idp.embedded.apiserver.machinery.system import System
from idp.embedded.apiserver.machinery.worker import Worker
from idp.embedded.apiserver.storage.history import Change
from idp.embedded.apiserver.storage.record import Key, Record
from idp.embedded.apiserver.storage.store import Store
from idp.embedded.apiserver.types.custom import RulesFactory, custom_types
from idp.embedded.apiserver.types.registry import Registry
from idp.kernel.clock import Clock, timestamp
from idp.kernel.resource import Manifest

DEFINITIONS = "apiextensions.k8s.io/customresourcedefinitions"
_CLEANUP = "customresourcecleanup.apiextensions.k8s.io"


class Definitions:
    """Serves custom kinds."""

    def __init__(self, store: Store, registry: Registry, rules: RulesFactory, clock: Clock) -> None:
        self._store = store
        self._registry = registry
        self._rules = rules
        self._clock = clock

    def begin(self) -> None:
        """Serve what is stored."""
        for record in self._store.scan(DEFINITIONS):
            self._serve(record)

    def noticed(self, change: Change) -> None:
        """Serve what changed, in the moment it did."""
        if change.record.key.resource == DEFINITIONS:
            if change.type == "DELETED":
                self._registry.set_custom(change.record.key.name, ())
            elif not _same_spec(change):
                self._serve(change.record)

    def _serve(self, record: Record) -> None:
        definition = record.manifest()
        if _condition(definition, "Established") == "True":
            types = custom_types(definition, self._registry.object_meta, self._rules)
            self._registry.set_custom(record.key.name, types)

    def prepare(self, new: Manifest, old: Manifest | None) -> None:
        """Accept a definition: its status, and the finalizer that removes its objects."""
        if "deletionTimestamp" in new["metadata"]:
            return
        if old is None:
            finalizers = new["metadata"].setdefault("finalizers", [])
            if _CLEANUP not in finalizers:
                finalizers.append(_CLEANUP)
        spec, former = new["spec"], (old or {}).get("status") or {}
        stored = [v["name"] for v in spec.get("versions") or [] if v.get("storage")]
        versions = list(dict.fromkeys([*(former.get("storedVersions") or []), *stored]))
        clashes = list(self._clashes(new))
        names = former.get("acceptedNames") if clashes else spec.get("names")
        new["status"] = {
            "acceptedNames": names or {"kind": "", "plural": ""},
            "conditions": self._conditions(clashes, former),
            "storedVersions": versions,
        }

    def _clashes(self, new: Manifest) -> Iterator[str]:
        """Names that another definition of the group has already."""
        spec = new["spec"]
        wanted = _all_names(spec.get("names") or {})
        for record in self._store.scan(DEFINITIONS):
            other = record.shared()
            if record.key.name == new["metadata"].get("name"):
                continue
            if other["spec"]["group"] == spec.get("group"):
                taken = _all_names((other.get("status") or {}).get("acceptedNames") or {})
                yield from sorted(wanted & taken)

    def _conditions(self, clashes: list[str], former: Manifest) -> list[Manifest]:
        now = timestamp(self._clock())
        if clashes:
            message = f'"{clashes[0]}" is already in use'
            wanted = [
                ("NamesAccepted", "False", "NameConflict", message),
                ("Established", "False", "NotAccepted", "not all names are accepted"),
            ]
        else:
            wanted = [
                ("NamesAccepted", "True", "NoConflicts", "no conflicts found"),
                (
                    "Established",
                    "True",
                    "InitialNamesAccepted",
                    "the initial names have been accepted",
                ),
            ]
        times = {
            (c["type"], c["status"]): c.get("lastTransitionTime", now)
            for c in former.get("conditions") or []
        }
        return [
            {
                "lastTransitionTime": times.get((type_, status), now),
                "message": message,
                "reason": reason,
                "status": status,
                "type": type_,
            }
            for type_, status, reason, message in wanted
        ]


class DefinitionCleaner:
    """Deletes the objects of definitions that are deleted."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._store = system.store
        self.worker = Worker("definitions", self._look)

    def begin(self) -> None:
        """Look at every definition."""
        for record in self._store.scan(DEFINITIONS):
            self.worker.add(record.key)

    def noticed(self, change: Change) -> None:
        """Look at the definition that a change concerns."""
        key = change.record.key
        if key.resource == DEFINITIONS:
            if change.type != "DELETED":
                self.worker.add(key)
        elif change.type == "DELETED":
            group, _, plural = key.resource.partition("/")
            definition = Key(DEFINITIONS, "", f"{plural}.{group}")
            if self._store.get(definition) is not None:
                self.worker.add(definition)

    async def _look(self, key: Key) -> None:
        record = self._store.get(key)
        if record is None or "deletionTimestamp" not in record.shared()["metadata"]:
            return
        names = record.shared()["spec"]["names"]
        resource = f"{record.shared()['spec']['group']}/{names['plural']}"
        for instance in self._store.scan(resource):
            if b'"deletionTimestamp"' not in instance.raw:
                await self._system.delete(instance.key, "Background")
        if not self._store.count(resource):
            await self._system.change(key, _cleaned)


def _cleaned(definition: Manifest) -> Manifest:
    metadata = definition["metadata"]
    metadata["finalizers"] = [f for f in metadata.get("finalizers") or [] if f != _CLEANUP]
    return definition


def _all_names(names: Manifest) -> set[str]:
    found = {names.get(field) for field in ("plural", "singular", "kind", "listKind")}
    return {name for name in found if name} | set(names.get("shortNames") or ())


def _same_spec(change: Change) -> bool:
    if change.previous is None:
        return False
    old, new = change.previous.shared(), change.record.shared()
    return bool(old["spec"] == new["spec"] and old.get("status") == new.get("status"))


def _condition(definition: Manifest, type_: str) -> str:
    for condition in (definition.get("status") or {}).get("conditions") or []:
        if condition["type"] == type_:
            return str(condition["status"])
    return "Unknown"
