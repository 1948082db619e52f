"""Exceptions through the hub: asked for, approved and revoked in the caller's name."""

from __future__ import annotations

from typing import Any

import pytest

from idp.apps.hub.views.exceptions import exception_view
from support.hub import Hub, Instance, Upstream


def exception(author: str = "maya", approver: str = "", phase: str = "Waiting") -> dict[str, Any]:
    return {
        "apiVersion": "platform.idp/v1alpha1",
        "kind": "VulnerabilityException",
        "metadata": {"namespace": "demo", "name": f"cve-{author}"},
        "spec": {
            "finding": "CVE-1",
            "reason": "no fix",
            "expires": "2027-01-01T00:00:00Z",
            "author": author,
            "approver": approver,
        },
        "status": {"phase": phase, "findings": 2},
    }


@pytest.mark.parametrize(
    ("manifest", "caller", "right", "may", "why_not"),
    [
        (exception("maya"), "uma", True, True, ""),
        (exception("maya"), "maya", True, False, "you asked for it"),
        (exception("maya"), "paul", False, False, "role of an approver"),
        (exception("maya", "uma", "Active"), "paul", True, False, ""),
        (exception("maya", phase="Expired"), "uma", True, False, ""),
    ],
)
def test_who_may_approve(
    manifest: dict[str, Any], caller: str, right: bool, may: bool, why_not: str
) -> None:
    view = exception_view("uat", manifest, caller, approve=right, revoke=False)
    assert view.may_approve is may
    assert why_not in view.why_not
    assert bool(why_not) == bool(view.why_not)


@pytest.fixture
def instance(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> Instance:
    manifests = [exception("paul", "uma", "Active"), exception("uma")]
    profile = {
        "apiVersion": "platform.idp/v1alpha1",
        "kind": "SecurityProfile",
        "metadata": {"name": "default"},
        "spec": {"severity": {"high": "track"}, "tools": {"bandit": "run"}},
    }
    instance = Instance(
        objects={"vulnerabilityexceptions": manifests, "securityprofiles": [profile]},
        allowed={("maya", "approve", "vulnerabilityexceptions.platform.idp")},
    )
    monkeypatch.setattr(upstream, "answer", instance.answer)
    return instance


async def test_what_waits_comes_first_with_what_the_caller_may(
    hub: Hub, instance: Instance
) -> None:
    answer = await hub.client.get("/api/v1/exceptions", headers=hub.as_user("maya"))
    told = [(e["author"], e["mayApprove"], e["mayRevoke"]) for e in answer.json()["exceptions"]]
    assert told == [("uma", True, False), ("paul", False, False)]


async def test_everything_is_done_in_the_callers_name(hub: Hub, instance: Instance) -> None:
    headers = hub.as_user("maya")
    body = {
        "environment": "development",
        "namespace": "demo",
        "finding": "CVE-2026-1",
        "disposition": "notAffected",
        "justification": "component_not_present",
        "reason": "we do not ship it",
        "days": 3,
    }
    asked = await hub.client.post("/api/v1/exceptions", json=body, headers=headers)
    assert asked.status_code == 201
    path = "/api/v1/exceptions/development/demo/cve-uma"
    assert (await hub.client.post(f"{path}/approval", headers=headers)).status_code == 204
    assert (await hub.client.delete(path, headers=headers)).status_code == 204
    created, approved, deleted = instance.changes
    assert created[:2] == ("maya", "POST")
    assert created[3]["spec"]["author"] == "maya"
    assert created[3]["spec"].get("approver", "") == ""
    assert created[3]["metadata"]["generateName"] == "cve-2026-1-"
    assert approved[:2] == ("maya", "PATCH")
    assert approved[3] == {"spec": {"approver": "maya"}}
    assert deleted[:2] == ("maya", "DELETE")


@pytest.mark.parametrize(
    "change",
    [{"days": 0}, {"days": 366}, {"reason": ""}, {"justification": "because"}, {"finding": ""}],
)
async def test_what_is_no_request_is_refused_before_the_instance_is_asked(
    hub: Hub, instance: Instance, change: dict[str, Any]
) -> None:
    body = {"environment": "development", "namespace": "demo", "finding": "X", "reason": "why not"}
    answer = await hub.client.post(
        "/api/v1/exceptions", json={**body, **change}, headers=hub.as_user("maya")
    )
    assert answer.status_code == 422
    assert instance.changes == []


async def test_rules_are_told_with_their_defaults(hub: Hub, instance: Instance) -> None:
    answer = await hub.client.get("/api/v1/profiles", headers=hub.as_user("maya"))
    development, staging, uat = answer.json()
    assert development["severity"]["high"] == "track"
    assert development["severity"]["critical"] == "deny"
    assert development["dueDays"]["critical"] == 7
    assert (staging["version"], uat["version"]) == ("", "")
    assert uat["state"]["error"] != ""
