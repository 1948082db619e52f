"""The `scale` subresource: the replicas of any scalable kind in one shape."""

from __future__ import annotations

from typing import Any

from idp.embedded.apiserver.tables.workloads import selector_text
from idp.embedded.apiserver.types.served import ScalePaths, ServedType
from idp.kernel.errors import Cause, IdpError, Invalid, InvalidInput
from idp.kernel.resource import Manifest

_MOST_REPLICAS = (1 << 31) - 1


def scale_of(manifest: Manifest, served: ServedType) -> Manifest:
    """The `autoscaling/v1 Scale` of an object."""
    paths = served.scale or ScalePaths()
    metadata = manifest["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    status: Manifest = {"replicas": _at(manifest, paths.status_replicas) or 0}
    if selector := _selector(manifest, served, paths):
        status["selector"] = selector
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: metadata[name] for name in kept if name in metadata},
        "spec": {"replicas": _at(manifest, paths.spec_replicas) or 0},
        "status": status,
    }


def scaled(manifest: Manifest, scale: Any, served: ServedType) -> Manifest:
    """The object with the replicas of a scale. Consumes `manifest`.

    Raises:
        InvalidInput: It is no scale, or that of another object.
        Invalid: The count of replicas is none.
    """
    spec, metadata = _part(scale, "spec"), _part(scale, "metadata")
    replicas, name = spec.get("replicas", 0), manifest["metadata"].get("name", "")
    if metadata.get("name") not in (None, "", name):
        raise InvalidInput(
            f"the name of the object ({metadata['name']}) does not match the name on the URL "
            f"({name})"
        )
    if type(replicas) is not int or abs(replicas) > _MOST_REPLICAS:
        cause = Cause("patch", "Invalid value: spec.replicas of a Scale is a number")
        raise Invalid(f' "" is invalid: patch: {cause.message}', causes=[cause])
    paths = served.scale or ScalePaths()
    if replicas < 0:
        raise _negative(replicas, name, served, paths)
    place = manifest
    for name in paths.spec_replicas[:-1]:
        place = place.setdefault(name, {})
    place[paths.spec_replicas[-1]] = replicas
    if version := metadata.get("resourceVersion"):
        manifest["metadata"]["resourceVersion"] = version
    return manifest


def _negative(replicas: int, name: str, served: ServedType, paths: ScalePaths) -> Invalid:
    if served.builtin:
        kind, group, field = "Scale", "autoscaling", "spec.replicas"
        text = "must be greater than or equal to 0"
    else:
        kind, group = served.type.kind, served.type.group
        field, text = "." + ".".join(paths.spec_replicas), "should be a non-negative integer"
    cause = Cause(field, f"Invalid value: {replicas}: {text}")
    return Invalid(
        f'{kind}.{group} "{name}" is invalid: {field}: {cause.message}',
        causes=[cause],
        details={"name": name, "group": group, "kind": kind},
    )


def check_scalable(manifest: Manifest, served: ServedType) -> None:
    """Refuse to show the scale of a custom object that says nothing about it.

    Raises:
        IdpError: The object has no count of replicas.
    """
    paths = served.scale or ScalePaths()
    if not served.builtin and _at(manifest, paths.spec_replicas) is None:
        text = f'the spec replicas field ".{".".join(paths.spec_replicas)}" does not exist'
        raise IdpError(f"Internal error occurred: {text}", causes=[Cause("", text, "")])


def _part(scale: Any, name: str) -> dict[str, Any]:
    part = (scale.get(name) or {}) if isinstance(scale, dict) else None
    if not isinstance(part, dict):
        raise InvalidInput(f"the body of the request is not a Scale: {name} is no object")
    return part


def _at(manifest: Manifest, path: tuple[str, ...]) -> Any:
    value: Any = manifest
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _selector(manifest: Manifest, served: ServedType, paths: ScalePaths) -> str:
    if paths.selector is None:
        return ""
    selector = _at(manifest, paths.selector)
    if isinstance(selector, str):
        return selector
    if served.resource == "/replicationcontrollers":  # older than label selectors: a plain map
        return ",".join(f"{key}={value}" for key, value in sorted((selector or {}).items()))
    return selector_text(selector) if selector else ""
