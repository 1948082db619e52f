"""Delete: at once, or by finalizers.

Deleting an object marks it when something must happen first: a finalizer of its own, dependents
that go first (`Foreground`) or are freed (`Orphan`). Without such it is gone at once, and its
dependents follow in the background.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self, TypeVar

from idp.embedded.apiserver.gates import Gates
from idp.embedded.apiserver.storage.record import Record
from idp.embedded.apiserver.storage.store import Store
from idp.embedded.apiserver.verbs.prepare import dry_run_causes, invalid_options
from idp.embedded.apiserver.verbs.request import Request
from idp.kernel.clock import Clock, timestamp
from idp.kernel.errors import Cause, Conflict, InvalidInput
from idp.kernel.resource import Manifest

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"
_FINALIZER = {"Foreground": FOREGROUND, "Orphan": ORPHAN}
_JOB_WARNING = (
    "child pods are preserved by default when jobs are deleted; set "
    "propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress "
    "this warning"
)


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """How to delete.

    Attributes:
        propagation: `Background`, `Foreground`, `Orphan`, or None for the kind's default.
        grace_seconds: Time a pod on a node gets; None for the pod's own.
        uid: Delete only the object of this uid.
        resource_version: Delete only this version.
        accepted: A deletion that takes longer is answered 202, as older clients ask for.
    """

    propagation: str | None = None
    grace_seconds: int | None = None
    uid: str | None = None
    resource_version: str | None = None
    accepted: bool = False

    @classmethod
    def parse(cls, body: dict[str, Any]) -> Self:
        """Read a `DeleteOptions` object.

        Raises:
            InvalidInput: The object is of another kind, or a field is of another type.
            Invalid: An option has a value that it cannot have.
        """
        kind, version = body.get("kind") or "DeleteOptions", body.get("apiVersion") or "v1"
        if kind != "DeleteOptions":
            raise InvalidInput(f'no kind "{kind}" is registered for version "{version}"')
        if causes := [*_option_causes(body)]:
            raise invalid_options("DeleteOptions", *causes)
        preconditions = _field(body, "preconditions", dict) or {}
        propagation, orphan = body.get("propagationPolicy"), body.get("orphanDependents")
        if orphan is not None:
            propagation = "Orphan" if orphan else "Background"
        return cls(
            propagation,
            _grace_seconds(body),
            _field(preconditions, "uid", str),
            _field(preconditions, "resourceVersion", str),
            accepted=orphan is False,
        )


def _option_causes(body: dict[str, Any]) -> Iterator[Cause]:
    propagation = body.get("propagationPolicy")
    if propagation is not None and body.get("orphanDependents") is not None:
        text = "orphanDependents and deletionPropagation cannot be both set"
        yield Cause("propagationPolicy", f'Invalid value: "{propagation}": {text}')
    if propagation not in (None, "Background", *_FINALIZER):
        supported = '"Foreground", "Background", "Orphan", "nil"'
        text = f'Unsupported value: "{propagation}": supported values: {supported}'
        yield Cause("propagationPolicy", text, "FieldValueNotSupported")
    stages = _field(body, "dryRun", list) or []
    yield from dry_run_causes([str(stage) for stage in stages])


_T = TypeVar("_T")
_LONGEST_GRACE = (1 << 31) - 1


def _field(body: dict[str, Any], name: str, kind: type[_T]) -> _T | None:
    value = body.get(name)
    if value is not None and type(value) is not kind:
        raise InvalidInput(f"{name} of the DeleteOptions is of the wrong type")
    return value


def _grace_seconds(body: dict[str, Any]) -> int | None:
    seconds = _field(body, "gracePeriodSeconds", int)
    return seconds if seconds is None else min(max(0, seconds), _LONGEST_GRACE)


class Deleter:
    """Deletes objects."""

    def __init__(self, store: Store, gates: Gates, clock: Clock) -> None:
        self._store = store
        self._gates = gates
        self._clock = clock

    async def delete(self, request: Request, options: DeleteOptions) -> tuple[Record, bool]:
        """Delete one object; also tells whether it is gone already.

        Raises:
            NotFound: There is none.
            Conflict: A precondition does not hold.
        """
        async with self._store.locked(request.key) as existing:
            if existing is None:
                raise request.not_found()
            self._check(request, options, existing)
            self._gates.check_deletion(request)
            old = existing.manifest()
            self._gates.admit(request, "DELETE", None, old)
            marked = self._marked(request, existing.manifest(), options)
            if request.dry_run:
                if not _waits(marked):
                    return existing, True
                return Record.of(request.key, existing.version, marked), False
            if not _waits(marked):
                return await self._store.remove(request.key, old), True
            if marked == old:
                return existing, False
            return await self._store.put(request.key, marked), False

    def _check(self, request: Request, options: DeleteOptions, existing: Record) -> None:
        kind = request.served.qualified_kind
        about = f'Operation cannot be fulfilled on {kind} "{request.name}"'
        details = {**request.details(request.name), "kind": request.served.type.kind}
        for name, wanted, found in (
            ("UID", options.uid, existing.uid),
            ("ResourceVersion", options.resource_version, str(existing.version)),
        ):
            if wanted not in (None, "", found):
                raise Conflict(
                    f"{about}: the {name} in the precondition ({wanted}) does not match the "
                    f"{name} in record ({found}). The object might have been "
                    + ("deleted and then recreated" if name == "UID" else "modified"),
                    details=details,
                )

    def _marked(self, request: Request, manifest: Manifest, options: DeleteOptions) -> Manifest:
        """The object as a deletion leaves it; it is gone when nothing holds it."""
        metadata = manifest["metadata"]
        finalizers = [f for f in metadata.get("finalizers") or [] if f not in (FOREGROUND, ORPHAN)]
        if finalizer := self._propagation(request, metadata, options):
            finalizers.append(finalizer)
        metadata["finalizers"] = finalizers
        if not finalizers:
            del metadata["finalizers"]
        grace = self._grace(manifest, options)
        if "deletionTimestamp" not in metadata or (
            grace < metadata.get("deletionGracePeriodSeconds", 0)
        ):
            if "deletionTimestamp" not in metadata and request.served.counts_generation:
                metadata["generation"] = metadata.get("generation", 0) + 1
            metadata["deletionTimestamp"] = timestamp(self._clock() + timedelta(seconds=grace))
            metadata["deletionGracePeriodSeconds"] = grace
        if request.served.resource == "/namespaces":
            metadata.pop("deletionGracePeriodSeconds", None)
            manifest.setdefault("status", {})["phase"] = "Terminating"
        return manifest

    def _propagation(
        self, request: Request, metadata: Manifest, options: DeleteOptions
    ) -> str | None:
        """The finalizer that carries out the wanted propagation."""
        if options.propagation is not None:
            return _FINALIZER.get(options.propagation)
        for finalizer in (ORPHAN, FOREGROUND):
            if finalizer in (metadata.get("finalizers") or []):
                return finalizer
        if request.served.resource == "batch/jobs":
            request.warn(_JOB_WARNING)
            return ORPHAN
        return None

    @staticmethod
    def _grace(manifest: Manifest, options: DeleteOptions) -> int:
        """Only a pod that a node runs takes time to end."""
        if manifest["apiVersion"] != "v1" or manifest["kind"] != "Pod":
            return 0
        spec, status = manifest.get("spec") or {}, manifest.get("status") or {}
        if not spec.get("nodeName") or status.get("phase") in ("Succeeded", "Failed"):
            return 0
        if options.grace_seconds is not None:
            return options.grace_seconds
        return int(spec.get("terminationGracePeriodSeconds", 30))


def _waits(marked: Manifest) -> bool:
    metadata = marked["metadata"]
    if metadata.get("finalizers") or metadata.get("deletionGracePeriodSeconds"):
        return True
    return marked["kind"] == "Namespace" and bool((marked.get("spec") or {}).get("finalizers"))
