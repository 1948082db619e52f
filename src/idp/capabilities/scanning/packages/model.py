"""What a package is, in the words that all ecosystems share. Pure.

https://github.com/package-url/purl-spec
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from urllib.parse import quote

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

Files = Mapping[str, Callable[[], bytes]]
"""Path without a leading slash -> a call that gives the content."""

MAX_FILE_BYTES = 64 * 2**20
"""Of a lock file or a list of packages; larger ones are told as a gap."""


@dataclass(frozen=True, slots=True)
class Package:
    """One package in one version.

    Attributes:
        ecosystem: As OSV calls it: `npm`, `Go`, `Maven`, `PyPI`, `Debian:12`, `Alpine:v3.20`.
        name: As advisories of the ecosystem call it; of Maven `group:artifact`.
        version: As the ecosystem writes it.
        purl: Package URL, by which the package is referred to.
        license_expression: SPDX expression; empty when there is no valid one.
        license_names: Licences in other words.
        location: File that says so.
        source: Name and version of the source package that advisories are about, when they differ.
        development: Whether it is needed only for development.
    """

    ecosystem: str
    name: str
    version: str
    purl: str
    license_expression: str = ""
    license_names: tuple[str, ...] = ()
    location: str = ""
    source: tuple[str, str] | None = None
    development: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """Packages and what is known about them together.

    Attributes:
        packages: In the order in which they were found.
        needs: Package URL -> package URLs of what it needs.
        roots: Package URLs that the project itself asks for; of the others somebody else does.
        systems: Ecosystems of operating systems whose packages were listed.
        gaps: What could not be read, and why.
    """

    packages: tuple[Package, ...] = ()
    needs: Mapping[str, frozenset[str]] = field(default_factory=dict)
    roots: frozenset[str] = frozenset()
    systems: frozenset[str] = frozenset()
    gaps: tuple[str, ...] = ()

    def __or__(self, other: Found) -> Found:
        """Both together."""
        needs = dict(self.needs)
        for purl, needed in other.needs.items():
            needs[purl] = needs.get(purl, frozenset()) | needed
        return Found(
            (*self.packages, *other.packages),
            needs,
            self.roots | other.roots,
            self.systems | other.systems,
            (*self.gaps, *other.gaps),
        )

    def once(self) -> Found:
        """Each package once, sorted by its URL, needs only among them.

        The first place stands for all; a package that is needed in production anywhere is.
        """
        packages: dict[str, Package] = {}
        for package in self.packages:
            known = packages.setdefault(package.purl, package)
            if known.development and not package.development:
                packages[package.purl] = replace(known, development=False)
        needs = {
            purl: self.needs.get(purl, frozenset()) & packages.keys() for purl in sorted(packages)
        }
        return replace(
            self,
            packages=tuple(packages[purl] for purl in sorted(packages)),
            needs=needs,
            roots=self.roots & packages.keys(),
        )


def collect(
    packages: Iterable[Package],
    needs: Mapping[str, Iterable[str]] | None = None,
    gaps: Iterable[str] = (),
) -> Found:
    """What a file says."""
    return Found(
        tuple(packages),
        {purl: frozenset(needed) for purl, needed in (needs or {}).items()},
        gaps=tuple(gaps),
    )


def package_url(kind: str, name: str, version: str, **qualifiers: str) -> str:
    """A package URL: the name's parts and the version are percent-encoded."""
    path = "/".join(quote(part, safe=":") for part in name.split("/"))
    asked = "&".join(
        f"{key}={quote(value, safe=':')}" for key, value in sorted(qualifiers.items()) if value
    )
    at = f"@{quote(version, safe=':')}" if version else ""
    return f"pkg:{kind}/{path}{at}" + (f"?{asked}" if asked else "")


@cache
def license_of(text: str) -> tuple[str, tuple[str, ...]]:
    """An SPDX expression if the text is one, else the text as the name of a licence.

    Returns:
        The expression or an empty text, and the names.
    """
    words = " ".join(text.split())[:200]
    if not words:
        return "", ()
    try:
        return canonicalize_license_expression(words), ()
    except InvalidLicenseExpression:
        return "", (words,)
