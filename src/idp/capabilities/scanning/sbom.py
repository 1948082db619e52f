"""The bill of materials of an image: CycloneDX 1.6 in JSON. Pure.

https://cyclonedx.org/docs/1.6/json/

Rules:
1. The same image gives the same document: the serial number is made from the image's digest, the
   timestamp is that of the image's source, lists are sorted.
2. Python distributions are named by purl, with licence and the hash of their list of files.
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
from idp.kernel.errors import VerificationFailed
from idp.protocols.oci.runtime import HOST_BASE, RUNTIME_VERSION_LABEL, borrowed_runtime

SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"
_PURL_PREFIX = "pkg:pypi/"
_DEFAULT_PYTHON = "3.11"
_FROM_HOST = {"name": "platform.idp:base", "value": "host"}


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
    timestamp = image.config.get("created")
    return {
        "$schema": SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, image.digest)}",
        "version": 1,
        "metadata": {
            **({"timestamp": timestamp} if isinstance(timestamp, str) else {}),
            "tools": {"components": [{"type": "application", "name": "idp", "version": version}]},
            "component": subject,
        },
        "components": [own, *runtime, *libraries],
        "dependencies": _dependencies(image, contents, subject, own, runtime),
    }


@dataclass(frozen=True, slots=True)
class Bill:
    """What matching needs of a document.

    Attributes:
        distributions: Name and version of the Python distributions.
        brings_system: Whether the image holds an operating system, whose packages are not listed.
    """

    distributions: frozenset[tuple[str, str]]
    brings_system: bool

    def __or__(self, other: Bill) -> Bill:
        """What either says: of two bills neither can take anything away."""
        return Bill(
            self.distributions | other.distributions, self.brings_system or other.brings_system
        )


def read_bill(document: dict[str, Any]) -> Bill:
    """Read a document.

    Raises:
        VerificationFailed: It is no CycloneDX document as this platform writes it.
    """
    components = document.get("components")
    if document.get("bomFormat") != "CycloneDX" or not isinstance(components, list):
        raise VerificationFailed("the bill of materials is not a CycloneDX document")
    found: set[tuple[str, str]] = set()
    for component in components:
        purl = component.get("purl") if isinstance(component, dict) else None
        if isinstance(purl, str) and purl.startswith(_PURL_PREFIX):
            name, version = component.get("name"), component.get("version")
            if not isinstance(name, str) or not isinstance(version, str):
                raise VerificationFailed(f"the component {purl} has no name or version")
            found.add((str(canonicalize_name(name)), version))
    borrowed = any(
        isinstance(component, dict) and _FROM_HOST in (component.get("properties") or [])
        for component in components
    )
    return Bill(frozenset(found), brings_system=not borrowed)


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
) -> list[dict[str, Any]]:
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
    return [{"ref": ref, "dependsOn": sorted(set(edges[ref]))} for ref in sorted(edges)]
