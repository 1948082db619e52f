"""Volumes of a pod as folders on this machine.

A ConfigMap or Secret volume looks as on a cluster: files are links to `..data/<key>`, `..data` is
a link to a folder with one version of the contents. An update writes a new folder and replaces the
one link, so a reader sees all of the old or all of the new version.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from idp.embedded.workloads.pods.environment import PodFacts
from idp.embedded.workloads.pods.sources import Sources
from idp.kernel.errors import InvalidInput
from idp.kernel.resource import Manifest

_DATA = "..data"


@dataclass(frozen=True, slots=True)
class File:
    """A file of a volume."""

    content: bytes
    mode: int


def contents(volume: Manifest, facts: PodFacts, sources: Sources) -> dict[str, File] | None:
    """What a volume holds, by relative path; None for an emptyDir, whose contents are the pod's.

    Raises:
        InvalidInput: An object or key that is not optional is missing, or a path is not inside.
    """
    if "emptyDir" in volume:
        return None
    projected = volume.get("projected")
    parts = (projected.get("sources") or []) if projected else [volume]
    mode = int((projected or {}).get("defaultMode", 0o644))
    files: dict[str, File] = {}
    for part in parts:
        for path, file in _part(part, mode, facts, sources):
            pure = PurePosixPath(path)
            if pure.is_absolute() or ".." in pure.parts or path.startswith("..") or not path:
                raise InvalidInput(f"the volume path {path!r} is not inside the volume")
            files[str(pure)] = file
    return files


def _part(
    part: Manifest, mode: int, facts: PodFacts, sources: Sources
) -> Iterator[tuple[str, File]]:
    for field, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
        if (reference := part.get(field)) is not None:
            mode = int(reference.get("defaultMode", mode))
            data = sources.data(kind, reference)
            items = reference.get("items") or [{"key": key, "path": key} for key in data]
            for item in items:
                if item["key"] in data:
                    file = File(data[item["key"]], int(item.get("mode", mode)))
                    yield item["path"], file
                elif not reference.get("optional"):
                    raise InvalidInput(f'{kind} volume: there is no key "{item["key"]}"')
    if (downward := part.get("downwardAPI")) is not None:
        mode = int(downward.get("defaultMode", mode))
        for item in downward.get("items") or []:
            if "fieldRef" not in item:
                raise InvalidInput("downwardAPI volumes support fieldRef only")
            text = _downward(facts, item["fieldRef"]["fieldPath"])
            yield item["path"], File(text.encode(), int(item.get("mode", mode)))


def _downward(facts: PodFacts, path: str) -> str:
    """As `fieldRef`, and whole labels or annotations, one `key="value"` a line."""
    if path in ("metadata.labels", "metadata.annotations"):
        values: Mapping[str, str] = facts.pod["metadata"].get(path.partition(".")[2]) or {}
        return "\n".join(f'{key}="{value}"' for key, value in sorted(values.items()))
    return facts.value(path)


def write(folder: Path, files: Mapping[str, File] | None) -> bool:
    """Make a volume's folder show `files`.

    Returns:
        Whether anything changed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if files is None:
        return False
    version = folder / f"..{_fingerprint(files)}"
    link = folder / _DATA
    if link.is_symlink() and str(link.readlink()) == version.name:
        return False
    shutil.rmtree(version, ignore_errors=True)  # left by a kill before the link was set
    for path, file in files.items():
        target = version / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.content)
        target.chmod(file.mode | 0o400)
    version.mkdir(exist_ok=True)
    _replace_link(link, version.name)
    _link_names(folder, {PurePosixPath(path).parts[0] for path in files})
    for old in folder.glob("..*"):
        if old.is_dir() and not old.is_symlink() and old != version:
            shutil.rmtree(old)
    return True


def _fingerprint(files: Mapping[str, File]) -> str:
    hashed = hashlib.sha256()
    for path in sorted(files):
        file = files[path]
        hashed.update(f"{path}\0{file.mode}\0{len(file.content)}\0".encode())
        hashed.update(file.content)
    return hashed.hexdigest()[:24]


def _replace_link(link: Path, target: str) -> None:
    temporary = link.with_name(f"{link.name}.tmp")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    temporary.replace(link)


def _link_names(folder: Path, names: set[str]) -> None:
    for name in names:
        link = folder / name
        if not link.is_symlink():
            link.symlink_to(f"{_DATA}/{name}")
    for entry in folder.iterdir():
        if entry.is_symlink() and entry.name not in names and not entry.name.startswith(_DATA):
            entry.unlink()
