"""Reports as the tools document their formats; where, stands at the head of each parser."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.capabilities.scanning import parsers
from idp.capabilities.scanning.parsers import PARSERS, read_report
from idp.kernel.errors import InvalidInput, TooLarge, VerificationFailed

SAMPLES = Path(__file__).parent / "samples"
EXPECTED: dict[str, tuple[str, str, list[tuple[str, float | None, str]]]] = {
    "trivy.json": (
        "trivy",
        "0.66.0",
        [
            ("CVE-2023-45853", 9.8, "zlib1g 1:1.2.13.dfsg-1"),
            ("CVE-2011-3374", None, "apt 2.6.1"),
            ("DLA-3000-1", None, "xz-utils 5.4.1"),
            ("DS002", 7.0, "Dockerfile:3"),
            ("aws-access-key-id", 9.0, "config.py:7"),
        ],
    ),
    "grype.json": (
        "grype",
        "0.100.0",
        [("GHSA-h75v-3vvj-5mfj", 6.1, "jinja2 3.1.2"), ("CVE-2024-0001", None, "libxyz 1.0-1")],
    ),
    "semgrep.json": (
        "semgrep",
        "1.140.0",
        [
            ("python.lang.security.audit.eval-detected.eval-detected", 4.0, "app/views.py:12"),
            ("python.flask.security.xss", 7.0, "app/views.py:30"),
        ],
    ),
    "sonarqube.json": ("sonarqube", "", [("python:S2076", 9.0, "src/run.py:41")]),
    "zap.json": (
        "zap",
        "2.16.0",
        [
            ("zap-10038-1", 4.0, "http://hello.localhost:8621/"),
            ("zap-40012", 7.0, "http://hello.localhost:8621/search?q=x"),
        ],
    ),
    "nuclei.jsonl": (
        "nuclei",
        "",
        [
            ("CVE-2021-44228", 10.0, "http://hello.localhost/?x=${jndi}"),
            ("http-missing-security-headers", 0.0, "http://hello.localhost/"),
        ],
    ),
    "checkov.json": ("checkov", "3.2.470", [("CKV_K8S_16", 4.0, "/deploy.yaml:12")]),
    "clair.json": ("clair", "", [("CVE-2023-5678", None, "libssl3 3.0.11-1~deb12u2")]),
    "checkmarx.json": (
        "checkmarx",
        "",
        [("SQL_Injection", 7.0, "/src/shop.py:12"), ("CVE-2020-8203", 7.4, "lodash 4.17.15")],
    ),
    "veracode.json": ("veracode", "25.1.0-0", [("CWE-89", 7.0, "com/shop/Orders.java:44")]),
    "aqua.json": (
        "aqua",
        "2022.4.1",
        [("CVE-2022-3602", 7.5, "openssl 3.0.2"), ("CVE-2022-0001", None, "openssl 3.0.2")],
    ),
    "fossa.json": (
        "fossa",
        "",
        [("GPL-3.0-only", 7.0, "tar-stream 1.5.5"), ("18318", None, "lodash 4.17.15")],
    ),
    "kics.json": (
        "kics",
        "v2.1.13",
        [
            ("5572cc5e-1e4c-4113-92a6-7a8a3bd25e6d", 7.0, "deploy.yaml:17"),
            ("e84eaf4d-2f45-47b2-abe8-e581b06deb66", 0.0, "deploy.yaml:4"),
        ],
    ),
    "dependency-check.json": (
        "dependency-check",
        "12.1.8",
        [
            ("CVE-2021-44228", 10.0, "org.apache.logging.log4j/log4j-core 2.14.1"),
            ("sonatype-2021-1", None, "org.apache.logging.log4j/log4j-core 2.14.1"),
        ],
    ),
    "snyk.json": ("snyk", "", [("SNYK-PYTHON-JINJA2-6809379", 4.2, "jinja2 3.1.2")]),
    "codeql.sarif": (
        "codeql",
        "2.20.0",
        [("py/sql-injection", 8.8, "app/db.py:20"), ("py/empty-except", 0.1, "app/db.py:31")],
    ),
}


@pytest.mark.parametrize("sample", EXPECTED)
def test_what_a_report_says(sample: str) -> None:
    report = read_report((SAMPLES / sample).read_bytes())
    name, version, findings = EXPECTED[sample]
    assert (report.name, report.version, report.status) == (name, version, "findings")
    assert [
        (f.id, f.severity, f"{f.package} {f.version}".strip() or f.location)
        for f in report.findings
    ] == findings


def test_every_parser_has_a_sample() -> None:
    assert len(list(SAMPLES.iterdir())) == len(EXPECTED) == len(PARSERS)


def change(sample: str, *path: str | int, value: Any) -> bytes:
    document = json.loads((SAMPLES / sample).read_bytes())
    place = document
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (
            b'{"check_type": "kubernetes", "results": {"failed_checks": [], '
            b'"parsing_errors": ["/a.yaml"]}}',
            "could not parse: /a.yaml",
        ),
        (
            b'{"scan_status": "FAILURE", "pipeline_scan": "1", "findings": []}',
            "the scan's status is FAILURE",
        ),
        (b'{"image": "a", "resources": [], "partial_results": true}', "partial"),
        (b'{"issues": [], "count": 0, "status": "SCANNING"}', "status is SCANNING"),
        (
            change(
                "semgrep.json",
                "errors",
                value=[{"code": 3, "level": "warn", "type": "Syntax error", "message": "bad a.py"}],
            ),
            "bad a.py",
        ),
        (change("kics.json", "files_failed_to_scan", value=2), "2 files that could not"),
        (change("sonarqube.json", "paging", value={"total": 900}), "3 of 900 issues"),
        (change("zap.json", "site", value=[]), "no site was reached"),
        (change("trivy.json", "Results", value=None), "nothing that it can look at"),
        (b'{"ok": false, "error": "no manifest", "path": "/x"}', "no manifest"),
        (change("codeql.sarif", "runs", value=[]), "no run"),
        (
            change("codeql.sarif", "runs", 0, "invocations", 0, "executionSuccessful", value=False),
            "did not finish",
        ),
        (
            change(
                "dependency-check.json",
                "scanInfo",
                value={"analysisExceptions": [{"exception": {"message": "NVD is out of reach"}}]},
            ),
            "NVD is out of reach",
        ),
    ],
)
def test_what_a_tool_did_not_look_at_makes_its_report_incomplete(data: bytes, reason: str) -> None:
    report = read_report(data)
    assert report.status == "incomplete"
    assert reason in report.reason


def test_a_secret_is_never_quoted() -> None:
    assert "***" not in read_report((SAMPLES / "trivy.json").read_bytes()).model_dump_json()


@pytest.mark.parametrize("data", [b"", b"not json", b"{}", b"[]", b'{"runs": 7}', b"7", b"null"])
def test_what_nobody_writes_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        read_report(data)


@pytest.mark.parametrize("tool", [parser.name for parser in PARSERS])
def test_another_document_is_no_report_of_the_tool(tool: str) -> None:
    with pytest.raises(VerificationFailed, match=f"no report of {tool}"):
        read_report(b'{"a": 1}', tool)


def test_a_tool_that_nobody_knows_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no parser for 'clippy'"):
        read_report(b"{}", "clippy")


def test_a_report_over_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsers, "LARGEST", 10)
    with pytest.raises(TooLarge):
        read_report(b" " * 11)


STATUSES = ("clean", "findings", "incomplete")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


@settings(max_examples=200)
@given(st.sampled_from(sorted(EXPECTED)), st.data())
def test_a_damaged_report_is_read_or_refused_but_never_breaks(sample: str, data: Any) -> None:
    text = (SAMPLES / sample).read_bytes()
    document = json.loads(text) if not sample.endswith("l") else json.loads(text.splitlines()[0])
    place = document
    while isinstance(place, dict | list) and place:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or data.draw(st.booleans()):
            place[key] = data.draw(JSON)
            break
        place = place[key]
    tool = EXPECTED[sample][0].replace("codeql", "sarif")
    with contextlib.suppress(VerificationFailed):
        assert read_report(json.dumps(document).encode(), tool).status in STATUSES
