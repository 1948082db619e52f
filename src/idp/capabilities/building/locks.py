"""Lock files: which wheels a build installs, and why it refuses. Pure.

Whatever the lock's format, a build installs wheels only, each pinned by digest: a source
distribution runs its author's code when it is built, and gives other bytes on another day.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from idp.kernel.errors import InvalidInput

MAX_LOCK = 16 * 2**20
_HASH = re.compile(r"--hash[= ]sha256:([0-9a-f]{64})(?=\s|$)")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class LockedPackage:
    """One package of a lock.

    Attributes:
        name: Canonical name.
        version: The one version.
        marker: Environment marker; empty when it is always needed.
        wheels: File name -> SHA-256; None when the lock does not name its files.
        hashes: SHA-256 of every allowed file.
    """

    name: str
    version: str
    marker: str
    wheels: Mapping[str, str] | None
    hashes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dependency:
    """What is installed.

    Attributes:
        name: Canonical name.
        version: The version.
        hashes: SHA-256 that the file may have; one when the lock names its files.
    """

    name: str
    version: str
    hashes: tuple[str, ...]

    @property
    def requirement(self) -> str:
        """The line for the installer."""
        return " ".join(
            [f"{self.name}=={self.version}", *(f"--hash=sha256:{h}" for h in self.hashes)]
        )

    def as_material(self) -> dict[str, Any]:
        """For provenance (in-toto `ResourceDescriptor`).

        `digest` is empty when a requirements.txt allows several files: it does not name them.
        """
        return {
            "uri": f"pkg:pypi/{self.name}@{self.version}",
            "name": self.name,
            "version": self.version,
            "digest": {"sha256": self.hashes[0]} if len(self.hashes) == 1 else {},
        }


def parse_pylock(text: str, file: str) -> list[LockedPackage]:
    """Read `pylock.toml` (PEP 751), which is also what `uv.lock` is exported to.

    Args:
        text: Its content.
        file: The lock's name, for messages.

    Raises:
        InvalidInput: It is malformed, or a package comes from elsewhere than an index.
    """
    try:
        lock = tomllib.loads(text)
        if not str(lock.get("lock-version", "")).startswith("1."):
            raise _invalid(file, f"lock-version is {lock.get('lock-version')!r}, not 1")
        return [_pylock_package(package, file) for package in lock.get("packages", [])]
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
        raise _invalid(file, f"{type(error).__name__}: {error}") from error


def _pylock_package(package: dict[str, Any], file: str) -> LockedPackage:
    name = canonicalize_name(package["name"])
    for elsewhere in ("vcs", "directory", "archive"):
        if elsewhere in package:
            raise InvalidInput(
                f"{file}: {name} comes from a {elsewhere}, not from a package index",
                remedy="Publish it to an index and depend on a version of it.",
            )
    wheels = {
        wheel.get("name") or str(wheel["url"]).rpartition("/")[2]: _sha256(wheel, name, file)
        for wheel in package.get("wheels", [])
    }
    return LockedPackage(
        name, package["version"], package.get("marker", ""), wheels, tuple(wheels.values())
    )


def _sha256(wheel: dict[str, Any], name: str, file: str) -> str:
    value = wheel.get("hashes", {}).get("sha256", "")
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise _invalid(file, f"a wheel of {name} has no SHA-256")
    return value


def parse_requirements(text: str) -> list[LockedPackage]:
    """Read `requirements.txt` whose every line is pinned and has hashes.

    Raises:
        InvalidInput: A line is not pinned, has no hash, or is an option.
    """
    return [_required_package(line) for line in _logical_lines(text)]


def _logical_lines(text: str) -> list[str]:
    joined = re.sub(r"\\\r?\n", " ", text)
    lines = (re.sub(r"(^|\s)#.*$", "", line).strip() for line in joined.splitlines())
    return [line for line in lines if line]


def _required_package(line: str) -> LockedPackage:
    hashes = tuple(_HASH.findall(line))
    specification = re.sub(r"--hash[= ]\S+", "", line).strip()
    if specification.startswith("-"):
        raise _unpinned(f'option "{specification.split()[0]}" is not supported')
    try:
        requirement = Requirement(specification)
    except InvalidRequirement as error:
        raise _unpinned(f'"{specification[:100]}" cannot be read') from error
    pins = [s.version for s in requirement.specifier if s.operator == "=="]
    if requirement.url or len(pins) != 1 or pins[0].endswith("*"):
        raise _unpinned(f"{requirement.name} is not pinned with `==`")
    if not hashes:
        raise _unpinned(f"{requirement.name} has no --hash=sha256:...")
    marker = str(requirement.marker) if requirement.marker else ""
    return LockedPackage(canonicalize_name(requirement.name), pins[0], marker, None, hashes)


def choose(
    packages: Iterable[LockedPackage],
    environment: Mapping[str, str],
    tags: Sequence[Tag],
    file: str,
) -> list[Dependency]:
    """Pick what this interpreter needs, sorted by name.

    Args:
        packages: Of the lock.
        environment: Values of environment markers.
        tags: What the interpreter can install, best first.
        file: The lock's name, for messages.

    Raises:
        InvalidInput: A package has no wheel that fits, or a marker cannot be evaluated.
    """
    ranks = {tag: rank for rank, tag in enumerate(tags)}
    chosen = [
        Dependency(package.name, package.version, _hashes(package, ranks, file))
        for package in packages
        if _needed(package, environment, file)
    ]
    names = [dependency.name for dependency in chosen]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise _invalid(file, f"{', '.join(twice)} is there in two versions for one environment")
    return sorted(chosen, key=lambda dependency: dependency.name)


def _needed(package: LockedPackage, environment: Mapping[str, str], file: str) -> bool:
    if not package.marker:
        return True
    try:
        return Marker(package.marker).evaluate(dict(environment), context="requirement")
    except (InvalidMarker, KeyError, ValueError) as error:
        raise _invalid(file, f"marker {package.marker!r} of {package.name}: {error}") from error


def _hashes(package: LockedPackage, ranks: Mapping[Tag, int], file: str) -> tuple[str, ...]:
    if package.wheels is None:
        return package.hashes
    fitting = [
        (min(ranks[tag] for tag in tags), name)
        for name in package.wheels
        if (tags := [tag for tag in _wheel_tags(name) if tag in ranks])
    ]
    if not fitting:
        raise InvalidInput(
            f"{file}: {package.name} {package.version} has no wheel for this machine's Python; "
            "source distributions are not built, for they run code",
            remedy=f"Lock a version of {package.name} that has a wheel, then push again.",
        )
    return (package.wheels[min(fitting)[1]],)


def _wheel_tags(name: str) -> frozenset[Tag]:
    try:
        return parse_wheel_filename(name)[3]
    except InvalidWheelFilename:
        return frozenset()


def _invalid(file: str, why: str) -> InvalidInput:
    return InvalidInput(f"{file} cannot be used: {why}", remedy="Make it anew: `uv lock`.")


def _unpinned(why: str) -> InvalidInput:
    return InvalidInput(
        f"requirements.txt is not a lock: {why}",
        remedy=(
            "`mv requirements.txt requirements.in && "
            "uv pip compile --generate-hashes requirements.in -o requirements.txt`"
        ),
    )
