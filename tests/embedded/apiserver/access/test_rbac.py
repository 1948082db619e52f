from __future__ import annotations

from typing import Any

import pytest

from idp.embedded.apiserver.access.identity import MASTERS_GROUP, UserInfo, service_account_groups
from idp.embedded.apiserver.access.rbac import RbacAuthorizer
from idp.embedded.apiserver.access.rules import Attributes
from idp.kernel.errors import Forbidden

ALICE = UserInfo("alice", groups=("developers", "system:authenticated"))
READ_PODS = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}


def allowed(objects: Any, wanted: Attributes, user: UserInfo = ALICE) -> bool:
    return RbacAuthorizer(objects).decide(user, wanted).allowed


def test_masters_may_do_everything(objects: Any) -> None:
    root = UserInfo("root", groups=(MASTERS_GROUP,))
    assert allowed(objects, Attributes("delete", "apps", "deployments", namespace="x"), root)
    assert allowed(objects, Attributes("get", path="/metrics"), root)


def test_nothing_is_allowed_without_a_binding(objects: Any) -> None:
    objects.role("reader", [READ_PODS])
    assert not allowed(objects, Attributes("get", "", "pods", namespace="demo", name="p"))


def test_a_cluster_role_binding_holds_in_all_namespaces(objects: Any) -> None:
    objects.role("reader", [READ_PODS])
    objects.bind("reader", "Group:developers")
    assert allowed(objects, Attributes("list", "", "pods", namespace="demo"))
    assert allowed(objects, Attributes("list", "", "pods"))
    assert not allowed(objects, Attributes("delete", "", "pods", namespace="demo"))
    assert not allowed(objects, Attributes("list", "apps", "pods", namespace="demo"))


def test_a_role_binding_holds_in_its_namespace_only(objects: Any) -> None:
    objects.role("reader", [READ_PODS])
    objects.bind("reader", "User:alice", namespace="demo")
    assert allowed(objects, Attributes("list", "", "pods", namespace="demo"))
    assert not allowed(objects, Attributes("list", "", "pods", namespace="other"))
    assert not allowed(objects, Attributes("list", "", "pods"))


def test_a_role_is_looked_up_in_the_namespace_of_its_binding(objects: Any) -> None:
    objects.role("reader", [READ_PODS], namespace="other")
    objects.bind("reader", "User:alice", namespace="demo", kind="Role")
    decision = RbacAuthorizer(objects).decide(
        ALICE, Attributes("get", "", "pods", namespace="demo")
    )
    assert not decision.allowed
    assert decision.reason == 'RBAC: role.rbac.authorization.k8s.io "reader" not found'


@pytest.mark.parametrize(
    ("resources", "subresource", "expected"),
    [
        (["pods"], "", True),
        (["pods"], "log", False),
        (["pods/log"], "log", True),
        (["pods/log"], "", False),
        (["*/log"], "log", True),
        (["*/log"], "", False),
        (["*"], "log", True),
    ],
)
def test_subresources_are_granted_by_name(
    objects: Any, resources: list[str], subresource: str, expected: bool
) -> None:
    objects.role("r", [{**READ_PODS, "resources": resources}])
    objects.bind("r", "User:alice")
    wanted = Attributes("get", "", "pods", subresource, namespace="demo", name="p")
    assert allowed(objects, wanted) is expected


def test_resource_names_limit_a_rule_and_exclude_collections(objects: Any) -> None:
    objects.role("r", [{**READ_PODS, "resourceNames": ["mine"]}])
    objects.bind("r", "User:alice")
    assert allowed(objects, Attributes("get", "", "pods", namespace="d", name="mine"))
    assert not allowed(objects, Attributes("get", "", "pods", namespace="d", name="other"))
    assert not allowed(objects, Attributes("list", "", "pods", namespace="d"))


@pytest.mark.parametrize(
    ("url", "path", "expected"),
    [
        ("/healthz", "/healthz", True),
        ("/healthz", "/healthz/ping", False),
        ("/apis/*", "/apis/apps/v1", True),
        ("/apis/*", "/apis", False),
        ("*", "/anything", True),
    ],
)
def test_paths_match_exactly_or_by_prefix(
    objects: Any, url: str, path: str, expected: bool
) -> None:
    objects.role("r", [{"nonResourceURLs": [url], "verbs": ["get"]}])
    objects.bind("r", "User:alice")
    assert allowed(objects, Attributes("get", path=path)) is expected


def test_custom_verbs_are_plain_strings(objects: Any) -> None:
    rule = {"apiGroups": ["platform.idp"], "resources": ["releases"], "verbs": ["promote"]}
    objects.role("r", [rule])
    objects.bind("r", "User:alice", namespace="demo")
    assert allowed(objects, Attributes("promote", "platform.idp", "releases", namespace="demo"))
    assert not allowed(objects, Attributes("approve", "platform.idp", "releases", namespace="demo"))


