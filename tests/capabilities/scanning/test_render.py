"""Profiles that environments start with, and exceptions as an API server lets them in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from idp.capabilities.promotion.render.roles import cluster_roles
from idp.capabilities.scanning.kinds import (
    PROFILE,
    SecurityProfile,
    SecurityProfileChange,
    VulnerabilityException,
)
from idp.capabilities.scanning.render import admission_policies, default_profile
from idp.embedded.apiserver.server import ApiServer, ApiServerSettings
from idp.kernel import standard
from idp.kernel.conditions import is_true
from idp.kernel.errors import Forbidden, Invalid
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.schema import custom_resource_definition

EXCEPTION = VulnerabilityException.type()
MASTERS = "system:masters"
GROUPS = {
    "developers": "idp-developer",
    "approvers": "idp-approver",
    "viewers": "idp-viewer",
    "security": "idp-security",
    "administrators": "idp-admin",
}
TYPES = {
    (type_.api_version, type_.kind): type_
    for type_ in vars(standard).values()
    if isinstance(type_, ResourceType)
}


@pytest.mark.parametrize(
    ("environment", "critical", "high", "unscored", "incomplete", "bandit"),
    [
        ("development", "deny", "track", "track", "track", "run"),
        ("staging", "deny", "approve", "track", "track", "attested"),
        ("uat", "deny", "approve", "track", "approve", "off"),
        ("production", "deny", "deny", "deny", "approve", "attested"),
        ("elsewhere", "deny", "deny", "deny", "approve", "attested"),
    ],
)
def test_the_profiles_of_the_four(
    environment: str, critical: str, high: str, unscored: str, incomplete: str, bandit: str
) -> None:
    spec = SecurityProfile.parse(default_profile(environment)).spec
    severity = spec.severity
    assert (severity.critical, severity.high, severity.unscored) == (critical, high, unscored)
    assert (severity.medium, severity.low) == ("track", "record")
    assert (spec.incomplete, spec.tools["bandit"]) == (incomplete, bandit)
    assert spec.tools["dependencies"] == "run"
    assert ("verified" in spec.evidence) == (environment not in ("development", "staging"))


def test_what_is_not_written_is_as_strict_as_production() -> None:
    spec = SecurityProfile.parse({"metadata": {"name": "default"}, "spec": {}}).spec
    assert spec.severity == SecurityProfile.parse(default_profile("production")).spec.severity
    assert spec.incomplete == "approve"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ApiServer]:
    folder: Path = tmp_path_factory.mktemp("api")
    async with ApiServer(ApiServerSettings(data=folder)) as server:
        client = server.client("platform", (MASTERS,))
        for kind in (SecurityProfile, SecurityProfileChange, VulnerabilityException):
            crd = custom_resource_definition(kind)
            await client.create(standard.CUSTOM_RESOURCE_DEFINITION, crd)
        while not all(
            is_true(crd, "Established")
            for crd in (await client.list(standard.CUSTOM_RESOURCE_DEFINITION)).items
        ):
            pass
        for manifest in [*admission_policies(), *cluster_roles()]:
            await client.create(TYPES[(manifest["apiVersion"], manifest["kind"])], manifest)
        for group, role in GROUPS.items():
            await client.create(standard.CLUSTER_ROLE_BINDING, _binding(group, role))
        await client.create(standard.NAMESPACE, {"metadata": {"name": "demo"}})
        await client.create(SecurityProfile.type(), default_profile("staging"))
        yield server


def _binding(group: str, role: str) -> Manifest:
    return {
        "metadata": {"name": group},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group}],
    }


def exception(author: str = "dora", **spec: Any) -> Manifest:
    body = {
        "finding": "CVE-2026-1",
        "reason": "not reachable",
        "expires": "2027-01-01T00:00:00Z",
        "author": author,
        **spec,
    }
    return {"metadata": {"generateName": "e-", "namespace": "demo"}, "spec": body}


async def ask(server: ApiServer, user: str = "dora", group: str = "developers") -> str:
    created = await server.client(user, (group,)).create(EXCEPTION, exception(user))
    return str(created["metadata"]["name"])


async def approve(server: ApiServer, user: str, group: str, name: str, **spec: Any) -> Manifest:
    patch = {"spec": {"approver": user, **spec}}
    return await server.client(user, (group,)).patch(EXCEPTION, name, patch, "demo")


@pytest.mark.asyncio(loop_scope="module")
class TestExceptions:
    async def test_one_asks_and_somebody_else_approves(self, server: ApiServer) -> None:
        approved = await approve(server, "grace", "approvers", await ask(server))
        assert approved["spec"]["approver"] == "grace"

    @pytest.mark.parametrize(
        ("user", "group", "body", "said"),
        [
            ("dora", "developers", exception("ada"), "spec.author must be you"),
            ("dora", "developers", exception(approver="grace"), "has no approver"),
            ("grace", "approvers", exception("grace"), "cannot create resource"),
            ("vera", "viewers", exception("vera"), "cannot create resource"),
            ("root", MASTERS, exception("dora"), "spec.author must be you"),
        ],
    )
    async def test_who_asks_is_honest(
        self, server: ApiServer, user: str, group: str, body: Manifest, said: str
    ) -> None:
        with pytest.raises(Forbidden, match=said):
            await server.client(user, (group,)).create(EXCEPTION, body)

    async def test_nobody_approves_the_own_one_not_even_with_all_rights(
        self, server: ApiServer
    ) -> None:
        name = await ask(server, "root", MASTERS)
        with pytest.raises(Invalid, match="the author of an exception cannot approve it"):
            await approve(server, "root", MASTERS, name)

    async def test_nobody_approves_in_the_name_of_another(self, server: ApiServer) -> None:
        name = await ask(server)
        client = server.client("grace", ("approvers",))
        with pytest.raises(Forbidden, match=r"spec\.approver must be you"):
            await client.patch(EXCEPTION, name, {"spec": {"approver": "paul"}}, "demo")

    async def test_approving_takes_the_verb(self, server: ApiServer) -> None:
        platform = server.client("platform", (MASTERS,))
        rule = {
            "apiGroups": ["platform.idp"],
            "resources": ["vulnerabilityexceptions"],
            "verbs": ["patch", "update", "get"],
        }
        await platform.create(
            standard.CLUSTER_ROLE, {"metadata": {"name": "writers"}, "rules": [rule]}
        )
        await platform.create(standard.CLUSTER_ROLE_BINDING, _binding("writers", "writers"))
        with pytest.raises(Forbidden, match="it takes the verb approve"):
            await approve(server, "walt", "writers", await ask(server))

    @pytest.mark.parametrize(
        "change",
        [
            {"finding": "CVE-2026-2"},
            {"expires": "2030-01-01T00:00:00Z"},
            {"package": "everything"},
            {"author": "somebody"},
        ],
    )
    async def test_nothing_changes_with_the_approval(
        self, server: ApiServer, change: dict[str, Any]
    ) -> None:
        with pytest.raises(Invalid, match="an exception never changes"):
            await approve(server, "grace", "approvers", await ask(server), **change)

    @pytest.mark.parametrize("after", ["paul", ""])
    async def test_an_approver_is_never_replaced(self, server: ApiServer, after: str) -> None:
        name = await ask(server)
        await approve(server, "grace", "approvers", name)
        client = server.client(after or "grace", ("approvers",))
        with pytest.raises((Invalid, Forbidden), match=r"never changes|must be you"):
            await client.patch(EXCEPTION, name, {"spec": {"approver": after}}, "demo")

    async def test_not_affected_needs_a_justification(self, server: ApiServer) -> None:
        client = server.client("dora", ("developers",))
        with pytest.raises(Invalid, match="say why it is not affected"):
            await client.create(EXCEPTION, exception(disposition="notAffected"))
        justified = exception(
            disposition="notAffected", justification="vulnerable_code_not_present"
        )
        await client.create(EXCEPTION, justified)


CHANGE = SecurityProfileChange.type()


async def ask_for_rules(
    server: ApiServer, user: str = "dora", group: str = "developers", **spec: Any
) -> str:
    body = {
        "base": "sha256:" + "0" * 64,
        "profile": {"severity": {"high": "deny"}},
        "reason": "audit",
        "author": user,
        **spec,
    }
    manifest = {"metadata": {"generateName": "rules-"}, "spec": body}
    created = await server.client(user, (group,)).create(CHANGE, manifest)
    return str(created["metadata"]["name"])


@pytest.mark.asyncio(loop_scope="module")
class TestRules:
    @pytest.mark.parametrize("group", ["developers", "security", "administrators"])
    async def test_nobody_writes_the_profile_past_git(self, server: ApiServer, group: str) -> None:
        client, kind = server.client("ada", (group,)), SecurityProfile.type()
        with pytest.raises(Forbidden):
            await client.patch(kind, PROFILE, {"spec": {"severity": {"high": "record"}}})
        with pytest.raises(Forbidden):
            await client.delete(kind, PROFILE)
        with pytest.raises(Forbidden):
            await client.create(kind, {"metadata": {"name": "mine"}, "spec": {}})

    async def test_an_administrator_is_told_the_way(self, server: ApiServer) -> None:
        client = server.client("root", ("administrators",))
        with pytest.raises(Forbidden, match="through Git, by two people"):
            await client.patch(SecurityProfile.type(), PROFILE, {"spec": {"incomplete": "record"}})

    async def test_one_asks_and_security_approves(self, server: ApiServer) -> None:
        name = await ask_for_rules(server)
        client = server.client("sam", ("security",))
        approved = await client.patch(CHANGE, name, {"spec": {"approver": "sam"}})
        assert approved["spec"]["approver"] == "sam"

    @pytest.mark.parametrize(
        ("user", "group", "patch", "error", "said"),
        [
            ("paul", "approvers", {"approver": "paul"}, Forbidden, "cannot patch"),
            ("sam", "security", {"approver": "eve"}, Forbidden, "spec.approver must be you"),
            (
                "sam",
                "security",
                {"approver": "sam", "profile": {"incomplete": "record"}},
                Invalid,
                "never changes",
            ),
            ("dora", "administrators", {"approver": "dora"}, Invalid, "cannot approve it"),
        ],
    )
    async def test_who_may_not_approve(
        self,
        server: ApiServer,
        user: str,
        group: str,
        patch: Manifest,
        error: type[Exception],
        said: str,
    ) -> None:
        name = await ask_for_rules(server)
        with pytest.raises(error, match=said):
            await server.client(user, (group,)).patch(CHANGE, name, {"spec": patch})

    async def test_who_asks_is_honest(self, server: ApiServer) -> None:
        with pytest.raises(Forbidden, match=r"spec\.author must be you"):
            await ask_for_rules(server, author="somebody")
        with pytest.raises(Forbidden, match="has no approver"):
            await ask_for_rules(server, approver="sam")
        with pytest.raises(Forbidden, match="cannot create"):
            await ask_for_rules(server, "vera", "viewers")
