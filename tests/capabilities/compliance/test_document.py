"""The page that is handed on."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from idp.capabilities.compliance.catalogue import framework
from idp.capabilities.compliance.decide.controls import assess
from idp.capabilities.compliance.decide.evidence import evaluate
from idp.capabilities.compliance.document import NOTICE, page
from idp.capabilities.compliance.facts import AuditFacts, Facts, PromotionRecord
from idp.capabilities.compliance.kinds import ComplianceReportStatus

NOW = datetime(2026, 11, 25, tzinfo=UTC)
ODD = '<script>alert("1")</script>'


class Elements(HTMLParser):
    """Tags with their attributes; ends must match."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def text() -> str:
    odd = PromotionRecord(
        *("demo", ODD, "hello", "rollback", "Succeeded", "r", "ada", "why", "c"),
        *("Allow", "sha256:1", (), "2026-11-24T00:00:00Z"),
    )
    facts = Facts("production", NOW, audit=AuditFacts(3, head="a" * 64), promotions=[odd])
    known = framework("soc2")
    evidence = evaluate(facts, known.queries)
    assessed = assess(known, evidence, {"P1.1": ODD})
    status = ComplianceReportStatus(
        evaluated_at=NOW,
        environment="production",
        digest="sha256:0",
        counts=assessed.counts,
        controls=assessed.controls,
        evidence=evidence,
    )
    return page(known, status, "http://127.0.0.1:8600")


@pytest.fixture
def elements(text: str) -> Elements:
    parsed = Elements()
    parsed.feed(text)
    assert parsed.open == []
    return parsed


def test_it_needs_nothing_from_elsewhere(text: str, elements: Elements) -> None:
    loading = {"script", "link", "img", "iframe", "object"}
    assert not loading & {tag for tag, _ in elements.found}
    assert not re.search(r"url\(|@import", text)


def test_names_of_others_are_no_markup(text: str) -> None:
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_it_says_that_it_is_no_certificate(text: str) -> None:
    assert NOTICE in text


def test_links_within_the_page_lead_somewhere_and_records_to_the_hub(elements: Elements) -> None:
    identifiers = [a["id"] for _, a in elements.found if "id" in a]
    assert len(identifiers) == len(set(identifiers))
    links = [str(a["href"]) for tag, a in elements.found if tag == "a"]
    assert {link[1:] for link in links if link.startswith("#")} <= set(identifiers)
    outside = [link for link in links if not link.startswith(("#", "https://www.aicpa"))]
    assert "http://127.0.0.1:8600/api/v1/audit/production?before=4&limit=1" in outside
    assert all(link.startswith("http://127.0.0.1:8600/") for link in outside)


def test_it_is_read_aloud_well(elements: Elements) -> None:
    tags = [tag for tag, _ in elements.found]
    assert ("html", {"lang": "en"}) in elements.found
    assert tags.count("h1") == 1
    assert tags.count("caption") == tags.count("table")
    assert all("scope" in attributes for tag, attributes in elements.found if tag == "th")
