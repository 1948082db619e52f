"""OpenVEX 0.2.0: what an application is affected by, and what not, for machines. Pure.

https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md

Written: an open finding is `under_investigation`; an accepted one is `affected`, with the end of
its exception as the action; a false positive is `not_affected` with its justification; one that is
gone is `fixed`. Read: only `not_affected` matters, for what is affected needs no exception.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import orjson

from idp.capabilities.scanning.fingerprints import advisory_name
from idp.capabilities.scanning.history.queries import StoredFinding
from idp.capabilities.scanning.kinds import Justification
from idp.capabilities.scanning.reports import Finding
from idp.kernel.errors import VerificationFailed

CONTEXT = "https://openvex.dev/ns/v0.2.0"
_JUSTIFICATIONS = tuple(word for word in get_args(Justification) if word)


@dataclass(frozen=True, slots=True)
class NotAffected:
    """A statement that something is no problem.

    Attributes:
        finding: Name of the vulnerability.
        package: Name of the distribution, as its package URL says; empty for any.
        justification: In the words of OpenVEX.
        statement: Why, for people.
    """

    finding: str
    package: str
    justification: str
    statement: str


def write(findings: Sequence[StoredFinding], author: str, time: str) -> dict[str, Any]:
    """The document; the same findings give the same `@id`.

    Args:
        findings: Of packages; findings in files have no vulnerability to speak of and are left out.
        author: Who says so.
        time: RFC 3339.
    """
    statements = [_statement(finding) for finding in findings if finding.package]
    digest = hashlib.sha256(orjson.dumps(statements, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return {
        "@context": CONTEXT,
        "@id": f"https://openvex.dev/docs/public/vex-{digest}",
        "author": author,
        "timestamp": time,
        "version": 1,
        "statements": statements,
    }


def package_url(finding: StoredFinding) -> str:
    """The package URL of the distribution."""
    return f"pkg:pypi/{finding.package}@{finding.version}"


def name_of(finding: StoredFinding) -> str:
    """The one name of its advisory."""
    return advisory_name(Finding(id=finding.finding, aliases=finding.aliases))


def _statement(finding: StoredFinding) -> dict[str, Any]:
    name = name_of(finding)
    aliases = sorted({finding.finding, *finding.aliases} - {name})
    product = {
        "@id": f"pkg:oci/{finding.application}@{finding.last_image}",
        "subcomponents": [{"@id": package_url(finding)}],
    }
    return {
        "vulnerability": {"name": name, **({"aliases": aliases} if aliases else {})},
        "products": [product],
        "timestamp": finding.last_seen,
        **_status(finding),
    }


def _status(finding: StoredFinding) -> dict[str, str]:
    if finding.state == "fixed":
        return {"status": "fixed"}
    if finding.state == "false-positive":
        return {"status": "not_affected", "justification": finding.justification}
    if finding.state == "accepted":
        until = f"The risk is accepted until {finding.excepted_until}: {finding.exception}."
        return {"status": "affected", "action_statement": until}
    return {"status": "under_investigation"}


def read(document: Any) -> list[NotAffected]:
    """The statements that something is no problem.

    Raises:
        VerificationFailed: It is no OpenVEX document, or a statement gives no known justification.
    """
    try:
        if not str(document["@context"]).startswith("https://openvex.dev/ns"):
            raise ValueError("another @context")
        return [
            found
            for statement in document["statements"]
            if statement["status"] == "not_affected"
            for found in _read(statement)
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise VerificationFailed(f"this is no OpenVEX document: {error}") from error


def _read(statement: dict[str, Any]) -> list[NotAffected]:
    justification = str(statement.get("justification"))
    name = str(statement["vulnerability"]["name"])
    if justification not in _JUSTIFICATIONS:
        raise ValueError(f"{name} is not_affected without a justification of OpenVEX")
    said = str(statement.get("impact_statement") or justification)
    components = [
        str(component["@id"])
        for product in statement.get("products") or []
        for component in product.get("subcomponents") or [product]
    ]
    packages = sorted({package_of(component) for component in components} or {""})
    return [NotAffected(name, package, justification, said) for package in packages]


def package_of(identifier: str) -> str:
    """The name in a package URL; empty for images and for what is no package URL."""
    if not identifier.startswith("pkg:") or identifier.startswith("pkg:oci/"):
        return ""
    path = identifier.partition("?")[0].partition("#")[0].rpartition("@")[0] or identifier
    return path.partition("/")[2]
