"""Files of a directory -> the objects that are wanted, or why not. Pure but for kind lookups."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from idp.embedded.gitops.application import Application, Source
from idp.embedded.gitops.objects import (
    HOOK,
    SYNC_WAVE,
    Key,
    annotation,
    key_of,
    tracked,
    wave,
)
from idp.kernel.errors import Forbidden, IdpError, Invalid
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.strict_yaml import read_documents

FindKind = Callable[[str, str], Awaitable[ResourceType | None]]

_SUFFIXES = (".yaml", ".yml", ".json")
_SKIP = b"+argocd:skip-file-rendering"
_MAX_OBJECTS = 2000


@dataclass(frozen=True, slots=True)
class Target:
    """One object that is wanted.

    Attributes:
        type: Its kind; None when the API does not have it (yet).
        manifest: What is applied, with namespace and tracking annotation.
    """

    key: Key
    type: ResourceType | None
    manifest: Manifest

    @property
    def wave(self) -> int:
        """Its sync wave."""
        return wave(self.manifest)


def chosen_files(files: Mapping[str, bytes], source: Source) -> dict[str, bytes]:
    """The manifests among the files below the source's path, in the order of their names."""
    include, exclude = _patterns(source.include), _patterns(source.exclude)
    return {
        path: content
        for path, content in sorted(files.items())
        if path.endswith(_SUFFIXES)
        and (source.recurse or "/" not in path)
        and (not include or _matches(path, include))
        and not _matches(path, exclude)
        and _SKIP not in content
    }


def _patterns(glob: str) -> list[str]:
    """A glob with `{a,b}` written out."""
    if not glob:
        return []
    match = re.search(r"\{([^{}]*)\}", glob)
    if match is None:
        return [glob.replace("**/", "*")]
    return [
        pattern
        for choice in match[1].split(",")
        for pattern in _patterns(glob[: match.start()] + choice.strip() + glob[match.end() :])
    ]


def _matches(path: str, patterns: list[str]) -> bool:
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def _objects(path: str, content: bytes) -> Iterator[tuple[str, Manifest]]:
    """Each object with the place it comes from; a `List` gives its items."""
    for line, document in read_documents(content, name=path):
        place = f"{path}:{line}"
        items = [document]
        if isinstance(document, dict) and document.get("kind") == "List":
            items = document.get("items") or []
        for item in items:
            yield place, _checked(item, place)


def _checked(item: Any, place: str) -> Manifest:
    if not isinstance(item, dict):
        raise Invalid(f"{place}: a manifest is a mapping, not {type(item).__name__}")
    meta = item.get("metadata")
    for name, value in (("apiVersion", item.get("apiVersion")), ("kind", item.get("kind"))):
        if not isinstance(value, str) or not value:
            raise Invalid(f"{place}: {name} is missing")
    if not isinstance(meta, dict) or not isinstance(meta.get("name"), str) or not meta["name"]:
        raise Invalid(f"{place}: metadata.name is missing (generateName cannot be kept in sync)")
    annotations = meta.get("annotations") or {}
    if not isinstance(annotations, dict) or not all(
        isinstance(v, str) for v in annotations.values()
    ):
        raise Invalid(f"{place}: metadata.annotations must map names to strings")
    if annotation(item, HOOK):
        raise Invalid(f"{place}: the annotation {HOOK} is not supported: use a pipeline step")
    if not re.fullmatch(r"|-?\d{1,6}", annotation(item, SYNC_WAVE)):
        raise Invalid(f"{place}: the annotation {SYNC_WAVE} must be a whole number")
    return {name: value for name, value in item.items() if name != "status"}


async def targets(
    application: Application,
    files: Mapping[str, bytes],
    find_kind: FindKind,
    cluster_kinds: frozenset[tuple[str, str]],
) -> list[Target]:
    """What an application wants.

    Args:
        files: Below the source's path, by path relative to it.
        find_kind: The type of an `apiVersion` and `kind`.
        cluster_kinds: Group and kind of cluster-scoped objects that an application may have.

    Raises:
        Invalid: A file is wrong (the message names path and line), or an object is there twice.
        Forbidden: An object lies outside what the application may deploy to.
    """
    found: dict[Key, tuple[str, Target]] = {}
    for path, content in chosen_files(files, application.source).items():
        for place, manifest in _objects(
            str(PurePosixPath(application.source.path) / path), content
        ):
            type = await find_kind(manifest["apiVersion"], manifest["kind"])
            placed = _placed(application, manifest, type, cluster_kinds, place)
            key = key_of(type or _unknown(manifest), placed)
            if key in found:
                raise Invalid(f"{place}: {key} is also in {found[key][0]}")
            found[key] = (place, Target(key, type, tracked(placed, application.name, key)))
            if len(found) > _MAX_OBJECTS:
                raise Invalid(f"there are more than {_MAX_OBJECTS} objects in one application")
    return [target for _, target in found.values()]


def _unknown(manifest: Manifest) -> ResourceType:
    group, _, version = manifest["apiVersion"].rpartition("/")
    return ResourceType(group, version, manifest["kind"], "")


def _placed(
    application: Application,
    manifest: Manifest,
    type: ResourceType | None,
    cluster_kinds: frozenset[tuple[str, str]],
    place: str,
) -> Manifest:
    """The manifest in the namespace it may be in."""
    meta = manifest["metadata"]
    if type is not None and not type.namespaced:
        if (type.group, type.kind) not in cluster_kinds:
            raise _outside(place, f"{type.kind} is cluster-scoped")
        if type.kind == "Namespace" and meta["name"] != application.destination:
            raise _outside(place, f"Namespace {meta['name']} is not its own")
        return {**manifest, "metadata": {k: v for k, v in meta.items() if k != "namespace"}}
    namespace = meta.get("namespace") or application.destination
    if namespace != application.destination:
        raise _outside(place, f"namespace {namespace} is not its own")
    return {**manifest, "metadata": {**meta, "namespace": namespace}}


def _outside(place: str, why: str) -> IdpError:
    return Forbidden(
        f"{place}: an application deploys only to spec.destination.namespace: {why}",
        remedy="Move the object to an application of its own namespace.",
    )
