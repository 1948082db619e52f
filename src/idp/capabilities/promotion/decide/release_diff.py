"""What changes when one release follows another. Pure.

Rules:
1. Packages are those of the bills of materials, by package URL without version.
2. Findings are compared by scanner, rule, package and place, without the line, so that a finding
   that only moved within its file is not told as new.
3. Application and configuration are compared field by field, by path.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Area = Literal["source", "image", "package", "finding", "application", "configuration"]


@dataclass(frozen=True, slots=True)
class Contents:
    """A release and what is attested of it.

    Attributes:
        spec: The Release's spec as JSON values.
        bill_of_materials: CycloneDX document of its image.
        scanners: `scanners` of its image's scan.
    """

    spec: Mapping[str, Any]
    bill_of_materials: Mapping[str, Any] = field(default_factory=dict)
    scanners: list[Mapping[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs.

    Attributes:
        area: What it belongs to.
        what: Package, finding or path.
        before: None when it was not there.
        after: None when it is not there any more.
    """

    area: Area
    what: str
    before: str | None
    after: str | None


def release_diff(before: Contents, after: Contents) -> list[Difference]:
    """Everything that differs, by area and then by name."""
    old, new = before.spec, after.spec
    return [
        *_compare("source", _source(old), _source(new)),
        *_compare("image", {"digest": _digest(old)}, {"digest": _digest(new)}),
        *_compare(
            "package", _packages(before.bill_of_materials), _packages(after.bill_of_materials)
        ),
        *_compare("finding", _findings(before.scanners), _findings(after.scanners)),
        *_compare(
            "application",
            dict(_fields("", old.get("applicationSpec") or {})),
            dict(_fields("", new.get("applicationSpec") or {})),
        ),
        *_compare(
            "configuration",
            dict(_fields("", old.get("configuration") or {})),
            dict(_fields("", new.get("configuration") or {})),
        ),
    ]


def _compare(area: Area, old: Mapping[str, str], new: Mapping[str, str]) -> list[Difference]:
    return [
        Difference(area, name, old.get(name), new.get(name))
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]


def _source(spec: Mapping[str, Any]) -> dict[str, str]:
    source, told = spec["source"], ("repository", "commit", "author")
    return {name: str(source[name]) for name in told if name in source}


def _digest(spec: Mapping[str, Any]) -> str:
    return str(spec["image"]).rpartition("@")[2]


def _packages(document: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, set[str]] = {}
    for component in document.get("components") or []:
        url = str(component.get("purl") or "")
        if url:
            name = url.partition("?")[0].rpartition("@")[0] or url
            found.setdefault(name, set()).add(str(component.get("version") or ""))
    return {name: ", ".join(sorted(versions)) for name, versions in found.items()}


def _findings(scanners: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    found = {}
    for scanner in scanners:
        for finding in scanner.get("findings") or []:
            place = str(finding.get("package") or finding.get("location") or "").partition(":")[0]
            severity = finding.get("severity")
            found[f"{scanner.get('name')} {finding.get('id')} {place}".strip()] = (
                "unscored" if severity is None else f"severity {severity}"
            )
    return found


def _fields(path: str, value: Any) -> Iterable[tuple[str, str]]:
    """The leaves of a JSON value by path."""
    if isinstance(value, Mapping) and value:
        for name, item in value.items():
            yield from _fields(f"{path}.{name}" if path else str(name), item)
    elif isinstance(value, list) and value:
        for place, item in enumerate(value):
            yield from _fields(f"{path}[{place}]", item)
    elif path:
        yield path, str(value)
