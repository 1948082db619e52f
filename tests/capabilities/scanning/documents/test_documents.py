from __future__ import annotations

from dataclasses import replace
from typing import Any

import jsonschema_rs
import orjson
import pytest

from idp.capabilities.scanning.documents import cyclonedx_vex, openvex, sarif
from idp.capabilities.scanning.documents.openvex import NotAffected, package_of
from idp.capabilities.scanning.history.queries import StoredFinding
from idp.capabilities.scanning.parsers import read_report
from idp.kernel.errors import VerificationFailed

PACKAGE = StoredFinding(
    fingerprint="a" * 64,
    namespace="demo",
    application="hello",
    state="open",
    scanner="dependencies",
    finding="GHSA-1",
    aliases=["CVE-2026-1234"],
    package="flask",
    version="1.0",
    location="",
    severity=7.5,
    band="high",
    summary="Bad",
    owner="maya",
    due="2026-12-01T00:00:00Z",
    first_seen="2026-11-01T00:00:00Z",
    last_seen="2026-11-02T00:00:00Z",
    first_image="sha256:1",
    last_image="sha256:2",
    fixed_at="",
    excepted_until="",
    exception="",
    justification="",
)
PLACE = replace(
    PACKAGE, scanner="bandit", finding="B101", aliases=[], package="", location="/app/a.py:3"
)
ACCEPTED = replace(PACKAGE, state="accepted", exception="e", excepted_until="2026-12-31T00:00:00Z")
POSITIVE = replace(
    ACCEPTED, state="false-positive", justification="vulnerable_code_not_in_execute_path"
)
FIXED = replace(PACKAGE, state="fixed", fixed_at="2026-11-03T00:00:00Z")
ALL = [PACKAGE, PLACE, ACCEPTED, POSITIVE, FIXED]
NOW = "2026-11-25T00:00:00Z"

# What the specification demands, section 3.2 and 3.3 of OpenVEX 0.2.0.
OPENVEX_SCHEMA = {
    "type": "object",
    "required": ["@context", "@id", "author", "timestamp", "version", "statements"],
    "properties": {
        "@id": {"type": "string", "format": "uri"},
        "statements": {
            "type": "array",
            "items": {
                "required": ["vulnerability", "status", "products"],
                "properties": {
                    "status": {"enum": ["not_affected", "affected", "fixed", "under_investigation"]}
                },
                "allOf": [
                    {
                        "if": {"properties": {"status": {"const": "not_affected"}}},
                        "then": {"required": ["justification"]},
                    },
                    {
                        "if": {"properties": {"status": {"const": "affected"}}},
                        "then": {"required": ["action_statement"]},
                    },
                ],
            },
        },
    },
}


def test_openvex_says_how_each_vulnerability_stands() -> None:
    document = openvex.write(ALL, "idp", NOW)
    jsonschema_rs.validate(OPENVEX_SCHEMA, document)
    assert [s["status"] for s in document["statements"]] == [
        "under_investigation",
        "affected",
        "not_affected",
        "fixed",
    ]
    first = document["statements"][0]
    assert first["vulnerability"] == {"name": "CVE-2026-1234", "aliases": ["GHSA-1"]}
    assert first["products"] == [
        {"@id": "pkg:oci/hello@sha256:2", "subcomponents": [{"@id": "pkg:pypi/flask@1.0"}]}
    ]
    assert openvex.write(ALL, "idp", "later")["@id"] == document["@id"]
    assert openvex.write(ALL[:1], "idp", NOW)["@id"] != document["@id"]


EXPECTED = [
    NotAffected(
        "CVE-2026-1234",
        "flask",
        "vulnerable_code_not_in_execute_path",
        "vulnerable_code_not_in_execute_path",
    )
]


def test_what_openvex_wrote_it_reads() -> None:
    assert openvex.read(openvex.write(ALL, "idp", NOW)) == EXPECTED


def test_cyclonedx_says_the_same() -> None:
    document = cyclonedx_vex.write(ALL, "idp", NOW)
    assert [v["analysis"]["state"] for v in document["vulnerabilities"]] == [
        "in_triage",
        "exploitable",
        "not_affected",
        "resolved",
    ]
    refs = {component["bom-ref"] for component in document["components"]}
    assert {a["ref"] for v in document["vulnerabilities"] for a in v["affects"]} == refs
    (found,) = cyclonedx_vex.read(document)
    assert (found.finding, found.package, found.justification) == (
        "CVE-2026-1234",
        "flask",
        "vulnerable_code_not_in_execute_path",
    )


@pytest.mark.parametrize(
    ("identifier", "name"),
    [
        ("pkg:pypi/flask@1.0", "flask"),
        ("pkg:pypi/flask", "flask"),
        ("pkg:maven/org.apache/log4j@2.0?type=jar", "org.apache/log4j"),
        ("pkg:npm/%40scope/name@1", "%40scope/name"),
        ("pkg:oci/hello@sha256:1", ""),
        ("https://example.com/shop", ""),
    ],
)
def test_the_name_in_a_package_url(identifier: str, name: str) -> None:
    assert package_of(identifier) == name


@pytest.mark.parametrize("read", [openvex.read, cyclonedx_vex.read])
@pytest.mark.parametrize("document", [None, {}, [], "x", {"@context": 7}, {"bomFormat": "SPDX"}])
def test_what_is_no_vex_is_refused(read: Any, document: Any) -> None:
    with pytest.raises(VerificationFailed):
        read(document)


def test_not_affected_without_a_known_reason_is_refused() -> None:
    document = openvex.write([POSITIVE], "idp", NOW)
    document["statements"][0]["justification"] = "trust_me"
    with pytest.raises(VerificationFailed, match="without a justification"):
        openvex.read(document)
    other = cyclonedx_vex.write([POSITIVE], "idp", NOW)
    del other["vulnerabilities"][0]["analysis"]["justification"]
    with pytest.raises(VerificationFailed, match="without a justification"):
        cyclonedx_vex.read(other)


def test_sarif_is_read_back_without_what_is_excepted_or_fixed() -> None:
    log = sarif.write(ALL, "1.0")
    assert [run["tool"]["driver"]["name"] for run in log["runs"]] == ["bandit", "dependencies"]
    report = read_report(orjson.dumps(log))
    assert [(f.id, f.severity, f.location) for f in report.findings] == [
        ("B101", 7.5, "app/a.py:3"),
        ("GHSA-1", 7.5, "flask@1.0"),
    ]
    results = [result for run in log["runs"] for result in run["results"]]
    assert len(results) == 4
    assert results[0]["partialFingerprints"] == {"platform.idp/v1": "a" * 64}
