"""Packages of Alpine: the list that apk keeps of what is installed.

https://wiki.alpinelinux.org/wiki/Apk_spec#Installed_Database_V2. Advisories are about origins, the
source packages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from idp.capabilities.scanning.packages.debian import os_release
from idp.capabilities.scanning.packages.model import (
    Files,
    Found,
    Package,
    collect,
    license_of,
    package_url,
)

_INSTALLED = ("lib/apk/db/installed", "usr/lib/apk/db/installed")
_NAME = re.compile(r"[^=<>~]+")


def reads(path: str) -> bool:
    """The list; the name of the system is read with Debian's."""
    return path in _INSTALLED or path in ("etc/os-release", "usr/lib/os-release")


def find(files: Files, *, installed: bool) -> Found:
    """Read it; a source tree has none."""
    found = Found()
    if not installed:
        return found
    release = os_release(files)
    branch = ".".join(release.get("VERSION_ID", "").split(".")[:2])
    ecosystem = f"Alpine:v{branch}" if branch else "Alpine"
    for path in _INSTALLED:
        if path in files:
            found |= _read(path, files[path]().decode(errors="replace"), ecosystem, branch)
    return found


def _read(path: str, text: str, ecosystem: str, branch: str) -> Found:
    packages, wants = [], {}
    provided: dict[str, str] = {}
    for fields in _entries(text):
        package = _package(fields, ecosystem, branch, path)
        packages.append(package)
        wants[package.purl] = [w for w in fields.get("D", "").split() if not w.startswith("!")]
        for word in (fields["P"], *fields.get("p", "").split()):
            provided.setdefault(_name(word), package.purl)
    needs = {
        purl: [provided[_name(word)] for word in wanted if _name(word) in provided]
        for purl, wanted in wants.items()
    }
    found = collect(packages, needs)
    gaps = () if branch else ("the image does not say which release of Alpine it holds",)
    return Found(found.packages, found.needs, frozenset(), frozenset({ecosystem}), gaps)


def _entries(text: str) -> Iterator[dict[str, str]]:
    """Paragraphs of lines `letter:value`; the first of a letter is the package's own."""
    for paragraph in text.split("\n\n"):
        fields: dict[str, str] = {}
        for line in paragraph.splitlines():
            letter, colon, value = line.partition(":")
            if colon and len(letter) == 1:
                fields.setdefault(letter, value.strip())
        if fields.get("P") and fields.get("V"):
            yield fields


def _package(fields: dict[str, str], ecosystem: str, branch: str, path: str) -> Package:
    name, version, origin = fields["P"], fields["V"], fields.get("o", "")
    expression, names = license_of(fields.get("L", ""))
    purl = package_url(
        "apk",
        f"alpine/{name}",
        version,
        arch=fields.get("A", ""),
        distro=f"alpine-{branch}" if branch else "",
    )
    return Package(
        ecosystem,
        name,
        version,
        purl,
        expression,
        names,
        location=path,
        source=(origin, version) if origin and origin != name else None,
    )


def _name(word: str) -> str:
    match = _NAME.match(word)
    return match.group() if match else word
