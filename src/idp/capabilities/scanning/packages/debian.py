"""Packages of Debian and what derives from it: dpkg's list, also as distroless images split it.

https://www.debian.org/doc/debian-policy/ch-controlfields.html. Advisories are about source
packages. Licences stand in `copyright` files of DEP 5.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from idp.capabilities.scanning.packages.model import (
    Files,
    Found,
    Package,
    collect,
    license_of,
    package_url,
)

_STATUS = "var/lib/dpkg/status"
_PARTS = re.compile(r"var/lib/dpkg/status\.d/[^/]+$")
_COPYRIGHT = re.compile(r"usr/share/doc/([^/]+)/copyright$")
RELEASES = ("etc/os-release", "usr/lib/os-release")
_LICENSE = re.compile(r"^License:[ \t]*(\S.*)$", re.MULTILINE)
_SOURCE = re.compile(r"(\S+)(?:\s+\(([^)]+)\))?")
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]*")

_SPDX = {
    "GPL-1": "GPL-1.0-only", "GPL-1+": "GPL-1.0-or-later",
    "GPL-2": "GPL-2.0-only", "GPL-2+": "GPL-2.0-or-later",
    "GPL-3": "GPL-3.0-only", "GPL-3+": "GPL-3.0-or-later",
    "LGPL-2": "LGPL-2.0-only", "LGPL-2+": "LGPL-2.0-or-later",
    "LGPL-2.1": "LGPL-2.1-only", "LGPL-2.1+": "LGPL-2.1-or-later",
    "LGPL-3": "LGPL-3.0-only", "LGPL-3+": "LGPL-3.0-or-later",
    "BSD-3-clause": "BSD-3-Clause", "BSD-2-clause": "BSD-2-Clause",
    "Expat": "MIT", "Apache-2": "Apache-2.0", "zlib": "Zlib",
}  # fmt: skip
"""DEP 5 names -> SPDX."""


def reads(path: str) -> bool:
    """dpkg's lists, licences, and the name of the system."""
    return (
        path in (_STATUS, *RELEASES)
        or _PARTS.match(path) is not None
        or _COPYRIGHT.match(path) is not None
    )


def find(files: Files, *, installed: bool) -> Found:
    """Read them; a source tree has none."""
    lists = {p: read for p, read in files.items() if p == _STATUS or _PARTS.match(p)}
    if not installed or not lists:
        return Found()
    release = os_release(files)
    system, number = release.get("ID", "debian"), release.get("VERSION_ID", "")
    ecosystem = f"{system.capitalize()}:{number}" if number else system.capitalize()
    licenses = {match.group(1): read for p, read in files.items() if (match := _COPYRIGHT.match(p))}
    packages, wants = [], {}
    provided: dict[str, str] = {}
    for path, read in lists.items():
        if path.endswith(".md5sums"):
            continue
        for fields in paragraphs(read().decode(errors="replace")):
            if not _is_installed(fields, path):
                continue
            package = _package(fields, ecosystem, system, number, licenses, path)
            packages.append(package)
            wants[package.purl] = _relations(fields)
            for name in (fields["Package"], *_names(fields.get("Provides", ""))):
                provided.setdefault(name, package.purl)
    needs = {
        purl: [provided[name] for choice in wanted if (name := _first(choice, provided))]
        for purl, wanted in wants.items()
    }
    found = collect(packages, needs)
    gaps = () if number else ("the image does not say which release of the system it holds",)
    return Found(found.packages, found.needs, frozenset(), frozenset({ecosystem}), gaps)


def os_release(files: Files) -> dict[str, str]:
    """The fields of `os-release`; empty without it."""
    for path in RELEASES:
        if path in files:
            text = files[path]().decode(errors="replace")
            pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line)
            return {key.strip(): value.strip().strip("\"'") for key, value in pairs}
    return {}


def paragraphs(text: str) -> Iterator[dict[str, str]]:
    """The paragraphs of a control file: continuation lines belong to the field above."""
    fields: dict[str, str] = {}
    last = ""
    for line in text.splitlines():
        if not line.strip():
            if fields:
                yield fields
            fields, last = {}, ""
        elif line[0] in " \t":
            if last:
                fields[last] += "\n" + line.strip()
        else:
            last, _, value = line.partition(":")
            fields[last] = value.strip()
    if fields:
        yield fields


def _is_installed(fields: dict[str, str], path: str) -> bool:
    """A removed package whose configuration was kept is not installed."""
    state = fields.get("Status", "" if path == _STATUS else "install ok installed")
    return state.endswith(" installed") and bool(fields.get("Package") and fields.get("Version"))


def _package(
    fields: dict[str, str],
    ecosystem: str,
    system: str,
    number: str,
    licenses: Files,
    path: str,
) -> Package:
    name, version = fields["Package"], fields["Version"]
    source = _SOURCE.fullmatch(fields.get("Source", name))
    of = (source.group(1), source.group(2) or version) if source else (name, version)
    expression, names = _license(licenses[name]() if name in licenses else b"")
    purl = package_url(
        "deb",
        f"{system}/{name}",
        version,
        arch=fields.get("Architecture", ""),
        distro=f"{system}-{number}" if number else "",
    )
    return Package(
        ecosystem,
        name,
        version,
        purl,
        expression,
        names,
        location=path,
        source=of if of != (name, version) else None,
    )


def _license(data: bytes) -> tuple[str, tuple[str, ...]]:
    """All licences that the copyright file names; an expression only when SPDX knows each."""
    text = data.decode(errors="replace")
    if "copyright-format" not in text.partition("\n")[0]:
        return "", ()
    told = sorted({_SPDX.get(name.strip(), name.strip()) for name in _LICENSE.findall(text)})[:50]
    expressions = [license_of(name) for name in told]
    if told and all(expression for expression, _ in expressions):
        joined = " AND ".join(
            f"({e})" if " " in e and len(expressions) > 1 else e for e, _ in expressions
        )
        return license_of(joined) if len(joined) <= 200 else ("", tuple(told))
    return "", tuple(told)


def _relations(fields: dict[str, str]) -> list[list[str]]:
    joined = ",".join(filter(None, (fields.get("Pre-Depends"), fields.get("Depends"))))
    return [
        [m.group() for one in choice.split("|") if (m := _NAME.match(one.strip()))]
        for choice in joined.split(",")
        if choice.strip()
    ]


def _names(text: str) -> list[str]:
    return [m.group() for one in text.split(",") if (m := _NAME.match(one.strip()))]


def _first(choice: list[str], provided: dict[str, str]) -> str:
    return next((name for name in choice if name in provided), "")
