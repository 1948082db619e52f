"""The `scale` subresource: the replicas of any scalable kind in one shape."""

from __future__ import annotations

from typing import Any

from idp.embedded.apiserver.types.served import ScalePaths, ServedType
from idp.kernel.errors import InvalidInput
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
        InvalidInput: The scale lacks a count of replicas.
    """
    spec, metadata = _part(scale, "spec"), _part(scale, "metadata")
    replicas = spec.get("replicas", 0)
    if type(replicas) is not int or not 0 <= replicas <= _MOST_REPLICAS:
        raise InvalidInput("spec.replicas of a Scale is a number that is not negative")
    paths = served.scale or ScalePaths()
    place = manifest
    for name in paths.spec_replicas[:-1]:
        place = place.setdefault(name, {})
    place[paths.spec_replicas[-1]] = replicas
    if version := metadata.get("resourceVersion"):
        manifest["metadata"]["resourceVersion"] = version
    return manifest


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
    labels = (selector or {}).get("matchLabels") or {}
    if served.resource == "/replicationcontrollers":  # older than label selectors: a plain map
        labels = selector or {}
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
