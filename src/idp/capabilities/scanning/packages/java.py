"""Java: pom.xml in source trees; jars, also those inside of jars, in images. Pure.

https://maven.apache.org/pom.html. A jar says who it is in `META-INF/maven/**/pom.properties`, and
without that in its manifest.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from xml.parsers import expat

from idp.capabilities.scanning.packages.model import (
    Files,
    Found,
    Package,
    collect,
    package_url,
)

ECOSYSTEM = "Maven"
_ARCHIVES = (".jar", ".war", ".ear")
_PROPERTIES = re.compile(r"META-INF/maven/[^/]+/[^/]+/pom\.properties$")
_PLACEHOLDER = re.compile(r"\$\{([^}]+)\}")
_MAX_DEPTH = 3
_MAX_MEMBER_BYTES = 64 * 2**20
_MAX_TOTAL_BYTES = 512 * 2**20
_MAX_XML_BYTES = 4 * 2**20


def reads(path: str) -> bool:
    """Project files and archives."""
    return PurePosixPath(path).name == "pom.xml" or path.endswith(_ARCHIVES)


def find(files: Files, *, installed: bool) -> Found:
    """Read archives in an image, project files in a source tree."""
    found = Found()
    for path, read in files.items():
        is_archive = path.endswith(_ARCHIVES)
        if is_archive != installed:
            continue
        try:
            if is_archive:
                found |= collect(_Archive(path).packages(read()))
            else:
                found |= _of_project(path, read())
        except (ValueError, KeyError, zipfile.BadZipFile, zlib.error, OSError) as error:
            found |= collect((), gaps=[f"{path} cannot be read: {error}"])
    return found


class _Archive:
    """One archive and those inside of it; together they may unpack to so many bytes."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._left = _MAX_TOTAL_BYTES

    def packages(self, data: bytes, depth: int = 0, name: str = "") -> Iterator[Package]:
        """Who the archive is, and what is packed into it."""
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {info.filename: info for info in archive.infolist()}
            told = [m for m in members if _PROPERTIES.search(m)]
            for member in told:
                if package := _of_properties(self._read(archive, members[member]), self._path):
                    yield package
            if not told and "META-INF/MANIFEST.MF" in members:
                manifest = self._read(archive, members["META-INF/MANIFEST.MF"])
                if package := _of_manifest(manifest, name or self._path, self._path):
                    yield package
            for member in sorted(m for m in members if m.endswith(_ARCHIVES)):
                if depth >= _MAX_DEPTH:
                    raise ValueError(f"archives lie more than {_MAX_DEPTH} deep in each other")
                yield from self.packages(self._read(archive, members[member]), depth + 1, member)

    def _read(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
        with archive.open(info) as member:
            data = member.read(min(_MAX_MEMBER_BYTES, self._left) + 1)
        if len(data) > min(_MAX_MEMBER_BYTES, self._left):
            raise ValueError(f"{info.filename} unpacks to too many bytes")
        self._left -= len(data)
        return data


def _of_properties(data: bytes, path: str) -> Package | None:
    fields = dict(
        line.split("=", 1) for line in data.decode(errors="replace").splitlines() if "=" in line
    )
    told = [fields.get(key, "").strip() for key in ("groupId", "artifactId", "version")]
    return _package(told[0], told[1], told[2], path) if all(told) else None


def _of_manifest(data: bytes, name: str, path: str) -> Package | None:
    """Without Maven's own word: OSGi's, then Java's; the name of the file gives the artifact."""
    text = data.decode(errors="replace").replace("\r\n", "\n").replace("\n ", "")
    fields = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
    file = PurePosixPath(name).stem
    match = re.match(r"(.+?)-(\d[\w.+-]*)$", file)
    artifact = match.group(1) if match else file
    version = (
        (match.group(2) if match else "")
        or fields.get("Implementation-Version", "").strip()
        or fields.get("Bundle-Version", "").strip()
    )
    group = (
        fields.get("Implementation-Vendor-Id", "").strip()
        or fields.get("Bundle-SymbolicName", "").partition(";")[0].strip().rpartition(".")[0]
        or fields.get("Automatic-Module-Name", "").strip().rpartition(".")[0]
    )
    return _package(group, artifact, version, path) if group and version else None


def _of_project(path: str, data: bytes) -> Found:
    """Dependencies with their versions, from properties and `dependencyManagement` of the file.

    What parents and imported lists say is in other projects: such a version is told as a gap, and
    so are transitive dependencies, which only Maven resolves.
    """
    tree = _parse(data)
    values = _properties(tree)
    managed = {
        (_fill(t.get("groupId", ""), values), _fill(t.get("artifactId", ""), values)): t
        for t in _entries(tree, "project/dependencyManagement/dependencies/dependency")
    }
    packages, unknown = [], []
    for told in _entries(tree, "project/dependencies/dependency"):
        group, artifact = (_fill(told.get(key, ""), values) for key in ("groupId", "artifactId"))
        version = told.get("version") or managed.get((group, artifact), {}).get("version", "")
        version = _fill(version, values).strip()
        scope = told.get("scope", "")
        if not version or "${" in version or version[0] in "[(":
            unknown.append(f"{group}:{artifact}")
        else:
            packages.append(_package(group, artifact, version, path, development=scope == "test"))
    gaps = [f"{path} does not say what its dependencies need"] if packages or unknown else []
    if unknown:
        gaps.append(f"{path} gives no version of {', '.join(sorted(unknown)[:5])}")
    found = collect(packages, gaps=gaps)
    return Found(found.packages, {}, frozenset(p.purl for p in packages), gaps=found.gaps)


_Tree = list[tuple[str, int, str]]
"""Path of an element, the number of the `dependency` it is in, and its text."""


def _parse(data: bytes) -> _Tree:
    """Elements with text. Entities are refused: a project file needs none, an attack does.

    Raises:
        ValueError: It is too large, malformed, or declares entities.
    """
    if len(data) > _MAX_XML_BYTES:
        raise ValueError(f"it has more than {_MAX_XML_BYTES} bytes")
    stack: list[str] = []
    texts: list[str] = []
    tree: _Tree = []
    number = 0

    def start(name: str, _attributes: object) -> None:
        nonlocal number
        number += name == "dependency"
        stack.append(name)
        texts.append("")

    def end(_name: str) -> None:
        tree.append(("/".join(stack), number, texts.pop().strip()))
        stack.pop()

    def text(more: str) -> None:
        if texts:
            texts[-1] += more

    def refuse(*_: object) -> None:
        raise ValueError("it declares entities")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise ValueError(str(error)) from error
    return tree


def _properties(tree: _Tree) -> dict[str, str]:
    values: dict[str, str] = {}
    parts = ("groupId", "artifactId", "version")
    for path, _, text in tree:
        key = path.removeprefix("project/properties/")
        if key != path and "/" not in key:
            values[key] = text
        for part in parts:
            if path == f"project/parent/{part}":
                values.setdefault(f"project.{part}", text)
                values[f"project.parent.{part}"] = text
    for path, _, text in tree:
        if path.removeprefix("project/") in parts:
            values[f"project.{path.removeprefix('project/')}"] = text
    return values


def _entries(tree: _Tree, prefix: str) -> list[dict[str, str]]:
    entries: dict[int, dict[str, str]] = {}
    for path, number, text in tree:
        key = path.removeprefix(f"{prefix}/")
        if key != path and "/" not in key:
            entries.setdefault(number, {})[key] = text
    return list(entries.values())


def _fill(text: str, values: dict[str, str]) -> str:
    """Replace `${name}`, at most as deep as people nest them."""
    for _ in range(5):
        filled = _PLACEHOLDER.sub(lambda m: values.get(m.group(1), m.group(0)), text)
        if filled == text or len(filled) > 500:
            break
        text = filled
    return text


def _package(
    group: str, artifact: str, version: str, path: str, *, development: bool = False
) -> Package:
    purl = package_url("maven", f"{group}/{artifact}", version)
    name = f"{group}:{artifact}"
    return Package(ECOSYSTEM, name, version, purl, location=path, development=development)
