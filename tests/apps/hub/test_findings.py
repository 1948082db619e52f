"""The history of findings, for whom the instance lets list them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from idp.apps.platform.layout import Layout
from idp.capabilities.scanning.capability import CAPABILITY
from idp.capabilities.scanning.history.ingest import Scan, ingest
from idp.capabilities.scanning.kinds import DueDays
from idp.capabilities.scanning.reports import Finding, complete
from idp.kernel.database import open_database
from support.hub import Hub, Upstream

FOUND = [Finding(id="GHSA-1", package="flask", version="1.0", severity=9.8, summary="Bad")]


@pytest.fixture(autouse=True)
def history(layout: Layout) -> Path:
    path = layout.instance("development").history
    path.parent.mkdir(parents=True, exist_ok=True)
    database = open_database(f"sqlite:///{path}", CAPABILITY.migrations)
    for application in ("hello", "other"):
        scan = Scan(
            application, "demo", application, "sha256:1", "2026-01-01T00:00:00Z", "a", DueDays()
        )
        ingest(database, scan, [complete("x", "1", FOUND)])
    database.dispose()
    return path


@pytest.fixture
def reviews(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the instance was asked; developers may, others may not."""
    asked: list[dict[str, Any]] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        user = request.headers["Impersonate-User"]
        asked.append({"user": user, **body["spec"]["resourceAttributes"]})
        return web.json_response({"status": {"allowed": user == "maya"}})

    monkeypatch.setattr(upstream, "answer", answer)
    return asked


async def ask(hub: Hub, path: str, user: str = "maya", **query: str) -> Any:
    params = {"environment": "development", **query}
    return await hub.client.get(path, params=params, headers=hub.as_user(user))


async def test_findings_are_listed_by_the_right_of_the_asker(
    hub: Hub, reviews: list[dict[str, Any]]
) -> None:
    answer = await ask(hub, "/api/v1/findings", namespace="demo", application="hello")
    (finding,) = answer.json()
    assert (finding["finding"], finding["state"], finding["band"]) == (
        "GHSA-1",
        "open",
        "critical",
    )
    assert reviews == [
        {
            "user": "maya",
            "verb": "list",
            "group": "platform.idp",
            "resource": "findings",
            "namespace": "demo",
        }
    ]


async def test_all_namespaces_take_the_right_to_all(
    hub: Hub, reviews: list[dict[str, Any]]
) -> None:
    assert len((await ask(hub, "/api/v1/findings")).json()) == 2
    assert "namespace" not in reviews[0]


@pytest.mark.parametrize("path", ["/api/v1/findings", "/api/v1/findings/report"])
async def test_who_may_not_list_findings_sees_none(
    hub: Hub, reviews: list[dict[str, Any]], path: str
) -> None:
    answer = await ask(hub, path, "admin", namespace="demo")
    assert answer.status_code == 403
    assert "may not list findings in namespace demo" in answer.json()["message"]


async def test_an_instance_is_no_person(hub: Hub, reviews: list[dict[str, Any]]) -> None:
    assert (await ask(hub, "/api/v1/findings", "instance.production")).status_code == 403
    assert reviews == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"environment": "nowhere"}, 404),
        ({"environment": "uat"}, 503),
        ({"state": "unknown"}, 422),
        ({"limit": "100000"}, 422),
    ],
)
async def test_what_cannot_be_answered_is_refused(
    hub: Hub, reviews: list[dict[str, Any]], query: dict[str, str], status: int
) -> None:
    assert (await ask(hub, "/api/v1/findings", **query)).status_code == status


async def test_a_report_with_the_trend_of_one_application(
    hub: Hub, reviews: list[dict[str, Any]]
) -> None:
    answer = await ask(hub, "/api/v1/findings/report", namespace="demo", application="hello")
    body = answer.json()
    (standing,) = body["applications"]
    assert (standing["application"], standing["critical"], standing["overdue"]) == ("hello", 1, 1)
    assert [scan["added"] for scan in body["trend"]] == [1]
    whole = (await ask(hub, "/api/v1/findings/report", namespace="demo")).json()
    assert [s["application"] for s in whole["applications"]] == ["hello", "other"]
    assert whole["trend"] == []


async def test_the_history_is_only_read(hub: Hub, history: Path) -> None:
    database = hub.instances.history("development")
    with pytest.raises(Exception, match="readonly"), database.begin() as connection:
        connection.exec_driver_sql("DELETE FROM scanning_findings")
    database.dispose()


async def test_a_page_counts_all_that_match(hub: Hub, reviews: list[dict[str, Any]]) -> None:
    path = "/api/v1/findings/page"
    first = (await ask(hub, path, order="application", limit="1")).json()
    second = (await ask(hub, path, order="application", limit="1", offset="1")).json()
    told = [(page["total"], page["findings"][0]["application"]) for page in (first, second)]
    assert told == [(2, "hello"), (2, "other")]
    assert (await ask(hub, path, state="fixed")).json() == {"total": 0, "findings": []}
    assert (await ask(hub, path, order="sideways")).status_code == 422
    assert (await ask(hub, path, "admin")).status_code == 403


async def test_what_is_known_as_openvex(hub: Hub, reviews: list[dict[str, Any]]) -> None:
    path = "/api/v1/findings/vex"
    document = (await ask(hub, path, namespace="demo", application="hello")).json()
    (statement,) = document["statements"]
    assert statement["vulnerability"]["name"] == "GHSA-1"
    assert statement["status"] == "under_investigation"
    assert document["author"] == "maya"
    assert (await ask(hub, path, "admin", namespace="demo")).status_code == 403