def test_service_accounts_are_bound_by_name_and_by_group(objects: Any) -> None:
    objects.role("reader", [READ_PODS])
    objects.bind("reader", "ServiceAccount:ci/builder", namespace="demo")
    builder = UserInfo("system:serviceaccount:ci:builder", groups=service_account_groups("ci"))
    wanted = Attributes("list", "", "pods", namespace="demo")
    assert allowed(objects, wanted, builder)
    objects.role("lister", [{**READ_PODS, "resources": ["secrets"]}])
    objects.bind("lister", "Group:system:serviceaccounts:ci")
    assert allowed(objects, Attributes("list", "", "secrets", namespace="x"), builder)


def test_aggregation_is_followed_through_several_roles(objects: Any) -> None:
    def aggregating(label: str) -> Any:
        return {"clusterRoleSelectors": [{"matchLabels": {label: "true"}}]}

    objects.role("admin", [], aggregationRule=aggregating("to-admin"))
    objects.role("edit", [], labels={"to-admin": "true"}, aggregationRule=aggregating("to-edit"))
    objects.bind("admin", "User:alice")
    authorizer = RbacAuthorizer(objects)
    wanted = Attributes("list", "", "pods", namespace="demo")
    assert not authorizer.decide(ALICE, wanted).allowed
    objects.role("part", [READ_PODS], labels={"to-edit": "true"})
    assert authorizer.decide(ALICE, wanted).allowed


def test_roles_that_aggregate_each_other_end(objects: Any) -> None:
    rule = {"clusterRoleSelectors": [{"matchLabels": {"x": "y"}}]}
    objects.role("a", [], labels={"x": "y"}, aggregationRule=rule)
    objects.role("b", [], labels={"x": "y"}, aggregationRule=rule)
    objects.bind("b", "User:alice")
    assert not allowed(objects, Attributes("list", "", "pods", namespace="demo"))
    objects.role("c", [READ_PODS], labels={"x": "y"})
    assert allowed(objects, Attributes("list", "", "pods", namespace="demo"))


def test_what_was_aggregated_ends_with_the_role_that_carried_it(objects: Any) -> None:
    rule = {"clusterRoleSelectors": [{"matchLabels": {"x": "y"}}]}
    objects.role("admin", [READ_PODS], aggregationRule=rule)
    objects.bind("admin", "User:alice")
    assert not allowed(objects, Attributes("list", "", "pods", namespace="demo"))


def test_a_change_of_a_role_or_binding_counts_at_once(objects: Any) -> None:
    authorizer = RbacAuthorizer(objects)
    wanted = Attributes("list", "", "pods", namespace="demo")
    assert not authorizer.decide(ALICE, wanted).allowed
    objects.bind("reader", "User:alice", namespace="demo")
    assert not authorizer.decide(ALICE, wanted).allowed
    objects.role("reader", [READ_PODS])
    assert authorizer.decide(ALICE, wanted).allowed
    objects.role("reader", [])
    assert not authorizer.decide(ALICE, wanted).allowed
    objects.role("reader", [READ_PODS])
    objects.remove("rbac.authorization.k8s.io", "rolebindings", "demo", "reader-binding")
    assert not authorizer.decide(ALICE, wanted).allowed


def test_the_reason_names_binding_role_and_subject(objects: Any) -> None:
    objects.role("reader", [READ_PODS])
    objects.bind("reader", "Group:developers", namespace="demo")
    decision = RbacAuthorizer(objects).decide(
        ALICE, Attributes("get", "", "pods", namespace="demo")
    )
    assert decision.reason == (
        'RBAC: allowed by RoleBinding "reader-binding/demo" of ClusterRole "reader" '
        'to Group "developers"'
    )


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (
            Attributes("list", "", "pods", namespace="y"),
            'pods is forbidden: User "x" cannot list resource "pods" in API group "" '
            'in the namespace "y"',
        ),
        (
            Attributes("get", "apps", "deployments", "status", namespace="y", name="d"),
            'deployments.apps "d" is forbidden: User "x" cannot get resource '
            '"deployments/status" in API group "apps" in the namespace "y"',
        ),
        (
            Attributes("list", "", "nodes"),
            'nodes is forbidden: User "x" cannot list resource "nodes" in API group "" '
            "at the cluster scope",
        ),
        (
            Attributes("get", path="/metrics"),
            'forbidden: User "x" cannot get path "/metrics"',
        ),
    ],
)
def test_refusals_are_worded_as_by_the_real_server(
    objects: Any, wanted: Attributes, message: str
) -> None:
    with pytest.raises(Forbidden) as caught:
        RbacAuthorizer(objects).check(UserInfo("x"), wanted)
    assert str(caught.value) == message


def test_rules_for_a_user(objects: Any) -> None:
    objects.role("reader", [READ_PODS])
    objects.bind("reader", "User:alice", namespace="demo")
    objects.bind("gone", "User:alice")
    rules, errors = RbacAuthorizer(objects).rules_for(ALICE, "demo")
    assert [rule.manifest() for rule in rules] == [READ_PODS]
    assert errors == ['clusterrole.rbac.authorization.k8s.io "gone" not found']
