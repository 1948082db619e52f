"""Roles and admission policies as an API server applies them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from idp.capabilities.environments.kinds import PromotionPipeline
from idp.capabilities.promotion.capability import CAPABILITY
from idp.capabilities.promotion.kinds import Approval, Freeze, PipelineStep, Promotion, Review
from idp.capabilities.promotion.render import push_workflow
from idp.embedded.apiserver.server import ApiServer, ApiServerSettings
from idp.embedded.workflows.definitions import custom_resource_definitions
from idp.kernel import standard
from idp.kernel.client import Client
from idp.kernel.conditions import is_true
from idp.kernel.errors import Forbidden, Invalid
from idp.kernel.resource import Manifest, Resource, ResourceType
from idp.kernel.schema import custom_resource_definition

MASTERS = "system:masters"
TYPES = {
    (type_.api_version, type_.kind): type_
    for type_ in vars(standard).values()
    if isinstance(type_, ResourceType)
}
GROUPS = {
    "developers": "idp-developer",
    "approvers": "idp-approver",
    "responders": "idp-responder",
    "viewers": "idp-viewer",
}
DIGEST = f"sha256:{'a' * 64}"
COMMIT = "a" * 40
NS = {"namespace": "demo"}


def binding(group: str, role: str) -> Manifest:
    return {
        "metadata": {"name": group},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group}],
    }


async def set_up(client: Client) -> None:
    kinds: list[type[Resource[Any, Any]]] = [*CAPABILITY.kinds, PromotionPipeline]
    definitions = [custom_resource_definition(kind) for kind in kinds]
    for crd in [*definitions, *custom_resource_definitions()]:
        await client.create(standard.CUSTOM_RESOURCE_DEFINITION, crd)
    served = False
    while not served:
        crds = (await client.list(standard.CUSTOM_RESOURCE_DEFINITION)).items
        served = all(is_true(crd, "Established") for crd in crds)
    for manifest in CAPABILITY.manifests("uat"):
        await client.create(TYPES[(manifest["apiVersion"], manifest["kind"])], manifest)
    for group, role in GROUPS.items():
        await client.create(standard.CLUSTER_ROLE_BINDING, binding(group, role))
    await client.create(standard.NAMESPACE, {"metadata": {"name": "demo"}})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ApiServer]:
    folder: Path = tmp_path_factory.mktemp("api")
    async with ApiServer(ApiServerSettings(data=folder)) as server:
        await set_up(server.client("platform", (MASTERS,)))
        yield server


pytestmark = pytest.mark.asyncio(loop_scope="module")


def approval(approver: str, **changes: Any) -> Manifest:
    spec = {
        "promotion": "hello-r1",
        "releaseDigest": DIGEST,
        "target": "uat",
        "policyVersion": DIGEST,
        "decision": "approve",
        "approver": approver,
        **changes,
    }
    return {"metadata": {"generateName": "a-", "namespace": "demo"}, "spec": spec}


def promotion(**spec: Any) -> Manifest:
    body = {"application": "hello", "release": "hello-r1", **spec}
    return {"metadata": {"generateName": "p-", "namespace": "demo"}, "spec": body}


async def test_an_approver_approves_in_the_own_name(server: ApiServer) -> None:
    grace = server.client("grace", ("approvers", "leads"))
    await grace.create(Approval.type(), approval("grace"))
    await grace.create(Approval.type(), approval("grace", approverGroups=["leads"]))


@pytest.mark.parametrize(
    ("user", "groups", "body", "said"),
    [
        ("grace", ("approvers",), approval("ada"), "spec.approver must be you"),
        (
            "grace",
            ("approvers",),
            approval("grace", approverGroups=["leads"]),
            "may only name groups that you are in",
        ),
        ("dora", ("developers",), approval("dora"), "cannot create resource"),
        ("vera", ("viewers",), approval("vera"), "cannot create resource"),
    ],
)
async def test_an_approval_that_lies_or_is_not_theirs_to_give(
    server: ApiServer, user: str, groups: tuple[str, ...], body: Manifest, said: str
) -> None:
    with pytest.raises(Forbidden, match=said):
        await server.client(user, groups).create(Approval.type(), body)


async def test_who_may_create_approvals_but_not_approve_is_told(server: ApiServer) -> None:
    platform = server.client("platform", (MASTERS,))
    rule = {"apiGroups": ["platform.idp"], "resources": ["approvals"], "verbs": ["create"]}
    role = {"metadata": {"name": "writers"}, "rules": [rule]}
    await platform.create(standard.CLUSTER_ROLE, role)
    await platform.create(standard.CLUSTER_ROLE_BINDING, binding("writers", "writers"))
    with pytest.raises(Forbidden, match="it takes the verb approve"):
        await server.client("walt", ("writers",)).create(Approval.type(), approval("walt"))


async def test_an_approval_never_changes(server: ApiServer) -> None:
    created = await server.client("grace", ("approvers",)).create(
        Approval.type(), approval("grace")
    )
    created["spec"]["decision"] = "reject"
    created["spec"]["comment"] = "no"
    with pytest.raises(Invalid, match="an approval never changes"):
        await server.client("platform", (MASTERS,)).update(Approval.type(), created)


async def test_a_rejection_needs_a_comment(server: ApiServer) -> None:
    grace = server.client("grace", ("approvers",))
    with pytest.raises(Invalid, match="a rejection needs a comment"):
        await grace.create(Approval.type(), approval("grace", decision="reject"))


async def test_a_developer_promotes_in_the_own_name(server: ApiServer) -> None:
    dora = server.client("dora", ("developers",))
    await dora.create(Promotion.type(), promotion(initiator="dora"))
    for initiator in ("platform", "ada"):
        with pytest.raises(Forbidden, match=r"spec\.initiator must be you"):
            await dora.create(Promotion.type(), promotion(initiator=initiator))
    await server.client("platform", (MASTERS,)).create(Promotion.type(), promotion())


async def test_starting_takes_the_verb_of_the_action(server: ApiServer) -> None:
    platform = server.client("platform", (MASTERS,))
    verbs = ["create", "promote"]
    rule = {"apiGroups": ["platform.idp"], "resources": ["promotions"], "verbs": verbs}
    role = {"metadata": {"name": "forward"}, "rules": [rule]}
    await platform.create(standard.CLUSTER_ROLE, role)
    await platform.create(standard.CLUSTER_ROLE_BINDING, binding("forward", "forward"))
    paul = server.client("paul", ("forward",))
    await paul.create(Promotion.type(), promotion(initiator="paul"))
    back = promotion(initiator="paul", action="rollback", release="", reason="slow")
    with pytest.raises(Forbidden, match="or rollback, on"):
        await paul.create(Promotion.type(), back)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"action": "rollback", "release": ""}, "a rollback needs a reason"),
        ({"release": ""}, "to promote, name the release"),
        ({"release": "../x"}, "spec.release"),
    ],
)
async def test_a_promotion_that_makes_no_sense(
    server: ApiServer, spec: dict[str, Any], said: str
) -> None:
    dora = server.client("dora", ("developers",))
    with pytest.raises(Invalid, match=said):
        await dora.create(Promotion.type(), promotion(initiator="dora", **spec))


async def test_a_developer_starts_the_push_pipeline_in_the_own_name_only(
    server: ApiServer,
) -> None:
    dora = server.client("dora", ("developers",))
    await dora.create(
        standard.WORKFLOW, push_workflow("demo", "hello", "demo/hello", COMMIT, "dora")
    )
    other = push_workflow("demo", "hello", "demo/hello", "b" * 40, "ada")
    with pytest.raises(Forbidden, match="the parameter author must be you"):
        await dora.create(standard.WORKFLOW, other)
    own = push_workflow("demo", "hello", "demo/hello", "c" * 40, "dora")
    own["spec"]["workflowTemplateRef"]["name"] = "promote"
    with pytest.raises(Forbidden, match="only workflows of the cluster template push"):
        await dora.create(standard.WORKFLOW, own)


async def test_steps_come_from_the_pipelines_account_only(server: ApiServer) -> None:
    step = {
        "metadata": {"generateName": "s-", "namespace": "demo"},
        "spec": {"uses": "commit"},
    }
    accounts = ("system:serviceaccounts", "system:serviceaccounts:demo")
    account = server.client("system:serviceaccount:demo:idp-pipeline", accounts)
    await account.create(PipelineStep.type(), step)
    for user, groups in (
        ("system:serviceaccount:demo:default", accounts),
        ("system:serviceaccount:other:idp-pipeline", ("system:serviceaccounts",)),
        ("dora", ("developers",)),
        ("grace", ("approvers",)),
    ):
        with pytest.raises(Forbidden):
            await server.client(user, groups).create(PipelineStep.type(), step)


async def test_nobody_but_the_platform_says_how_a_step_went(server: ApiServer) -> None:
    step = {"metadata": {"name": "s", "namespace": "demo"}, "spec": {"uses": "approval"}}
    await server.client("platform", (MASTERS,)).create(PipelineStep.type(), step)
    patch = {"status": {"phase": "Succeeded"}}
    accounts = ("system:serviceaccounts", "system:serviceaccounts:demo")
    for user, groups in (
        ("system:serviceaccount:demo:idp-pipeline", accounts),
        ("dora", ("developers",)),
        ("grace", ("approvers",)),
    ):
        client = server.client(user, groups)
        with pytest.raises(Forbidden):
            await client.patch(PipelineStep.type(), "s", patch, "demo", subresource="status")


async def test_an_override_takes_its_own_verb_and_a_comment(server: ApiServer) -> None:
    joan = server.client("joan", ("responders",))
    override = {"emergency": True, "comment": "payments are down"}
    await joan.create(Approval.type(), approval("joan", **override))
    with pytest.raises(Forbidden, match="it takes the verb approve"):
        await joan.create(Approval.type(), approval("joan"))
    with pytest.raises(Invalid, match="an emergency override approves, and needs a comment"):
        await joan.create(Approval.type(), approval("joan", emergency=True))
    with pytest.raises(Forbidden, match="it takes the verb override"):
        await server.client("grace", ("approvers",)).create(
            Approval.type(), approval("grace", **override)
        )


async def test_a_hotfix_takes_its_own_verb_and_a_reason(server: ApiServer) -> None:
    dora, joan = server.client("dora", ("developers",)), server.client("joan", ("responders",))
    hotfix = {"hotfix": True, "reason": "CVE in the parser"}
    await joan.create(Promotion.type(), promotion(initiator="joan", **hotfix))
    with pytest.raises(Forbidden, match="it takes the verb hotfix"):
        await dora.create(Promotion.type(), promotion(initiator="dora", **hotfix))
    with pytest.raises(Invalid, match="a hotfix is a promotion, and needs a reason"):
        await joan.create(Promotion.type(), promotion(initiator="joan", hotfix=True))


async def test_one_freezes_in_the_own_name(server: ApiServer) -> None:
    grace = server.client("grace", ("approvers",))

    def freeze(by: str) -> Manifest:
        spec = {"until": "2999-01-01T00:00:00Z", "reason": "audit", "by": by}
        return {"metadata": {"generateName": "f-"}, "spec": spec}

    created = await grace.create(Freeze.type(), freeze("grace"))
    with pytest.raises(Forbidden, match=r"spec\.by must be you"):
        await grace.create(Freeze.type(), freeze("ada"))
    with pytest.raises(Forbidden):
        await server.client("dora", ("developers",)).create(Freeze.type(), freeze("dora"))
    await grace.delete(Freeze.type(), created["metadata"]["name"])


async def test_somebody_else_closes_a_review_and_only_once_it_is_validated(
    server: ApiServer,
) -> None:
    platform = server.client("platform", (MASTERS,))
    grace = server.client("grace", ("approvers",))
    spec = {
        "application": "hello",
        "promotion": "p",
        "release": "r1",
        "releaseDigest": DIGEST,
        "cause": "hotfix",
        "by": "joan",
        "reason": "CVE",
        "due": "2999-01-01T00:00:00Z",
        "validateIn": ["staging"],
    }
    body = {"metadata": {"name": "p-hotfix", "namespace": "demo"}, "spec": spec}
    await platform.create(Review.type(), body)

    async def close(client: Client, **changes: Any) -> None:
        closing = {"closedBy": "grace", "conclusion": "fine", **changes}
        await client.patch(Review.type(), "p-hotfix", {"spec": closing}, "demo")

    with pytest.raises(Invalid, match="must first be verified in every environment"):
        await close(grace)
    verified = {"status": {"verifiedIn": ["staging"]}}
    await platform.patch(Review.type(), "p-hotfix", verified, "demo", subresource="status")
    for client, changes, said in (
        (grace, {"closedBy": "ada"}, r"spec\.closedBy must be you"),
        (grace, {"reason": "none"}, "what is reviewed never changes"),
        (grace, {"conclusion": ""}, "with a conclusion"),
        (server.client("joan", (MASTERS,)), {"closedBy": "joan"}, "somebody else closes"),
        (server.client("dora", ("developers",)), {"closedBy": "dora"}, "cannot patch"),
    ):
        with pytest.raises((Forbidden, Invalid), match=said):
            await close(client, **changes)
    await close(grace)
    with pytest.raises(Invalid, match="a closed review never changes"):
        await close(grace, conclusion="not fine after all")
    with pytest.raises(Forbidden):
        await grace.create(Review.type(), {**body, "metadata": {"generateName": "r-", **NS}})


HOURS = {"days": ["Mon"], "start": "09:00", "end": "17:00"}
GATES: list[Manifest] = [
    {"name": "soak", "soak": {"minutes": 60}},
    {"name": "hours", "window": {"open": [HOURS], "closed": [{"first": "2026-12-24"}]}},
    {"name": "fast", "performance": {}},
    {"name": "chg", "changeRecord": {"url": "https://c.example.com", "secret": "chg"}},
    {"name": "rego", "rego": {"module": "package idp.gate"}},
    {"name": "cel", "cel": {"expression": "true"}},
    {"name": "http", "http": {"url": "https://c.example.com/gate", "secret": "http"}},
    {"name": "flow", "workflow": {"template": "smoke"}},
]


async def test_a_pipeline_with_every_gate_is_taken_as_often_as_they_may_be(
    server: ApiServer,
) -> None:
    platform = server.client("platform", (MASTERS,))
    many = [{**GATES[n % 8], "name": f"g{n}"} for n in range(20)]
    body = {"metadata": {"name": "many"}, "spec": {"gates": many}}
    created = await platform.create(PromotionPipeline.type(), body)
    assert [gate["name"] for gate in created["spec"]["gates"]] == [g["name"] for g in many]
    assert len(PromotionPipeline.parse(created).spec.gates) == 20


@pytest.mark.parametrize(
    ("gates", "said"),
    [
        ([{"name": "none"}], "a gate has exactly one rule"),
        ([{**GATES[0], "cel": {"expression": "true"}}], "a gate has exactly one rule"),
        ([{**GATES[0], "name": "freeze"}], "the gate freeze is the platform's own"),
        ([GATES[0], GATES[0]], "Duplicate value"),
        ([{"name": "w", "window": {"open": [{**HOURS, "start": "9:00"}]}}], "start"),
        ([{"name": "h", "http": {"url": "ftp://x", "secret": "s"}}], "url"),
    ],
)
async def test_a_gate_that_makes_no_sense(
    server: ApiServer, gates: list[Manifest], said: str
) -> None:
    platform = server.client("platform", (MASTERS,))
    body = {"metadata": {"generateName": "p-"}, "spec": {"gates": gates}}
    with pytest.raises(Invalid, match=said):
        await platform.create(PromotionPipeline.type(), body)
