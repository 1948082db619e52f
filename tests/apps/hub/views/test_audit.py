"""The audit through the hub: for whom the instance says, and for nobody while it is silent."""

from __future__ import annotations

from typing import Any

import pytest

from idp.apps.platform.layout import Layout
from idp.apps.platform.settings import save_settings, settings_from_port
from idp.kernel.audit import AuditLog
from idp.kernel.database import open_database
from support.hub import Hub, Instance, Upstream

RIGHT = ("admin", "get", "records.audit.platform.idp")


@pytest.fixture
def instance(upstream: Upstream, monkeypatch: pytest.MonkeyPatch, layout: Layout) -> Instance:
    save_settings(layout, settings_from_port(9600))
    path = layout.instance("development").history
    path.parent.mkdir(parents=True, exist_ok=True)
    database = open_database(f"sqlite:///{path}")
    log = AuditLog(database)
    for number in range(3):
        log.append("uma", "create approvals", f"demo/approval-{number}", {"code": 201})
    database.dispose()
    instance = Instance(allowed={RIGHT})
    monkeypatch.setattr(upstream, "answer", instance.answer)
    return instance


async def ask(hub: Hub, path: str, user: str, **query: Any) -> Any:
    return await hub.client.get(f"/api/v1/audit/{path}", params=query, headers=hub.as_user(user))


@pytest.mark.parametrize("path", ["development", "development/chain"])
async def test_looking_at_the_platform_is_not_reading_its_audit(
    hub: Hub, instance: Instance, path: str
) -> None:
    instance.allowed |= {
        ("maya", verb, f"{resource}.platform.idp")
        for verb in ("get", "list", "watch")
        for resource in ("*", "records", "auditrecords")
    }
    answer = await ask(hub, path, "maya")
    assert answer.status_code == 403
    assert answer.json()["details"]["remedy"] == "Ask an administrator for the group idp:auditors."
    assert [(a["user"], a["verb"], a["group"], a["resource"]) for a in instance.asked] == [
        ("maya", "get", "audit.platform.idp", "records")
    ]


async def test_who_has_the_right_searches_and_verifies(hub: Hub, instance: Instance) -> None:
    page = (await ask(hub, "development", "admin", text="approvals", limit=2)).json()
    assert [record["sequence"] for record in page["records"]] == [3, 2]
    rest = (await ask(hub, "development", "admin", before=page["next"])).json()
    assert [record["target"] for record in rest["records"]] == ["demo/approval-0"]
    chain = (await ask(hub, "development/chain", "admin")).json()
    assert (chain["records"], chain["brokenAt"]) == (3, None)


async def test_a_silent_instance_shows_its_audit_to_nobody(hub: Hub, instance: Instance) -> None:
    assert (await ask(hub, "uat", "admin")).status_code == 503
