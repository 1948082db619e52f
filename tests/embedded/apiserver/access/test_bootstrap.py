from __future__ import annotations

from typing import Any

import pytest

from idp.embedded.apiserver.access.bootstrap import aggregate_label, bootstrap_manifests
from idp.embedded.apiserver.access.identity import NOBODY, UserInfo
from idp.embedded.apiserver.access.rbac import RbacAuthorizer
from idp.embedded.apiserver.access.rules import Attributes

ALICE = UserInfo("alice", groups=("system:authenticated",))
PODS = Attributes("list", "", "pods", namespace="demo")


def test_the_same_manifests_every_time() -> None:
    assert bootstrap_manifests() == bootstrap_manifests()


def test_nobody_gets_health_and_nothing_else(bootstrapped: Any) -> None:
    authorizer = RbacAuthorizer(bootstrapped)
    assert authorizer.decide(NOBODY, Attributes("get", path="/readyz")).allowed
    for wanted in (Attributes("get", path="/api"), Attributes("post", path="/readyz"), PODS):
        assert not authorizer.decide(NOBODY, wanted).allowed


def test_everybody_known_gets_discovery_and_own_reviews(bootstrapped: Any) -> None:
    authorizer = RbacAuthorizer(bootstrapped)
    review = Attributes("create", "authorization.k8s.io", "selfsubjectaccessreviews")
    for wanted in (Attributes("get", path="/apis/apps/v1"), review):
        assert authorizer.decide(ALICE, wanted).allowed
    assert not authorizer.decide(ALICE, PODS).allowed


@pytest.mark.parametrize(
    ("role", "verb", "group", "resource", "expected"),
    [
        ("view", "list", "", "pods", True),
        ("view", "get", "", "secrets", False),
        ("view", "create", "", "configmaps", False),
        ("edit", "create", "apps", "deployments", True),
        ("edit", "get", "", "secrets", True),
        ("edit", "create", "rbac.authorization.k8s.io", "roles", False),
        ("admin", "create", "rbac.authorization.k8s.io", "roles", True),
        ("admin", "list", "", "pods", True),
        ("admin", "delete", "", "namespaces", False),
        ("cluster-admin", "delete", "any", "thing", True),
    ],
)
def test_user_roles(
    bootstrapped: Any, role: str, verb: str, group: str, resource: str, expected: bool
) -> None:
    bootstrapped.bind(role, "User:alice", namespace="demo")
    wanted = Attributes(verb, group, resource, namespace="demo")
    assert RbacAuthorizer(bootstrapped).decide(ALICE, wanted).allowed is expected


def test_a_kind_joins_the_user_roles_by_label(bootstrapped: Any) -> None:
    rule = {"apiGroups": ["platform.idp"], "resources": ["releases"], "verbs": ["get"]}
    bootstrapped.role("idp-view", [rule], labels=aggregate_label("view"))
    bootstrapped.bind("admin", "User:alice", namespace="demo")
    wanted = Attributes("get", "platform.idp", "releases", namespace="demo")
    assert RbacAuthorizer(bootstrapped).decide(ALICE, wanted).allowed
