"""Create, update, patch and apply.

All of them go the same way: read under the object's lock, make the new state, prepare and validate
it, record who owns what, ask the gates, store. A state that does not differ is not stored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from idp.embedded.apiserver.apply import client_side
from idp.embedded.apiserver.apply.managed import Fields, Manager, apply, own_update
from idp.embedded.apiserver.apply.walk import refuse_duplicates
from idp.embedded.apiserver.errors import Unexplained
from idp.embedded.apiserver.gates import Gates
from idp.embedded.apiserver.kinds.prepare import PREPARE
from idp.embedded.apiserver.storage.record import Record
from idp.embedded.apiserver.storage.store import Store
from idp.embedded.apiserver.types.registry import Registry
from idp.embedded.apiserver.types.versions import from_stored, to_stored
from idp.embedded.apiserver.verbs import prepare
from idp.embedded.apiserver.verbs.request import Request
from idp.embedded.apiserver.verbs.scale import scaled
from idp.kernel.clock import Clock, timestamp
from idp.kernel.errors import AlreadyExists, Cause, Conflict, Invalid, InvalidInput
from idp.kernel.resource import Manifest

Change = Callable[[Manifest], Any]
"""From the live object, in the version of the request, to the wanted one. Consumes its argument."""

_NAMING_ATTEMPTS = 8
_SHOWN = 1024
"""Characters of a wrong object that an error shows."""


class Writer:
    """Writes objects."""

    def __init__(self, store: Store, registry: Registry, gates: Gates, clock: Clock) -> None:
        self._store = store
        self._registry = registry
        self._gates = gates
        self._clock = clock

    def _now(self) -> str:
        return timestamp(self._clock())

    def _time(self, request: Request) -> str:
        """Since when a manager owns fields; the real server notes none for the scale."""
        return "" if request.subresource == "scale" else self._now()

    # Create

    async def create(self, request: Request, body: object, extra: tuple[str, ...] = ()) -> Record:
        """Store a new object.

        Raises:
            AlreadyExists: One of that name is there.
            Invalid: A rule is broken.
        """
        manifest = prepare.decode(request, body, self._registry.object_meta, extra)
        metadata = manifest["metadata"]
        if metadata.get("resourceVersion"):
            raise Unexplained("resourceVersion should not be set on objects to be created")
        base = metadata.get("generateName") if not metadata.get("name") else None
        if not metadata.get("name") and not base:
            raise prepare.invalid(request, "", [prepare.REQUIRED_NAME])
        for attempt in range(_NAMING_ATTEMPTS if base else 1):
            if base:
                metadata["name"] = prepare.generated_name(base)
            request.name = metadata["name"]
            try:
                return await self._create(request, prepare.copied(manifest) if base else manifest)
            except AlreadyExists:
                if not base or attempt == _NAMING_ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")

    async def _create(self, request: Request, manifest: Manifest) -> Record:
        prepare.check_place(request, manifest["metadata"])
        async with self._store.locked(request.key) as existing:
            self._gates.check_namespace(request)
            new = self._new(request, manifest)
            own_update(None, new, self._fields(request), self._manager(request), self._now())
            self._adjust(request, new, None)
            return await self._store_new(request, new, existing)

    def _new(self, request: Request, manifest: Manifest) -> Manifest:
        """Prepare an object that does not exist yet."""
        served = request.served
        if served.status:
            manifest.pop("status", None)
        prepare.stamp(manifest, served, self._now())
        new = to_stored(manifest, served)
        prepare.set_defaults(new, served)
        if served.builtin:
            prepare.add_empty_status(new, served)
        return new

    def _adjust(self, request: Request, new: Manifest, old: Manifest | None) -> None:
        """Set what the server itself decides; nobody owns what it sets in a new object."""
        self._gates.prepare(request, new, old)
        adjust = PREPARE.get(request.served.resource) if request.served.builtin else None
        if adjust is not None and request.subresource != "finalize":
            adjust(new, old)

    async def _store_new(
        self, request: Request, new: Manifest, existing: Record | None = None
    ) -> Record:
        prepare.validate(request, new, None)
        self._gates.admit(request, "CREATE", new, None)
        if existing is not None:
            raise self._exists(request, existing)
        with self._gates.reserved(request, new, None):
            if request.dry_run:
                return Record.of(request.key, 0, new)
            return await self._store.put(request.key, new)

    def _exists(self, request: Request, existing: Record) -> AlreadyExists:
        leaving = "deletionTimestamp" in existing.shared()["metadata"]
        return AlreadyExists(
            ("object is being deleted: " if leaving else "")
            + f'{request.served.qualified} "{request.name}" already exists',
            details=request.details(request.name),
        )

    # Change

    async def update(self, request: Request, body: object, extra: tuple[str, ...] = ()) -> Record:
        """Replace an object, or its status.

        Raises:
            Conflict: It changed since the version that the body carries.
        """
        wanted = prepare.decode(request, body, self._registry.object_meta, extra)
        if not wanted["metadata"].get("name"):
            raise InvalidInput(
                f"the name of the object ({request.name} based on URL) was undeterminable: "
                "name must be provided"
            )
        if not request.served.builtin and not wanted["metadata"].get("resourceVersion"):
            raise prepare.without_version(request)
        return await self._change(request, lambda live: wanted, decoded=True)

    async def patch(self, request: Request, change: Change) -> Record:
        """Change an object by a function of its present state."""
        return await self._change(request, change)

    async def _change(self, request: Request, change: Change, *, decoded: bool = False) -> Record:
        async with self._store.locked(request.key) as existing:
            if existing is None:
                raise request.not_found()
            old = existing.manifest()
            wanted = change(from_stored(existing.manifest(), request.served))
            if not decoded:
                wanted = self._decode_patched(request, wanted)
            if not decoded:
                self._check_uid(request, wanted["metadata"], old["metadata"])
            self._check_preconditions(request, wanted["metadata"], old["metadata"])
            new = self._replacing(request, wanted, old)
            fields, manager = self._fields(request), self._manager(request)
            own_update(old, new, fields, manager, self._time(request))
            return await self._store_changed(request, new, old, existing)

    def _decode_patched(self, request: Request, patched: object) -> Manifest:
        """Decode the outcome of a patch: what is wrong with it, the patch has done."""
        try:
            return prepare.decode(request, patched, self._registry.object_meta)
        except InvalidInput as error:
            shown = orjson.dumps(patched).decode()[:_SHOWN]
            cause = Cause("patch", f"Invalid value: {shown}: {error.message}")
            raise Invalid(f' "" is invalid: patch: {cause.message}', causes=[cause]) from error

    def _check_uid(self, request: Request, wanted: Manifest, live: Manifest) -> None:
        """A patch that states another uid would change it."""
        if wanted.get("uid") not in (None, "", live["uid"]):
            text = f'Invalid value: "{wanted["uid"]}": field is immutable'
            raise prepare.invalid(request, request.name, [Cause("metadata.uid", text)] * 2)

    def _check_preconditions(self, request: Request, wanted: Manifest, live: Manifest) -> None:
        prepare.check_place(request, wanted)
        about = f'{request.served.qualified} "{request.name}"'
        details = request.details(request.name)
        if wanted.get("uid") not in (None, "", live["uid"]):
            raise Conflict(
                f"Operation cannot be fulfilled on {about}: Precondition failed: UID in "
                f"precondition: {wanted['uid']}, UID in object meta: {live['uid']}",
                details=details,
            )
        version = wanted.get("resourceVersion")
        if version and not (version.isascii() and version.isdigit()):
            raise Unexplained(f'strconv.ParseUint: parsing "{version}": invalid syntax')
        if version not in (None, "", "0", live["resourceVersion"]):
            raise Conflict(
                f"Operation cannot be fulfilled on {about}: the object has been modified; "
                "please apply your changes to the latest version and try again",
                details=details,
            )

    def _replacing(self, request: Request, wanted: Manifest, old: Manifest) -> Manifest:
        """Prepare the state that follows `old`."""
        served = request.served
        new = to_stored(wanted, served)
        if request.subresource == "status":
            owners = new["metadata"].get("managedFields")
            status = new.get("status")
            new = {**prepare.copied(old)}
            new.pop("status", None)
            if status is not None:
                new["status"] = status
            if owners is not None:
                new["metadata"]["managedFields"] = owners
        elif served.status and request.subresource != "approval":
            new.pop("status", None)
            if "status" in old:
                new["status"] = old["status"]
        prepare.carry_metadata(new, old)
        prepare.set_defaults(new, served)
        self._adjust(request, new, old)
        if served.counts_generation and request.subresource != "status":
            status = served.status
            if prepare.content(new, status=status) != prepare.content(old, status=status):
                new["metadata"]["generation"] = old["metadata"].get("generation", 1) + 1
        return new

    async def _store_changed(
        self, request: Request, new: Manifest, old: Manifest, existing: Record
    ) -> Record:
        if prepare.same(new, old):
            return existing
        prepare.validate(request, new, old)
        self._gates.admit(request, "UPDATE", new, old)
        with self._gates.reserved(request, new, old):
            if request.dry_run:
                return Record.of(request.key, existing.version, new)
            if "deletionTimestamp" in new["metadata"] and not _held(new):
                return await self._store.remove(request.key, new)
            return await self._store.put(request.key, new)

    # Apply

    async def apply(
        self, request: Request, body: object, extra: tuple[str, ...] = ()
    ) -> tuple[Record, bool]:
        """Server-side apply; also tells whether the object is new.

        Raises:
            Conflict: Others own fields that would change, and the request does not force it.
        """
        if not request.manager:
            raise prepare.invalid_options("PatchOptions", prepare.REQUIRED_MANAGER)
        wanted = self._decode_applied(request, body, extra)
        stated = prepare.copied(wanted)
        if wanted["metadata"].get("managedFields"):
            raise InvalidInput("metadata.managedFields must be nil")
        prepare.check_place(request, wanted["metadata"])
        wanted["metadata"].setdefault("name", request.name)
        async with self._store.locked(request.key) as existing:
            if existing is None and request.subresource:
                raise request.not_found()
            if existing is None:
                return await self._apply_new(request, wanted), True
            old = existing.manifest()
            self._check_uid(request, wanted["metadata"], old["metadata"])
            self._check_preconditions(request, wanted["metadata"], old["metadata"])
            for name in ("uid", "resourceVersion"):
                wanted["metadata"].pop(name, None)
            merged = self._applied(request, old, wanted)
            if request.manager == client_side.MANAGER:
                client_side.follow(merged, old, stated)
            new = self._replacing(request, merged, old)
            record = await self._store_changed(request, new, old, existing)
            return record, False

    def _decode_applied(self, request: Request, body: object, extra: tuple[str, ...]) -> Manifest:
        """Decode a configuration: it says of which kind it is, and has no field twice."""
        api_version, kind = request.served.type.api_version, request.served.type.kind
        stated = body if isinstance(body, dict) else {}
        if request.subresource == "scale" and stated.get("kind") == "Scale":
            metadata = {"name": request.name}
            bare = {"apiVersion": api_version, "kind": kind, "metadata": metadata}
            return scaled(bare, body, request.served)
        if (stated.get("apiVersion"), stated.get("kind")) != (api_version, kind):
            named = f"{stated.get('apiVersion') or ''}"
            named = named if "/" in named else f"/{named}"
            raise InvalidInput(f"invalid object type: {named}, Kind={stated.get('kind') or ''}")
        try:
            meta = self._registry.object_meta
            wanted = prepare.decode(request, body, meta, extra, declared=request.declared)
            refuse_duplicates(wanted, request.served.node)
        except (InvalidInput, ValueError) as error:
            group, _, version = api_version.rpartition("/")
            metadata = stated.get("metadata") or {}
            place = f"{metadata.get('namespace', '')}/{metadata.get('name', '')}"
            about = f"{place}; {group}/{version}, Kind={kind}"
            raise Unexplained(f"failed to create typed patch object ({about}): {error}") from error
        return wanted

    async def _apply_new(self, request: Request, wanted: Manifest) -> Record:
        self._gates.check_namespace(request)
        if wanted["metadata"].get("uid"):
            raise Conflict(
                f'Operation cannot be fulfilled on {request.served.qualified} "{request.name}": '
                "uid mismatch: the provided object specified uid "
                f"{wanted['metadata']['uid']}, and no existing object was found",
                details=request.details(request.name),
            )
        merged = self._applied(request, None, wanted)
        owners = merged["metadata"].get("managedFields")
        new = self._new(request, prepare.copied(merged))
        if owners:
            new["metadata"]["managedFields"] = owners
        self._adjust(request, new, None)
        return await self._store_new(request, new)

    def _applied(self, request: Request, old: Manifest | None, wanted: Manifest) -> Manifest:
        live = from_stored(old, request.served) if old is not None else None
        manager = self._manager(request, "Apply")
        fields = self._fields(request)
        time = self._time(request)
        merged = apply(live, wanted, fields, manager, time, force=request.force)
        return prepare.copied(
            {**merged, "apiVersion": wanted["apiVersion"], "kind": wanted["kind"]}
        )

    # Ownership

    def _manager(self, request: Request, operation: str = "Update") -> Manager:
        api_version = request.served.type.api_version
        return Manager(request.manager, operation, api_version, request.subresource)

    def _fields(self, request: Request) -> Fields:
        served = request.served
        if request.subresource == "status":
            names = set(served.node.properties) - {"status"}
            ignored = tuple((f"f:{name}",) for name in sorted(names))
            return Fields(served.node, served.builtin, ignored)
        ignored = (("f:status",),) if served.status else ()
        return Fields(served.node, served.builtin, ignored)


def _held(manifest: Manifest) -> bool:
    """Whether a finalizer keeps a deleted object."""
    if manifest["kind"] == "Namespace" and (manifest.get("spec") or {}).get("finalizers"):
        return True
    return bool(manifest["metadata"].get("finalizers"))
