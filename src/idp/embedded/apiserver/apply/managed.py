"""`metadata.managedFields`: who owns which fields, through updates and applies.

An update takes ownership of what it changes. An apply takes ownership of what it states, gives up
what it stated before and no longer does, removes such fields when nobody else owns them, and
conflicts with other owners of fields it would change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from idp.embedded.apiserver.apply import client_side
from idp.embedded.apiserver.apply.paths import (
    Path,
    Paths,
    decode_fields,
    encode_fields,
    readable,
    with_named_parents,
)
from idp.embedded.apiserver.apply.walk import Difference, compare, field_set, merge, remove
from idp.embedded.apiserver.apply.zero import with_zero_values
from idp.embedded.apiserver.schema.node import Node
from idp.kernel.errors import Cause, Conflict
from idp.kernel.resource import Manifest

_REPLICAS: Path = ("f:spec", "f:replicas")
_UPDATE_MANAGERS = 10
_BEFORE_FIRST_APPLY = "before-first-apply"

_METADATA = (
    "name namespace creationTimestamp selfLink uid clusterName generation managedFields"
    " resourceVersion"
)
_NEVER_OWNED: Paths = frozenset(
    [("f:apiVersion",), ("f:kind",), ("f:metadata",)]
    + [("f:metadata", f"f:{name}") for name in _METADATA.split()]
)


@dataclass(frozen=True, slots=True)
class Manager:
    """Identity of an entry: one tool doing one kind of operation in one version.

    Attributes:
        operation: `Apply` or `Update`.
        subresource: Such as `status`; empty for the main resource.
    """

    name: str
    operation: str
    api_version: str
    subresource: str = ""

    def order(self) -> tuple[str, str, str, str]:
        """How conflict messages are ordered."""
        return (self.name, self.operation, self.api_version, self.subresource)

    def shown(self) -> str:
        """As conflict messages name it."""
        text = f'"{self.name}"'
        if self.subresource:
            text += f' with subresource "{self.subresource}"'
        return f"{text} using {self.api_version}" if self.operation == "Update" else text


@dataclass(frozen=True, slots=True)
class Owned:
    """What a manager owns, and since when it last changed."""

    paths: Paths
    time: str


Managers = dict[Manager, Owned]


def read_managers(manifest: Manifest) -> Managers:
    """Decode `managedFields`; with an entry that makes no sense, none counts."""
    managers: Managers = {}
    for entry in manifest["metadata"].get("managedFields") or []:
        if (
            entry.get("operation") not in ("Apply", "Update")
            or entry.get("fieldsType") != "FieldsV1"
            or not isinstance(entry.get("fieldsV1"), Mapping)
        ):
            return {}
        manager = Manager(
            entry.get("manager", ""),
            entry["operation"],
            entry.get("apiVersion", ""),
            entry.get("subresource", ""),
        )
        managers[manager] = Owned(decode_fields(entry["fieldsV1"]), entry.get("time", ""))
    return managers


def write_managers(manifest: Manifest, managers: Managers) -> None:
    """Encode `managedFields` into a manifest, in the order of the real server."""
    entries = []
    for manager, owned in sorted(
        _bounded(managers).items(),
        key=lambda e: (
            e[0].operation,
            e[1].time,
            e[0].name,
            e[0].api_version,
            e[0].subresource,
        ),
    ):
        entry: Manifest = {
            "apiVersion": manager.api_version,
            "fieldsType": "FieldsV1",
            "fieldsV1": encode_fields(owned.paths),
            "manager": manager.name,
            "operation": manager.operation,
        }
        if manager.subresource:
            entry["subresource"] = manager.subresource
        if owned.time:
            entry["time"] = owned.time
        entries.append(entry)
    if entries:
        manifest["metadata"]["managedFields"] = entries
    else:
        manifest["metadata"].pop("managedFields", None)


def _bounded(managers: Managers) -> Managers:
    """Fold the oldest update managers into one when there are too many."""
    updates = sorted(
        (m for m in managers if m.operation == "Update" and m.name != "ancient-changes"),
        key=lambda m: managers[m].time,
    )
    result = dict(managers)
    for manager in updates[: max(0, len(updates) - _UPDATE_MANAGERS)]:
        ancient = Manager("ancient-changes", "Update", manager.api_version)
        owned = result.pop(manager)
        former = result.get(ancient)
        paths = owned.paths | former.paths if former else owned.paths
        result[ancient] = Owned(paths, owned.time)
    return result


@dataclass(frozen=True, slots=True)
class Fields:
    """Which fields of a kind a request may own.

    Attributes:
        node: Schema of the kind.
        builtin: Objects have zero values (see `zero`).
        ignored: Prefixes of paths that the request does not change (`status`, for a request to
            the main resource).
    """

    node: Node
    builtin: bool
    ignored: tuple[Path, ...] = ()

    def difference(self, old: Manifest, new: Manifest) -> Difference:
        """What changed between two objects."""
        # Most changes touch one part (the status, a label): equal parts are not walked.
        equal = {name for name, value in new.items() if name in old and old[name] == value}
        old = {name: value for name, value in old.items() if name not in equal}
        new = {name: value for name, value in new.items() if name not in equal}
        if self.builtin:
            old, new = with_zero_values(old, self.node), with_zero_values(new, self.node)
        return compare(old, new, self.node)

    def ownable(self, paths: Paths | set[Path]) -> Paths:
        """Drop what nobody owns and what the request does not reach."""
        return frozenset(
            path
            for path in paths
            if path not in _NEVER_OWNED
            and not any(path[: len(prefix)] == prefix for prefix in self.ignored)
        )


def _bare(manifest: Manifest) -> Manifest:
    metadata = {k: v for k, v in manifest.get("metadata", {}).items() if k != "managedFields"}
    return {**manifest, "metadata": metadata}


def own_update(
    old: Manifest | None, new: Manifest, fields: Fields, manager: Manager, time: str
) -> None:
    """Record in `new` what an update by `manager` changed."""
    managers = _claimed(old, new, manager)
    if old is not None and not _tracked(managers, manager):
        write_managers(new, managers)
        return
    before = _bare(old) if old is not None else {}
    managers, taken = _take(before, _bare(new), fields, managers, None)
    if taken:
        former = managers.get(manager)
        managers[manager] = Owned(former.paths | taken if former else taken, time)
    write_managers(new, managers)


def _tracked(managers: Managers, manager: Manager) -> bool:
    """Whether an update is noted: not in an object whose owners were reset.

    Of the scale subresource the server sees only the replicas, and so only their owners.
    """
    if manager.subresource == "scale":
        return any(_REPLICAS in owned.paths for owned in managers.values())
    return bool(managers)


def _claimed(old: Manifest | None, new: Manifest, manager: Manager) -> Managers:
    """Owners before the update: those the request states, else those of the live object.

    A request that states one empty entry resets them; one that states none does not, because
    most clients drop what they do not know.
    """
    if not manager.subresource:
        stated = new["metadata"].get("managedFields")
        if stated == [{}]:
            return {}
        if managers := read_managers(new):
            return managers
    return read_managers(old) if old is not None else {}


def _take(
    old: Manifest, new: Manifest, fields: Fields, managers: Managers, applying: Manager | None
) -> tuple[Managers, Paths]:
    """Remove from all managers (but `applying`) what changed; also gives what changed."""
    difference = fields.difference(old, new)
    changed = fields.ownable(difference.modified | difference.added)
    lost = changed | difference.removed
    result = {}
    for manager, owned in managers.items():
        paths = owned.paths if manager == applying else owned.paths - lost
        if paths:
            result[manager] = Owned(paths, owned.time)
    return result, changed


def apply(
    live: Manifest | None,
    applied: Manifest,
    fields: Fields,
    manager: Manager,
    time: str,
    *,
    force: bool,
) -> Manifest:
    """The object after `manager` applied a configuration.

    Raises:
        Conflict: Others own fields that would change, and `force` is off.
    """
    managers = read_managers(live) if live else {}
    before = _bare(live) if live else {}
    if live and not managers:
        everything = fields.difference({}, before)
        first = Manager(_BEFORE_FIRST_APPLY, "Update", manager.api_version)
        managers[first] = Owned(fields.ownable(everything.added | everything.modified), time)
    wanted = _bare(applied)
    last = managers.get(manager)
    former = _version_independent(managers, manager)
    stated = fields.ownable(field_set(wanted, fields.node))
    managers = {m: o for m, o in managers.items() if m not in former}
    # An apply that changes nothing is noted without a time.
    managers[manager] = Owned(stated, last.time if last else "")
    merged = merge(before, wanted, fields.node)
    previous: Paths = frozenset().union(*(owned.paths for owned in former.values()))
    if previous:
        merged = _prune(merged, fields, managers, previous)
    if not force:
        ours = manager.name == client_side.MANAGER
        allowed = client_side.configured(live, fields.node) if ours else frozenset()
        _refuse_conflicts(before, merged, fields, managers, manager, allowed)
    managers, _ = _take(before, merged, fields, managers, manager)
    if live is None or merged != before:
        managers[manager] = Owned(stated, time)
    if not stated:
        managers.pop(manager, None)
    merged = {**merged, "metadata": dict(merged["metadata"])}
    write_managers(merged, managers)
    return merged


def _version_independent(managers: Managers, manager: Manager) -> Managers:
    """Former entries of an applier, in whatever version it applied then."""
    return {
        m: owned
        for m, owned in managers.items()
        if (m.name, m.operation, m.subresource)
        == (manager.name, manager.operation, manager.subresource)
    }


def _prune(merged: Manifest, fields: Fields, managers: Managers, last: Paths) -> Manifest:
    """Remove what was applied before, is not applied now, and nobody else owns."""
    node = fields.node
    last = with_named_parents(last, node)
    pruned = remove(merged, last, node) or {}
    owned: Paths = frozenset().union(*(o.paths for o in managers.values()))
    everything = with_named_parents(field_set(merged, node), node)
    kept = with_named_parents(field_set(pruned, node), node)
    kept |= with_named_parents(owned, node)
    pruned = remove(merged, everything - kept, node) or {}
    kept = with_named_parents(field_set(pruned, node), node)
    result = remove(merged, (everything - kept) & last, node) or {}
    result.setdefault("metadata", {})
    return result


def _refuse_conflicts(
    old: Manifest,
    new: Manifest,
    fields: Fields,
    managers: Managers,
    applying: Manager,
    allowed: Paths,
) -> None:
    difference = fields.difference(old, new)
    changed = fields.ownable(difference.modified | difference.added) - allowed
    conflicts = [
        (manager, path)
        for manager, owned in sorted(managers.items(), key=lambda item: item[0].order())
        if manager != applying
        for path in sorted(owned.paths & changed)
    ]
    if not conflicts:
        return
    causes = [
        Cause(readable(path), f"conflict with {manager.shown()}", "FieldManagerConflict")
        for manager, path in conflicts
    ]
    if len(conflicts) == 1:
        only, path = conflicts[0]
        text = f"1 conflict: conflict with {only.shown()}: {readable(path)}"
    else:
        by_manager: dict[str, list[str]] = {}
        for manager, path in conflicts:
            by_manager.setdefault(manager.shown(), []).append(readable(path))
        parts = [f"conflicts with {m}:\n- " + "\n- ".join(p) for m, p in by_manager.items()]
        text = f"{len(conflicts)} conflicts: " + "\n".join(parts)
    raise Conflict(f"Apply failed with {text}", causes=causes)
