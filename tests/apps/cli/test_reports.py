"""What becomes of documents of others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from idp.apps.cli import reports
from idp.apps.cli.reports import import_vex
from idp.apps.platform.layout import Layout
from idp.kernel.errors import InvalidInput, TooLarge

STATEMENT = {
    "vulnerability": {"name": "CVE-2026-1"},
    "products": [{"@id": "pkg:pypi/flask@1.0"}],
    "status": "not_affected",
    "justification": "component_not_present",
}


class Asked:
    """The exceptions of a namespace, as the instance has them."""

    def __init__(self) -> None:
        self.there: list[dict[str, Any]] = []

    async def ask_exceptions(self, *_: object) -> list[dict[str, Any]]:
        return self.there

    async def request_exception(self, *arguments: Any) -> str:
        spec = arguments[4]
        self.there.append({**spec, "expires": "2999-01-01T00:00:00Z"})
        return f"e{len(self.there)}"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    asked = Asked()
    monkeypatch.setattr(reports, "ask_exceptions", asked.ask_exceptions)
    monkeypatch.setattr(reports, "request_exception", asked.request_exception)
    return asked


async def take_in(path: Path) -> reports.TakenIn:
    return await import_vex(Layout(path.parent), None, "staging", "demo", path, "hello", 30)


def document(folder: Path, *statements: dict[str, Any]) -> Path:
    path = folder / "vex.json"
    context = "https://openvex.dev/ns/v0.2.0"
    path.write_bytes(orjson.dumps({"@context": context, "statements": list(statements)}))
    return path


async def test_the_same_document_asks_once(tmp_path: Path, asked: Asked) -> None:
    other = {**STATEMENT, "vulnerability": {"name": "CVE-2026-2"}}
    file = document(tmp_path, STATEMENT, other, STATEMENT)
    assert (await take_in(file)).created == ["e1", "e2"]
    again = await take_in(file)
    assert (again.created, again.known) == ([], 3)
    assert {e["disposition"] for e in asked.there} == {"notAffected"}


async def test_what_expired_is_asked_for_again(tmp_path: Path, asked: Asked) -> None:
    file = document(tmp_path, STATEMENT)
    await take_in(file)
    asked.there[0]["expires"] = "2020-01-01T00:00:00Z"
    assert (await take_in(file)).created == ["e2"]


async def test_what_is_no_json_or_too_large_is_refused(
    tmp_path: Path, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "x.json"
    file.write_text("no")
    with pytest.raises(InvalidInput, match="no JSON"):
        await take_in(file)
    monkeypatch.setattr(reports, "LARGEST_DOCUMENT", 1)
    with pytest.raises(TooLarge):
        await take_in(file)
