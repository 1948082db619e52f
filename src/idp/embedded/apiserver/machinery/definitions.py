"""CustomResourceDefinitions at work: serving what they define, and their end.

A definition is accepted in the same write that stores it: its names are checked, its conditions
set. The registry changes with the commit, before the write is acknowledged. A definition that is
deleted is withdrawn when its last object is gone.
"""

from __future__ import annotations

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


_RESOURCES = ("plural", "singular", "shortNames")
_KINDS = ("kind", "listKind")
_CLASHING = {field: fields for fields in (_RESOURCES, _KINDS) for field in fields}
"""Fields of the names, and those of other definitions whose names may not be the same."""

_ESTABLISHED = (
    "Established",
    "True",
    "InitialNamesAccepted",
    "the initial names have been accepted",
)
_NOT_ESTABLISHED = ("Established", "False", "NotAccepted", "not all names are accepted")

Clash = tuple[str, str]
"""Reason of a condition, and a name that is in use."""


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
        written = (new.get("status") or {}).get("storedVersions") or []
        # A version without a name is refused later, with everything else that is wrong.
        stored = [v["name"] for v in spec.get("versions") or [] if v.get("storage") and "name" in v]
        names, clash = self._accepted(new, former.get("acceptedNames") or {})
        new["status"] = {
            "acceptedNames": names,
            "conditions": self._conditions(clash, former),
            "storedVersions": list(dict.fromkeys([*written, *stored])),
        }

    def _accepted(self, new: Manifest, former: Manifest) -> tuple[Manifest, Clash | None]:
        """The names that no other definition of the group has, and the last that one has."""
        wanted: Manifest = new["spec"].get("names") or {}
        others = [
            record.shared()
            for record in self._store.scan(DEFINITIONS)
            if record.key.name != new["metadata"].get("name")
        ]
        taken = [
            (other.get("status") or {}).get("acceptedNames") or {}
            for other in others
            if other["spec"]["group"] == new["spec"].get("group")
        ]
        accepted: Manifest = {"kind": "", "plural": ""}
        clash: Clash | None = None
        for field, fields in _CLASHING.items():
            used = {name for names in taken for other in fields for name in _listed(names, other)}
            clashing = [name for name in _listed(wanted, field) if name in used]
            if clashing:
                clash = (f"{field[0].upper()}{field[1:]}Conflict", clashing[-1])
            source = former if clashing else wanted
            if source.get(field):
                accepted[field] = source[field]
        if wanted.get("categories"):
            accepted["categories"] = wanted["categories"]
        return accepted, clash

    def _conditions(self, clash: Clash | None, former: Manifest) -> list[Manifest]:
        now = timestamp(self._clock())
        if clash:
            reason, name = clash
            established = _condition({"status": former}, "Established") == "True"
            wanted = [("NamesAccepted", "False", reason, f'"{name}" is already in use')]
            # Names that were accepted once stay served.
            wanted.append(_ESTABLISHED if established else _NOT_ESTABLISHED)
        else:
            accepted = ("NamesAccepted", "True", "NoConflicts", "no conflicts found")
            wanted = [accepted, _ESTABLISHED]
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
            else:
                self.begin()  # its names are free for others
        elif change.type == "DELETED":
            group, _, plural = key.resource.partition("/")
            definition = Key(DEFINITIONS, "", f"{plural}.{group}")
            if self._store.get(definition) is not None:
                self.worker.add(definition)

    async def _look(self, key: Key) -> None:
        record = self._store.get(key)
        if record is None:
            return
        if "deletionTimestamp" not in record.shared()["metadata"]:
            if _condition(record.shared(), "NamesAccepted") != "True":
                await self._system.change(key, lambda definition: definition)
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


def _listed(names: Manifest, field: str) -> list[str]:
    value = names.get(field) or []
    return value if isinstance(value, list) else [value]


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
