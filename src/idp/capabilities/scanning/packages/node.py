"""Node: package-lock.json (versions 2 and 3), pnpm and Yarn locks, installed packages. Pure.

https://docs.npmjs.com/cli/configuring-npm/package-lock-json
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

import orjson
import yaml

from idp.capabilities.scanning.packages.model import (
    Files,
    Found,
    Package,
    collect,
    license_of,
    package_url,
)

ECOSYSTEM = "npm"
_LOCKS = {"package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock"}
_INSTALLED = re.compile(r"(?:^|.*/)node_modules/((?:@[^/]+/)?[^/@.][^/]*)/package\.json$")
_BERRY = "__metadata:"
_YARN_HEAD = re.compile(r'^"?((?:@[^@/"]+/)?[^@"]+)@')
_YARN_FIELD = re.compile(r'^ {2}"?version"?:? "?([^"]+)"?$')
_YARN_NEED = re.compile(r'^ {4}"?([^" ]+?)"?:? "?([^"]+)"?$')
_NEEDS = ("dependencies", "optionalDependencies", "peerDependencies")


def reads(path: str) -> bool:
    """Lock files, and what describes an installed package."""
    return PurePosixPath(path).name in _LOCKS or _INSTALLED.match(path) is not None


def find(files: Files, *, installed: bool) -> Found:
    """Read what is installed in an image, the locks of a source tree."""
    found = Found()
    if installed:
        manifests = {path: read for path, read in files.items() if _INSTALLED.match(path)}
        return _installed(manifests)
    for path, read in files.items():
        name = PurePosixPath(path).name
        if name not in _LOCKS or "node_modules" in path.split("/"):
            continue
        try:
            found |= _lock(path, name, read())
        except (ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
            found |= collect((), gaps=[f"{path} cannot be read: {error}"])
    return found


def _lock(path: str, name: str, data: bytes) -> Found:
    if name == "yarn.lock":
        return _yarn(path, data.decode())
    if name == "pnpm-lock.yaml":
        return _pnpm(path, yaml.safe_load(data))
    document = orjson.loads(data)
    if document.get("lockfileVersion") not in (2, 3):
        raise ValueError(f"lockfileVersion {document.get('lockfileVersion')} is not 2 or 3")
    return _npm(path, document["packages"])


def _npm(path: str, entries: Mapping[str, dict[str, Any]]) -> Found:
    """`packages` lists folders: a need is the package in the nearest `node_modules` above."""
    by_folder: dict[str, Package] = {}
    for folder, entry in entries.items():
        name = entry.get("name") or folder.rpartition("node_modules/")[2]
        if "node_modules/" in folder and not entry.get("link") and entry.get("version"):
            by_folder[folder] = _package(
                name,
                entry["version"],
                path,
                entry.get("license"),
                development=bool(entry.get("dev") or entry.get("devOptional")),
            )
    needs = {
        package.purl: [
            by_folder[at].purl
            for need in _needed(entries[folder])
            if (at := _resolve(folder, need, by_folder))
        ]
        for folder, package in by_folder.items()
    }
    return collect(by_folder.values(), needs)


def _needed(entry: Mapping[str, Any]) -> Iterator[str]:
    for field in _NEEDS:
        yield from entry.get(field) or {}


def _resolve(folder: str, name: str, known: Mapping[str, Any]) -> str:
    """Where Node finds a package from a folder; empty when it is not there."""
    at = folder
    while True:
        candidate = f"{at}/node_modules/{name}".lstrip("/")
        if candidate in known:
            return candidate
        if not at:
            return ""
        at = at.rpartition("/node_modules/")[0] if "/node_modules/" in at else ""


def _pnpm(path: str, document: dict[str, Any]) -> Found:
    """Version 6 to 9: keys are `[/]name@version[(peers)]`, needs in `snapshots` or beside."""
    major = int(str(document["lockfileVersion"]).partition(".")[0])
    if not 6 <= major <= 9:
        raise ValueError(f"lockfileVersion {document['lockfileVersion']} is not 6 to 9")
    entries = document.get("packages") or {}
    packages = [
        _package(*_key(key), path, development=bool((entry or {}).get("dev")))
        for key, entry in entries.items()
    ]
    needs: dict[str, list[str]] = {}
    for key, entry in (document.get("snapshots") or entries).items():
        name, version = _key(key)
        needed = needs.setdefault(package_url("npm", name, version), [])
        for field in ("dependencies", "optionalDependencies"):
            for need, at in ((entry or {}).get(field) or {}).items():
                needed.append(package_url("npm", need, str(at).partition("(")[0]))
    return collect(packages, needs)


def _key(key: str) -> tuple[str, str]:
    name, _, version = key.lstrip("/").partition("(")[0].rpartition("@")
    if not name or not version:
        raise ValueError(f"{key!r:.80} names no package")
    return name, version


def _yarn(path: str, text: str) -> Found:
    """Version 1 and later ones, which write alike: a heading of asked ranges, then fields."""
    asked: dict[str, str] = {}
    packages, wants = [], {}
    for heading, lines in _yarn_blocks(text):
        match = _YARN_HEAD.match(heading)
        version = next((m.group(1) for line in lines if (m := _YARN_FIELD.match(line))), "")
        if match is None or not version or "@workspace:" in heading or _BERRY in heading:
            continue
        package = _package(match.group(1), version, path)
        packages.append(package)
        for one in heading.rstrip(":").replace('"', "").split(", "):
            asked[one.replace("@npm:", "@")] = package.purl
        wants[package.purl] = _yarn_needs(lines)
    needs = {purl: [asked[key] for key in keys if key in asked] for purl, keys in wants.items()}
    return collect(packages, needs)


def _yarn_blocks(text: str) -> Iterator[tuple[str, list[str]]]:
    heading = ""
    lines: list[str] = []
    for line in text.splitlines():
        if line and not line.startswith((" ", "#")):
            if heading:
                yield heading, lines
            heading, lines = line, []
        else:
            lines.append(line)
    if heading:
        yield heading, lines


def _yarn_needs(lines: list[str]) -> list[str]:
    needs, inside = [], False
    for line in lines:
        if line.startswith("  ") and not line.startswith("    "):
            inside = line.strip() in ("dependencies:", "optionalDependencies:")
        elif inside and (match := _YARN_NEED.match(line)):
            needs.append(f"{match.group(1)}@{match.group(2).removeprefix('npm:')}")
    return needs


def _installed(files: Files) -> Found:
    known: dict[str, Package] = {}
    wants: dict[str, list[str]] = {}
    gaps = []
    for path, read in files.items():
        folder = path.removesuffix("/package.json")
        try:
            manifest = orjson.loads(read())
            name, version = manifest.get("name"), manifest.get("version")
            if not name or not version:  # a part of a package, such as its ES modules
                continue
            known[folder] = _package(name, version, path, _license(manifest))
            wants[folder] = list(_needed(manifest))
        except (ValueError, TypeError, AttributeError) as error:
            gaps.append(f"{path} cannot be read: {error}")
    needs = {
        known[folder].purl: [known[at].purl for w in wanted if (at := _resolve(folder, w, known))]
        for folder, wanted in wants.items()
    }
    return collect(known.values(), needs, gaps)


def _license(manifest: Mapping[str, Any]) -> str:
    """The field as it is today, or one of its two old forms."""
    stated = manifest.get("license") or manifest.get("licenses")
    entries = stated if isinstance(stated, list) else [stated]
    names = [e.get("type") if isinstance(e, dict) else e for e in entries if e]
    return " OR ".join(str(name) for name in names if name)


def _package(
    name: str, version: str, path: str, stated: object = "", *, development: bool = False
) -> Package:
    expression, names = license_of(stated if isinstance(stated, str) else "")
    return Package(
        ECOSYSTEM,
        name,
        version,
        package_url("npm", name, version),
        expression,
        names,
        location=path,
        development=development,
    )
