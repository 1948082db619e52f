"""Gates, places and overrides of a promotion, and what is done in an emergency, through the hub."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from idp.apps.hub.views import gates
from idp.capabilities.environments.kinds import PromotionPipeline
from support.hub import Hub, Instance, Upstream

RULES: dict[str, Any] = {
    "approval": {"required": 1, "requirements": [{"group": "security", "required": 2}]},
    "gates": [
        {"name": "soak", "soak": {"minutes": 120}},
        {"name": "own", "cel": {"expression": "x" * 400}},
    ],
    "emergency": {"hours": 2},
}
PIPELINE = {
    "apiVersion": "platform.idp/v1alpha1",
    "kind": "PromotionPipeline",
    "metadata": {"name": "default"},
    "spec": RULES,
}
SPEC = PromotionPipeline.parse(PIPELINE).spec
DIGEST = f"sha256:{'3f' * 32}"
WAITING = {
    "name": "soak",
    "kind": "soak",
    "state": "Waiting",
    "message": "90 min to go",
    "change": "wait",
    "until": "2026-11-25T12:00:00Z",
    "deadline": "2026-12-02T09:00:00Z",
    "evidence": {"verified": {"at": "2026-11-25T10:00:00Z"}},
    "memory": {"secret": "kept"},
}


def test_before_they_are_asked_the_rules_say_which_there_are() -> None:
    soak, own = gates.standings({}, SPEC, ahead=True)
    assert (soak.name, soak.kind, soak.state) == ("soak", "soak", "Pending")
    assert [(f.name, f.value) for f in soak.evidence] == [("minutes", "120")]
    assert len(own.evidence[0].value) < 400
    assert gates.standings({}, SPEC, ahead=False) == []
    assert gates.standings({}, None, ahead=True) == []


def test_how_they_stand_is_what_the_step_put_out_but_for_its_memory() -> None:
    outputs: dict[str, dict[str, Any]] = {
        "gates": {"gates": [WAITING, {**WAITING, "name": "fast", "kind": "performance"}]},
        "performance": {"gates": {"fast": {"state": "Refused", "message": "3 times as slow"}}},
    }
    soak, fast = gates.standings(outputs, SPEC, ahead=True)
    assert [(f.name, f.value) for f in soak.evidence] == [("verified.at", "2026-11-25T10:00:00Z")]
    assert soak.until is not None
    assert (fast.state, fast.message) == ("Refused", "3 times as slow")
    assert "kept" not in soak.model_dump_json()


def test_who_fills_a_place_is_what_was_counted_last() -> None:
    assert [(s.who, s.by) for s in gates.seats({}, SPEC)] == [("security", ""), ("security", "")]
    first = {"seats": [{"who": "security", "by": "ann"}]}
    last = {"seats": [{"who": "security", "by": ""}]}
    assert gates.seats({"approval": first}, SPEC)[0].by == "ann"
    assert gates.seats({"approval": first, "gates": {"approvals": last}}, SPEC)[0].by == ""


def test_an_override_that_counts_no_longer_is_none() -> None:
    given = {"by": "rosa", "reason": "down", "until": "2026-11-25T12:00:00Z", "approval": "a"}
    found = gates.override({"approval": {"override": given}})
    assert found is not None
    assert found.by == "rosa"
    assert gates.override({"approval": {"override": given}, "gates": {"override": {}}}) is None


def promotion(**status: Any) -> dict[str, Any]:
    return {
        "apiVersion": "platform.idp/v1alpha1",
        "kind": "Promotion",
        "metadata": {"namespace": "demo", "name": "hello-r1-x"},
        "spec": {"application": "hello", "release": "hello-r1", "initiator": "paul"},
        "status": {
            "phase": "Running",
            "releaseDigest": DIGEST,
            "policyVersion": DIGEST,
            "steps": [{"name": "gates", "phase": "Running", "message": "soak: 90 min to go"}],
            **status,
        },
    }


def gates_step(**outputs: Any) -> dict[str, Any]:
    return {
        "kind": "PipelineStep",
        "metadata": {"namespace": "demo", "name": "hello-r1-x-gates"},
        "spec": {"uses": "gates"},
        "status": {"outputs": {"gates": [WAITING], "override": {}, **outputs}},
    }


@pytest.fixture
def instance(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> Instance:
    instance = Instance(
        objects={
            "promotions": [promotion()],
            "pipelinesteps": [gates_step()],
            "promotionpipelines": [PIPELINE],
        },
        allowed={("maya", "override", "promotions.platform.idp")},
    )
    monkeypatch.setattr(upstream, "answer", instance.answer)
    return instance


PATH = "/api/v1/promotions/development/demo/hello-r1-x"


@pytest.mark.parametrize(
    ("user", "status", "outputs", "expected"),
    [
        ("maya", {}, {}, True),
        ("admin", {}, {}, False),
        ("maya", {"phase": "Succeeded"}, {}, False),
        (
            "maya",
            {},
            {"override": {"by": "rosa", "reason": "down", "until": "2099-01-01T00:00:00Z"}},
            False,
        ),
    ],
)
async def test_who_may_override_what_waits(
    hub: Hub,
    instance: Instance,
    user: str,
    status: dict[str, Any],
    outputs: dict[str, Any],
    expected: bool,
) -> None:
    instance.objects["promotions"] = [promotion(**status)]
    instance.objects["pipelinesteps"] = [gates_step(**outputs)]
    found = (await hub.client.get(PATH, headers=hub.as_user(user))).json()
    assert found["mayOverride"] is expected
    assert found["overrideHours"] == 2
    assert found["gates"][0]["until"] == "2026-11-25T12:00:00Z"


async def test_whose_approvals_expired_at_the_gates_waits_for_people(
    hub: Hub, instance: Instance
) -> None:
    steps = [{"name": "gates", "phase": "Running", "message": "approvals: waits for 1 more"}]
    instance.objects["promotions"] = [promotion(steps=steps)]
    instance.allowed.add(("maya", "approve", "promotions.platform.idp"))
    found = (await hub.client.get(PATH, headers=hub.as_user("maya"))).json()
    assert (found["waitsForApproval"], found["mayDecide"]) == (True, True)


WANTED = {
    "environment": "development",
    "namespace": "demo",
    "application": "hello",
    "release": "hello-r1",
}


async def test_a_hotfix_says_so_and_why(hub: Hub, instance: Instance) -> None:
    body = {**WANTED, "hotfix": True, "reason": "CVE in the parser"}
    answer = await hub.client.post("/api/v1/promotions", json=body, headers=hub.as_user("maya"))
    assert answer.status_code == 201
    ((user, _, _, made),) = instance.changes
    assert user == "maya"
    assert (made["spec"]["hotfix"], made["spec"]["reason"]) == (True, "CVE in the parser")


@pytest.mark.parametrize("way", ["hotfix", "emergency"])
@pytest.mark.parametrize("reason", ["", "  ", "no"])
async def test_what_goes_past_the_rules_has_a_reason(
    hub: Hub, instance: Instance, way: str, reason: str
) -> None:
    body = {**WANTED, way: True, "reason": reason}
    answer = await hub.client.post("/api/v1/promotions", json=body, headers=hub.as_user("maya"))
    assert answer.status_code == 422
    assert instance.changes == []


async def test_in_an_emergency_it_is_asked_started_and_overridden_in_ones_own_name(
    hub: Hub, instance: Instance
) -> None:
    instance.objects["promotions"][0]["metadata"]["name"] = "made"  # what creating one gives
    body = {**WANTED, "emergency": True, "reason": "payments are down"}
    answer = await hub.client.post("/api/v1/promotions", json=body, headers=hub.as_user("maya"))
    assert answer.status_code == 201
    probe, started, override = instance.changes
    assert {user for user, *_ in instance.changes} == {"maya"}
    assert [change[2].rpartition("/")[2] for change in instance.changes] == [
        "approvals",
        "promotions",
        "approvals",
    ]
    assert probe[3]["spec"]["releaseDigest"] != DIGEST
    assert started[3]["spec"]["reason"] == "payments are down"
    assert override[3]["spec"]["promotion"] == "made"
    assert override[3]["spec"]["releaseDigest"] == DIGEST
    assert override[3]["spec"]["emergency"] is True


async def test_who_may_not_override_starts_nothing(
    hub: Hub, instance: Instance, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/approvals"):
            assert request.query["dryRun"] == "All"
            body = {"kind": "Status", "reason": "Forbidden", "message": "no", "code": 403}
            return web.json_response(body, status=403)
        return await instance.answer(request)

    monkeypatch.setattr(upstream, "answer", refuse)
    body = {**WANTED, "emergency": True, "reason": "payments are down"}
    answer = await hub.client.post("/api/v1/promotions", json=body, headers=hub.as_user("maya"))
    assert answer.status_code == 403
    assert instance.changes == []


async def test_rights_name_what_goes_past_the_rules(hub: Hub, instance: Instance) -> None:
    instance.allowed.add(("maya", "create", "freezes.platform.idp"))
    answer = await hub.client.get("/api/v1/rights?namespace=demo", headers=hub.as_user("maya"))
    found = answer.json()[0]
    assert (found["override"], found["hotfix"], found["freeze"]) == (True, False, True)
    asked = [a for a in instance.asked if a["resource"] == "freezes"]
    assert "namespace" not in asked[0]  # freezes are of the whole environment
