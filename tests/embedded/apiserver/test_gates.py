"""Escalation, admission policies and namespaces, asked on every write."""

from __future__ import annotations

import pytest

from idp.embedded.apiserver.local_client import LocalClient
from idp.embedded.apiserver.server import ApiServer
from idp.kernel.errors import Forbidden, Invalid, NotFound
from idp.kernel.resource import Manifest
from idp.kernel.standard import (
    CONFIG_MAP,
    NAMESPACE,
    ROLE,
    ROLE_BINDING,
    VALIDATING_ADMISSION_POLICY,
    VALIDATING_ADMISSION_POLICY_BINDING,
)

RBAC = "rbac.authorization.k8s.io"


def role(*verbs: str, resources: tuple[str, ...] = ("configmaps",)) -> Manifest:
    rules = [{"apiGroups": [""], "resources": list(resources), "verbs": list(verbs)}]
    return {"metadata": {"name": "r", "namespace": "default"}, "rules": rules}


async def grant(client: LocalClient, user: str, rules: list[Manifest]) -> None:
    """Give a user rules in the default namespace."""
    name = f"{user}-role"
    await client.create(ROLE, {"metadata": {"name": name, "namespace": "default"}, "rules": rules})
    binding: Manifest = {
        "metadata": {"name": name, "namespace": "default"},
        "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": name},
        "subjects": [{"apiGroup": RBAC, "kind": "User", "name": user}],
    }
    await client.create(ROLE_BINDING, binding)


async def test_rights_follow_the_stored_roles_at_once(
    server: ApiServer, client: LocalClient
) -> None:
    alice = server.client("alice")
    with pytest.raises(Forbidden):
        await alice.list(CONFIG_MAP, "default")
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}]
    await grant(client, "alice", rules)
    await alice.list(CONFIG_MAP, "default")
    with pytest.raises(Forbidden):
        await alice.list(CONFIG_MAP)
    await client.delete(ROLE_BINDING, "alice-role", "default")
    with pytest.raises(Forbidden):
        await alice.list(CONFIG_MAP, "default")


async def test_nobody_grants_more_than_they_hold(server: ApiServer, client: LocalClient) -> None:
    rules = [
        {"apiGroups": [RBAC], "resources": ["roles"], "verbs": ["create"]},
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]},
    ]
    await grant(client, "alice", rules)
    alice = server.client("alice")
    with pytest.raises(Forbidden, match="attempting to grant RBAC permissions not currently held"):
        await alice.create(ROLE, role("get", "delete"))
    await alice.create(ROLE, role("get"))


def policy(expression: str) -> Manifest:
    rules = [
        {
            "apiGroups": [""],
            "apiVersions": ["v1"],
            "resources": ["configmaps"],
            "operations": ["CREATE", "UPDATE", "DELETE"],
        }
    ]
    return {
        "metadata": {"name": "p"},
        "spec": {
            "matchConstraints": {"resourceRules": rules},
            "validations": [{"expression": expression, "message": "not so"}],
        },
    }


async def test_admission_policies_judge_writes(server: ApiServer, client: LocalClient) -> None:
    expression = "request.operation == 'DELETE' || request.userInfo.username == object.data.owner"
    await client.create(VALIDATING_ADMISSION_POLICY, policy(expression))
    binding: Manifest = {
        "metadata": {"name": "b"},
        "spec": {"policyName": "p", "validationActions": ["Deny"]},
    }
    await client.create(VALIDATING_ADMISSION_POLICY_BINDING, binding)
    manifest: Manifest = {"metadata": {"name": "a", "namespace": "default"}}
    alice = server.client("alice", ["system:masters"])
    with pytest.raises(Invalid, match="denied request: not so"):
        await alice.create(CONFIG_MAP, {**manifest, "data": {"owner": "bob"}})
    await alice.create(CONFIG_MAP, {**manifest, "data": {"owner": "alice"}})
    with pytest.raises(Invalid, match="not so"):
        await alice.patch(CONFIG_MAP, "a", {"data": {"owner": "bob"}}, "default")
    await alice.delete(CONFIG_MAP, "a", "default")


async def test_namespaces_must_be_there(client: LocalClient) -> None:
    manifest: Manifest = {"metadata": {"name": "a", "namespace": "nowhere"}}
    with pytest.raises(NotFound, match='namespaces "nowhere" not found'):
        await client.create(CONFIG_MAP, manifest)
    with pytest.raises(NotFound, match='namespaces "nowhere" not found'):
        await client.apply(CONFIG_MAP, manifest, field_manager="me")


async def test_a_namespace_that_ends_takes_nothing_new(client: LocalClient) -> None:
    await client.create(NAMESPACE, {"metadata": {"name": "demo"}})
    held: Manifest = {"metadata": {"name": "a", "namespace": "demo", "finalizers": ["x.example/y"]}}
    await client.create(CONFIG_MAP, held)
    await client.delete(NAMESPACE, "demo")
    with pytest.raises(Forbidden, match="is being terminated") as caught:
        await client.create(CONFIG_MAP, {"metadata": {"name": "b", "namespace": "demo"}})
    assert [cause.reason for cause in caught.value.causes] == ["NamespaceTerminating"]


async def test_the_first_namespaces_stay(client: LocalClient) -> None:
    with pytest.raises(Forbidden, match="may not be deleted"):
        await client.delete(NAMESPACE, "default")
