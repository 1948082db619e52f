"""From what a client sent to what may be stored: decode, default, validate."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson

from idp.embedded.apiserver.apply.zero import with_zero_values
from idp.embedded.apiserver.kinds.defaults import DEFAULTS
from idp.embedded.apiserver.kinds.names import metadata_causes, name_causes
from idp.embedded.apiserver.kinds.rules import builtin_causes
from idp.embedded.apiserver.schema.node import Node
from idp.embedded.apiserver.schema.prune import prune_builtin, prune_custom
from idp.embedded.apiserver.types.served import ServedType
from idp.embedded.apiserver.types.versions import is_stored_version
from idp.embedded.apiserver.verbs.request import Request
from idp.kernel.errors import Cause, Invalid, InvalidInput
from idp.kernel.resource import Manifest

_SUFFIX = "bcdfghjklmnpqrstvwxz2456789"
_LONGEST_BASE = 58
_SHOWN = 1024
"""Characters of a wrong object that an error shows."""
_MOST_COMPLAINTS = 100

REQUIRED_NAME = Cause(
    "metadata.name", "Required value: name or generateName is required", "FieldValueRequired"
)
REQUIRED_MANAGER = Cause(
    "fieldManager", "Required value: is required for apply patch", "FieldValueRequired"
)
REQUIRED_VERSION = Cause(
    "metadata.resourceVersion", "Invalid value: 0: must be specified for an update"
)


def decode(
    request: Request,
    body: object,
    meta: Node,
    extra: Iterable[str] = (),
    *,
    declared: bool = False,
) -> Manifest:
    """Read a body as an object of the kind asked for.

    Unknown fields are dropped, warned of or refused, as the request wishes.

    Args:
        request: What is asked.
        body: The parsed body.
        meta: Schema of `metadata`.
        extra: Complaints from parsing (duplicate fields).
        declared: Refuse unknown fields whatever the request wishes.

    Raises:
        InvalidInput: It is an object of another kind, or a field is unknown or of a wrong type.
        ValueError: A field is unknown, and all are to be declared.
    """
    manifest = _identified(request, body)
    served = request.served
    unknown: list[str] = []
    if served.builtin:
        manifest = prune_builtin(manifest, served.node, unknown)
    else:
        metadata = prune_builtin(manifest.get("metadata") or {}, meta, unknown, "metadata")
        manifest = {**manifest, "metadata": {}}
        prune_custom(manifest, served.node, unknown)
        manifest["metadata"] = metadata
    if declared and unknown:
        texts = [f".{path}: field not declared in schema" for path in unknown]
        raise ValueError(texts[0] if len(texts) == 1 else "\n  ".join(["errors:", *texts]))
    metadata = manifest.setdefault("metadata", {})
    if _stated(body) == []:
        metadata["managedFields"] = [{}]  # nobody is to own anything: said by an empty list, too
    _judge_unknown(request, [*extra, *(f'unknown field "{path}"' for path in unknown)])
    return manifest


def _stated(body: object) -> object:
    """The owners that a body states."""
    metadata = body.get("metadata") if isinstance(body, dict) else None
    return metadata.get("managedFields") if isinstance(metadata, dict) else None


def _identified(request: Request, body: object) -> Manifest:
    type_ = request.served.type
    if not isinstance(body, dict):
        raise InvalidInput("the body of the request is not an object")
    manifest = dict(body)
    if not request.served.builtin:
        _check_custom(request, manifest)
    for name, expected in (("apiVersion", type_.api_version), ("kind", type_.kind)):
        found = manifest.get(name)
        if found in (None, ""):
            manifest[name] = expected
        elif found != expected:
            what = "API version" if name == "apiVersion" else "kind"
            raise InvalidInput(
                f"the {what} in the data ({found}) does not match the expected {what} ({expected})"
            )
    return manifest


def _check_custom(request: Request, manifest: Manifest) -> None:
    """An object of a custom kind says what it is."""
    kind = request.served.type.kind
    for name, shown in (("kind", "Kind"), ("apiVersion", "apiVersion")):
        if not manifest.get(name):
            body = orjson.dumps(manifest).decode()[:_SHOWN]
            raise InvalidInput(
                f"the object provided is unrecognized (must be of type {kind}): "
                f"Object '{shown}' is missing in '{body}' ({body})"
            )
    if manifest["kind"] != kind and manifest["apiVersion"] == request.served.type.api_version:
        found, group = manifest["kind"], request.served.type.group
        name = str((manifest.get("metadata") or {}).get("name", ""))
        cause = Cause("kind", f'Invalid value: "{found}": must be {kind}')
        raise Invalid(
            f'{found}.{group} "{name}" is invalid: kind: {cause.message}',
            causes=[cause],
            details={"name": name, "group": group, "kind": found},
        )


def _judge_unknown(request: Request, complaints: list[str]) -> None:
    if not complaints or request.field_validation == "Ignore":
        return
    if request.field_validation == "Warn":
        for complaint in complaints:
            request.warn(complaint)
        return
    shown = request.served.type
    raise InvalidInput(
        f'{shown.kind} in version "{shown.version}" cannot be handled as a {shown.kind}: '
        "strict decoding error: " + ", ".join(complaints[:_MOST_COMPLAINTS])
    )


def check_place(request: Request, metadata: Manifest) -> None:
    """Put the request's namespace and name into `metadata`, unless it names others.

    Raises:
        InvalidInput: It does.
    """
    if request.name and metadata.get("name") not in (None, "", request.name):
        raise InvalidInput(
            f"the name of the object ({metadata['name']}) does not match the name on the URL "
            f"({request.name})"
        )
    namespace = metadata.get("namespace") or request.namespace
    if request.served.type.namespaced:
        if namespace != request.namespace:
            raise InvalidInput(
                "the namespace of the provided object does not match the namespace sent on the "
                "request"
            )
        metadata["namespace"] = namespace
    else:
        metadata.pop("namespace", None)


def generated_name(base: str) -> str:
    """A name from `generateName`, cut so that the suffix fits."""
    suffix = "".join(secrets.choice(_SUFFIX) for _ in range(5))
    return base[:_LONGEST_BASE] + suffix


def stamp(manifest: Manifest, served: ServedType, time: str) -> None:
    """Set what the server alone sets in the metadata of a new object."""
    metadata = manifest["metadata"]
    for name in ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "resourceVersion"):
        metadata.pop(name, None)
    metadata["uid"] = str(uuid.uuid4())
    metadata["creationTimestamp"] = time
    if served.counts_generation:
        metadata["generation"] = 1


def set_defaults(manifest: Manifest, served: ServedType) -> None:
    """Set the defaults of a kind in place."""
    if served.builtin and is_stored_version(served):
        complete(manifest, served.node)
    served.defaulter.apply(manifest)
    if served.builtin and (default := DEFAULTS.get(served.resource)):
        default(manifest)


def add_empty_status(manifest: Manifest, served: ServedType) -> None:
    """Give a new object the status that a kind always has, with nothing in it yet."""
    node = served.node.properties.get("status")
    if node is not None and node.present and "status" not in manifest:
        empty = with_zero_values({}, node)
        manifest["status"] = copied({k: v for k, v in empty.items() if v is not None})


def complete(value: Any, node: Node) -> None:
    """Add the structures that an object of a built-in kind always has, empty, in place."""
    if isinstance(value, dict):
        for name, child in node.properties.items():
            if child.present and name not in value and name != "status":
                value[name] = {}
            if name in value:
                complete(value[name], child)
    elif isinstance(value, list) and node.items is not None and node.items.properties:
        for item in value:
            complete(item, node.items)


def carry_metadata(new: Manifest, old: Manifest) -> None:
    """Keep what an update cannot change."""
    metadata, former = new["metadata"], old["metadata"]
    for name in (
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "resourceVersion",
    ):
        if name in former:
            metadata[name] = former[name]
        else:
            metadata.pop(name, None)


def content(manifest: Manifest, *, status: bool) -> Manifest:
    """What `metadata.generation` counts changes of."""
    skipped = {"metadata", "status"} if status else {"metadata"}
    return {name: value for name, value in manifest.items() if name not in skipped}


def same(new: Manifest, old: Manifest) -> bool:
    """Whether nothing changed besides times of ownership."""
    if {k: v for k, v in new.items() if k != "metadata"} != {
        k: v for k, v in old.items() if k != "metadata"
    }:
        return False
    return _timeless(new["metadata"]) == _timeless(old["metadata"])


def _timeless(metadata: Manifest) -> Manifest:
    entries = [
        {k: v for k, v in entry.items() if k != "time"}
        for entry in metadata.get("managedFields") or []
    ]
    return {**metadata, "managedFields": entries}


def validate(request: Request, new: Manifest, old: Manifest | None) -> None:
    """Check an object against all rules of its kind.

    Raises:
        Invalid: Each cause names a field.
    """
    served = request.served
    causes: list[Cause] = []
    if old is None:
        causes += name_causes(served.resource, new["metadata"])
    core = served.builtin and served.type.group != "apiextensions.k8s.io"
    causes += metadata_causes(new, core=core)
    if old is not None:
        causes += _finalizer_causes(new, old)
    if served.builtin:
        causes += builtin_causes(served.resource, served.node, new, old)
    for validator in served.validators:
        causes += validator.validate(new, old)
    if causes:
        raise invalid(request, new["metadata"].get("name", ""), causes)


def without_version(request: Request) -> Invalid:
    """The error for an update of a custom object that does not say which version it changes."""
    cause = REQUIRED_VERSION
    return Invalid(
        f'{request.served.qualified} "{request.name}" is invalid: {cause.field}: {cause.message}',
        causes=[cause],
        details=request.details(request.name),
    )


def invalid_options(kind: str, *causes: Cause) -> Invalid:
    """The error for options of a request that break rules."""
    return Invalid(
        f'{kind}.meta.k8s.io "" is invalid: {_listed(causes)}',
        causes=causes,
        details={"group": "meta.k8s.io", "kind": kind},
    )


def dry_run_causes(values: Sequence[str]) -> Iterator[Cause]:
    """What is wrong with the stages of a dry run."""
    if any(value != "All" for value in values):
        shown = orjson.dumps(list(values)).decode().replace(",", ", ")
        text = f'Unsupported value: {shown}: supported values: "All"'
        yield Cause("dryRun", text, "FieldValueNotSupported")


def _listed(causes: Sequence[Cause]) -> str:
    """Causes as the message of an error names them: each text once."""
    texts = list(dict.fromkeys(f"{c.field or '<nil>'}: {c.message}" for c in causes))
    return texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"


def _finalizer_causes(new: Manifest, old: Manifest) -> Iterable[Cause]:
    if "deletionTimestamp" not in old["metadata"]:
        return
    former = set(old["metadata"].get("finalizers") or [])
    added = [f for f in new["metadata"].get("finalizers") or [] if f not in former]
    if added:
        shown = ", ".join(f'"{name}"' for name in added)
        text = (
            "Forbidden: no new finalizers can be added if the object is being deleted, "
            f"found new finalizers []string{{{shown}}}"
        )
        yield Cause("metadata.finalizers", text, "FieldValueForbidden")


def invalid(request: Request, name: str, causes: list[Cause]) -> Invalid:
    """The error for an object that breaks rules."""
    type_ = request.served.type
    details = {"name": name, "group": type_.group, "kind": type_.kind}
    return Invalid(
        f'{request.served.qualified_kind} "{name}" is invalid: {_listed(causes)}',
        causes=causes,
        details={k: v for k, v in details.items() if v},
    )


def copied(manifest: Manifest) -> Manifest:
    """A copy whose parts may be changed. Parsing anew is faster than copying a tree."""
    copy: Manifest = orjson.loads(orjson.dumps(manifest))
    return copy
