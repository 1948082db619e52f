"""The bill of materials of an image or a source tree: CycloneDX 1.6 in JSON. Pure.

https://cyclonedx.org/docs/1.6/json/

Rules:
1. The same image gives the same document: the serial number is made from the image's digest, the
   timestamp is that of the image's source, lists are sorted.
2. Packages are named by purl, with licence where it is stated; a Python distribution also with the
   hash of its list of files. What could not be read is a property `platform.idp:gap`.
3. The application's own files are one component, with one hash over all of them.
4. A runtime that the host provides is named and marked `platform.idp:base=host`: it is needed, is
   not in the image, and its vulnerabilities are the host's.
5. Reading back takes only what matching needs, from a document whose signature was verified.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from packaging.utils import canonicalize_name

from idp.capabilities.scanning.contents import Contents
from idp.capabilities.scanning.distributions import (
    Distribution,
    dependency_graph,
    marker_environment,
)
from idp.capabilities.scanning.image import Image
from idp.capabilities.scanning.packages.model import Found, Package
from idp.kernel.errors import VerificationFailed
from idp.protocols.oci.runtime import HOST_BASE, RUNTIME_VERSION_LABEL, borrowed_runtime

SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"
_PURL_PREFIX = "pkg:pypi/"
_DEFAULT_PYTHON = "3.11"
_FROM_HOST = {"name": "platform.idp:base", "value": "host"}
_GAP, _ECOSYSTEM, _SOURCE = (f"platform.idp:{word}" for word in ("gap", "ecosystem", "source"))
_ECOSYSTEMS = {
    "pypi": "PyPI",
    "npm": "npm",
    "golang": "Go",
    "maven": "Maven",
    "gem": "RubyGems",
    "cargo": "crates.io",
}
"""Type of a package URL -> ecosystem, where the URL says it all."""


def bill_of_materials(image: Image, contents: Contents, version: str) -> dict[str, Any]:
    """Write the document.

    Args:
        image: The image.
        contents: What it is made of.
        version: Of the platform, which is named as the tool.
    """
    subject = _subject(image)
    own = _own_files(image, contents)
    runtime = _runtime(image)
    libraries = [_library(distribution) for distribution in _once(contents.distributions)]
    packages = [_component(package) for package in contents.found.packages]
    timestamp = image.config.get("created")
    edges = _dependencies(image, contents, subject, own, runtime)
    _add_packages(edges, contents.found, subject["bom-ref"], own["bom-ref"])
    return _document(
        image.digest,
        timestamp if isinstance(timestamp, str) else "",
        version,
        subject,
        [own, *runtime, *libraries, *packages],
        edges,
        contents.found.gaps,
    )


def source_bill(name: str, found: Found, version: str) -> dict[str, Any]:
    """Write the document of a source tree; it has no time, for the tree has none.

    Args:
        name: Of the project.
        found: Its packages.
        version: Of the platform, which is named as the tool.
    """
    subject = {"type": "application", "bom-ref": "source-tree", "name": name}
    edges: dict[str, list[str]] = {"source-tree": []}
    _add_packages(edges, found, "source-tree", "source-tree")
    packages = [_component(package) for package in found.packages]
    content = repr((name, [package["purl"] for package in packages]))
    return _document(content, "", version, subject, packages, edges, found.gaps)


def _document(
    identity: str,
    timestamp: str,
    version: str,
    subject: dict[str, Any],
    components: list[dict[str, Any]],
    edges: dict[str, list[str]],
    gaps: tuple[str, ...],
) -> dict[str, Any]:
    told = [{"name": _GAP, "value": gap} for gap in gaps]
    return {
        "$schema": SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, identity)}",
        "version": 1,
        "metadata": {
            **({"timestamp": timestamp} if timestamp else {}),
            "tools": {"components": [{"type": "application", "name": "idp", "version": version}]},
            "component": subject,
            **({"properties": told} if told else {}),
        },
        "components": components,
        "dependencies": [
            {"ref": ref, "dependsOn": sorted(set(edges[ref]))} for ref in sorted(edges)
        ],
    }


@dataclass(frozen=True, slots=True)
class Bill:
    """What matching needs of a document.

    Attributes:
        packages: Ecosystem, name and version, as advisories call them.
        brings_system: Whether the image holds an operating system, whose packages are not listed.
        gaps: What could not be read when the document was written.
    """

    packages: frozenset[tuple[str, str, str]]
    brings_system: bool
    gaps: frozenset[str] = frozenset()

    def __or__(self, other: Bill) -> Bill:
        """What either says: of two bills neither can take anything away."""
        return Bill(
            self.packages | other.packages,
            self.brings_system or other.brings_system,
            self.gaps | other.gaps,
        )


def read_bill(document: dict[str, Any]) -> Bill:
    """Read a document.

    Raises:
        VerificationFailed: It is no CycloneDX document as this platform writes it.
    """
    components = document.get("components")
    if document.get("bomFormat") != "CycloneDX" or not isinstance(components, list):
        raise VerificationFailed("the bill of materials is not a CycloneDX document")
    listed = [_read_component(c) for c in components if isinstance(c, dict) and "purl" in c]
    found = frozenset(package for package in listed if package is not None)
    borrowed = any(
        isinstance(component, dict) and _FROM_HOST in (component.get("properties") or [])
        for component in components
    )
    metadata = document.get("metadata")
    subject = metadata.get("component") if isinstance(metadata, dict) else None
    is_image = not isinstance(subject, dict) or subject.get("type") != "application"
    has_system = any(":" in ecosystem for ecosystem, _, _ in found)
    return Bill(found, is_image and not borrowed and not has_system, _gaps(metadata))


def _read_component(component: dict[str, Any]) -> tuple[str, str, str] | None:
    """Ecosystem, name and version; None for what no ecosystem of ours has published."""
    url = str(component["purl"])
    kind = url.removeprefix("pkg:").partition("/")[0]
    told = {
        str(p.get("name")): str(p.get("value"))
        for p in component.get("properties") or []
        if isinstance(p, dict)
    }
    ecosystem = told.get(_ECOSYSTEM) or _ECOSYSTEMS.get(kind)
    if ecosystem is None:
        return None
    name, version = component.get("name"), component.get("version")
    if not isinstance(name, str) or not isinstance(version, str):
        raise VerificationFailed(f"the component {url} has no name or version")
    if source := told.get(_SOURCE):
        name, _, version = source.partition(" ")
    elif isinstance(group := component.get("group"), str) and group:
        name = f"{group}:{name}" if ecosystem == "Maven" else f"{group}/{name}"
    return ecosystem, str(canonicalize_name(name)) if ecosystem == "PyPI" else name, version


def _gaps(metadata: Any) -> frozenset[str]:
    properties = metadata.get("properties") if isinstance(metadata, dict) else None
    return frozenset(
        str(p.get("value"))
        for p in properties or []
        if isinstance(p, dict) and p.get("name") == _GAP
    )


def purl(name: str, version: str) -> str:
    """Package URL of a Python distribution."""
    return f"{_PURL_PREFIX}{name}@{quote(version, safe='')}"


def _subject(image: Image) -> dict[str, Any]:
    name = image.repository.rpartition("/")[2]
    reference = f"pkg:oci/{name}@{quote(image.digest, safe='')}"
    return {
        "type": "container",
        "bom-ref": reference,
        "name": image.repository,
        "version": image.digest,
        "purl": reference,
        "hashes": [{"alg": "SHA-256", "content": image.digest.removeprefix("sha256:")}],
    }


def _own_files(image: Image, contents: Contents) -> dict[str, Any]:
    return {
        "type": "application",
        "bom-ref": "own-files",
        "name": image.repository.rpartition("/")[2],
        "hashes": [{"alg": "SHA-256", "content": contents.own_digest}],
        "properties": [
            {"name": "platform.idp:directory", "value": f"/{image.working_directory}"},
            {"name": "platform.idp:files", "value": str(contents.own_files)},
        ],
    }


def _runtime(image: Image) -> list[dict[str, Any]]:
    borrowed = borrowed_runtime(image.labels)
    if borrowed is None or borrowed.base != HOST_BASE or not borrowed.name:
        return []
    component = {
        "type": "platform",
        "bom-ref": "runtime",
        "name": borrowed.name,
        "scope": "required",
        "properties": [_FROM_HOST],
    }
    if borrowed.version:
        component["version"] = borrowed.version
    return [component]


def _library(distribution: Distribution) -> dict[str, Any]:
    reference = purl(distribution.name, distribution.version)
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": reference,
        "name": distribution.name,
        "version": distribution.version,
        "purl": reference,
        "properties": [{"name": "platform.idp:metadata", "value": f"/{distribution.location}"}],
    }
    if distribution.record:
        component["hashes"] = [{"alg": "SHA-256", "content": distribution.record}]
        component["properties"].append({"name": "platform.idp:hash-of", "value": "RECORD"})
    if distribution.license_expression:
        component["licenses"] = [{"expression": distribution.license_expression}]
    elif distribution.license_names:
        names = distribution.license_names
        component["licenses"] = [{"license": {"name": name}} for name in names]
    return component


def _component(package: Package) -> dict[str, Any]:
    told = [{"name": "platform.idp:metadata", "value": f"/{package.location}"}]
    if ":" in package.ecosystem or package.ecosystem not in _ECOSYSTEMS.values():
        told.append({"name": _ECOSYSTEM, "value": package.ecosystem})
    if package.source:
        told.append({"name": _SOURCE, "value": " ".join(package.source)})
    group, _, name = package.name.rpartition(":")
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": package.purl,
        **({"group": group} if group else {}),
        "name": name,
        "version": package.version,
        "purl": package.purl,
        **({"scope": "excluded"} if package.development else {}),
        "properties": told,
    }
    if package.license_expression:
        component["licenses"] = [{"expression": package.license_expression}]
    elif package.license_names:
        component["licenses"] = [{"license": {"name": name}} for name in package.license_names]
    return component


def _add_packages(edges: dict[str, list[str]], found: Found, system: str, own: str) -> None:
    """Add what packages need, and whom what nobody needs belongs to.

    Args:
        edges: To what is there.
        found: The packages.
        system: What holds the packages of the operating system.
        own: What asks for the others.
    """
    needed = {purl for needs in found.needs.values() for purl in needs}
    for package in found.packages:
        edges[package.purl] = list(found.needs.get(package.purl, ()))
        if package.purl in found.roots or package.purl not in needed:
            of_system = package.ecosystem in found.systems
            edges[system if of_system else own].append(package.purl)


def _once(distributions: tuple[Distribution, ...]) -> list[Distribution]:
    """Each name and version once: the first place in the image stands for all."""
    found: dict[tuple[str, str], Distribution] = {}
    for distribution in distributions:
        found.setdefault((distribution.name, distribution.version), distribution)
    return list(found.values())


def _dependencies(
    image: Image,
    contents: Contents,
    subject: dict[str, Any],
    own: dict[str, Any],
    runtime: list[dict[str, Any]],
) -> dict[str, list[str]]:
    python = image.labels.get(RUNTIME_VERSION_LABEL) or _DEFAULT_PYTHON
    environment = marker_environment(python, str(image.config.get("architecture") or "amd64"))
    graph = dependency_graph(contents.distributions, environment)
    references: dict[str, list[str]] = {}
    for distribution in _once(contents.distributions):
        reference = purl(distribution.name, distribution.version)
        references.setdefault(distribution.name, []).append(reference)
    needed = {name for needs in graph.values() for name in needs}
    roots = [ref for name in references if name not in needed for ref in references[name]]
    edges = {
        subject["bom-ref"]: [own["bom-ref"]],
        own["bom-ref"]: [component["bom-ref"] for component in runtime] + roots,
        **{component["bom-ref"]: [] for component in runtime},
    }
    for name, needs in graph.items():
        for reference in references[name]:
            edges[reference] = [ref for need in needs for ref in references[need]]
    return edges
