"""Python distributions as their metadata describes them. Pure.

https://packaging.python.org/en/latest/specifications/core-metadata/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
from packaging.metadata import RawMetadata, parse_email
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from idp.kernel.errors import Invalid

METADATA_PATH = re.compile(r"(?:^|/)[^/]+\.dist-info/METADATA$")
MAX_METADATA_BYTES = 2 * 2**20

_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


@dataclass(frozen=True, slots=True)
class Distribution:
    """One installed distribution.

    Attributes:
        name: In its normal form (PEP 503).
        version: As its metadata writes it.
        license_expression: SPDX expression; empty when there is no valid one.
        license_names: Licences in other words.
        requirements: `Requires-Dist`, as written.
        record: SHA-256 of the list of its installed files (`RECORD`), hexadecimal; empty when it
            has none.
        location: Path of its metadata in the image.
    """

    name: str
    version: str
    license_expression: str
    license_names: tuple[str, ...]
    requirements: tuple[str, ...]
    record: str
    location: str


def read_distribution(metadata: bytes, location: str, record: str) -> Distribution:
    """Read a `METADATA` file.

    Args:
        metadata: Its content.
        location: Its path.
        record: SHA-256 of the `RECORD` beside it.

    Raises:
        Invalid: It names no distribution or no version.
    """
    if len(metadata) > MAX_METADATA_BYTES:
        raise Invalid(f"{location} has more than {MAX_METADATA_BYTES} bytes")
    raw, _ = parse_email(metadata)
    name, version = raw.get("name"), raw.get("version")
    if not name or not version:
        raise Invalid(f"{location} names no distribution with a version")
    expression = _expression(raw)
    return Distribution(
        name=canonicalize_name(name),
        version=version,
        license_expression=expression,
        license_names=() if expression else _license_names(raw),
        requirements=tuple(raw.get("requires_dist", ())),
        record=record,
        location=location,
    )


def marker_environment(python: str, architecture: str) -> dict[str, str]:
    """Environment for requirement markers: of the image, not of the machine that scans it.

    Args:
        python: Version such as `3.11`.
        architecture: As OCI writes it, such as `amd64`.
    """
    return {
        "implementation_name": "cpython",
        "implementation_version": f"{python}.0",
        "os_name": "posix",
        "platform_machine": _MACHINES.get(architecture, architecture),
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": f"{python}.0",
        "python_version": python,
        "sys_platform": "linux",
    }


def dependency_graph(
    distributions: Iterable[Distribution], environment: Mapping[str, str]
) -> dict[str, set[str]]:
    """Which installed distribution needs which other, by normal name.

    Extras are followed: a distribution that another one asks for with an extra also needs what
    the extra asks for.
    """
    installed = {distribution.name: distribution for distribution in distributions}
    extras: dict[str, set[str]] = {name: {""} for name in installed}
    graph: dict[str, set[str]] = {name: set() for name in installed}
    pending = sorted(installed)
    while pending:
        name = pending.pop()
        for requirement in _requirements(installed[name], extras[name], environment):
            needed = canonicalize_name(requirement.name)
            if needed not in installed:
                continue
            graph[name].add(needed)
            if not requirement.extras <= extras[needed]:
                extras[needed] |= requirement.extras
                pending.append(needed)
    return graph


def _requirements(
    distribution: Distribution, extras: set[str], environment: Mapping[str, str]
) -> list[Requirement]:
    needed = []
    for text in distribution.requirements:
        try:
            requirement = Requirement(text)
            marker = requirement.marker
            applies = marker is None or any(
                marker.evaluate({**environment, "extra": extra}) for extra in sorted(extras)
            )
        except (InvalidRequirement, UndefinedComparison, UndefinedEnvironmentName):
            continue  # old metadata; the component itself is listed all the same
        if applies:
            needed.append(requirement)
    return needed


def _expression(raw: RawMetadata) -> str:
    for text in (raw.get("license_expression"), raw.get("license")):
        try:
            if text and len(text) <= 200:
                return canonicalize_license_expression(text)
        except InvalidLicenseExpression:
            continue
    return ""


def _license_names(raw: RawMetadata) -> tuple[str, ...]:
    prefix = "License :: "
    names = {
        classifier.rsplit(" :: ", 1)[-1]
        for classifier in raw.get("classifiers", ())
        if classifier.startswith(prefix)
    } - {"OSI Approved"}
    text = (raw.get("license") or "").strip()
    if not names and text and "\n" not in text and len(text) <= 100:
        names = {text}
    return tuple(sorted(names))
