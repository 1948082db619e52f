from __future__ import annotations

from typing import Any

import pytest

from idp.embedded.apiserver.access.escalation import check_escalation
from idp.embedded.apiserver.access.identity import MASTERS_GROUP, UserInfo
from idp.embedded.apiserver.access.rbac import RBAC_GROUP, RbacAuthorizer
from idp.kernel.errors import Forbidden, NotFound
from idp.kernel.resource import Manifest

ALICE = UserInfo("alice", groups=("devs", "system:authenticated"))
READ_PODS = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}


def role(*rules: Manifest, kind: str = "Role", **body: object) -> Manifest:
    meta: Manifest = {"name": "new"} | ({"namespace": "demo"} if kind == "Role" else {})
    return {"kind": kind, "metadata": meta, "rules": list(rules), **body}


def binding(name: str, kind: str = "ClusterRole") -> Manifest:
    return {
        "kind": "RoleBinding",
        "metadata": {"name": "new", "namespace": "demo"},
        "roleRef": {"apiGroup": RBAC_GROUP, "kind": kind, "name": name},
        "subjects": [{"kind": "User", "name": "bob", "apiGroup": RBAC_GROUP}],
    }


def hold(objects: Any, rule: Manifest) -> None:
    objects.role("held", [rule])
    objects.bind("held", "User:alice", namespace="demo")


def check(objects: Any, new: Manifest, old: Manifest | None = None, user: UserInfo = ALICE) -> None:
    check_escalation(RbacAuthorizer(objects), user, new, old)


def test_held_rights_may_be_granted(objects: Any) -> None:
    hold(objects, READ_PODS)
    check(objects, role({**READ_PODS, "verbs": ["get"], "resourceNames": ["one"]}))


def test_other_rights_are_refused_with_the_real_wording(objects: Any) -> None:
    hold(objects, READ_PODS)
    wanted = role({**READ_PODS, "verbs": ["get", "delete", "create"]})
    with pytest.raises(Forbidden) as caught:
        check(objects, wanted)
    assert str(caught.value) == (
        'roles.rbac.authorization.k8s.io "new" is forbidden: user "alice" '
        '(groups=["devs" "system:authenticated"]) is attempting to grant RBAC permissions not '
        'currently held:\n{APIGroups:[""], Resources:["pods"], Verbs:["delete" "create"]}'
    )


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        ({**READ_PODS, "resourceNames": ["one"]}, READ_PODS),
        (READ_PODS, {**READ_PODS, "apiGroups": ["*"]}),
        (READ_PODS, {**READ_PODS, "verbs": ["*"]}),
        (READ_PODS, {**READ_PODS, "resources": ["*"]}),
        (READ_PODS, {**READ_PODS, "resources": ["pods/log"]}),
        ({**READ_PODS, "resources": ["*/log"]}, {**READ_PODS, "resources": ["pods"]}),
        (
            {"nonResourceURLs": ["/a"], "verbs": ["get"]},
            {"nonResourceURLs": ["*"], "verbs": ["get"]},
        ),
    ],
)
def test_wider_rights_than_held_are_refused(objects: Any, held: Manifest, wanted: Manifest) -> None:
    hold(objects, held)
    with pytest.raises(Forbidden):
        check(objects, role(wanted))


def test_stars_cover_what_they_stand_for(objects: Any) -> None:
    hold(objects, {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]})
    check(objects, role({**READ_PODS, "resources": ["pods/log", "*"], "apiGroups": ["x", "*"]}))


def test_escalate_allows_any_role(objects: Any) -> None:
    hold(objects, {"apiGroups": [RBAC_GROUP], "resources": ["roles"], "verbs": ["escalate"]})
    check(objects, role(READ_PODS))


def test_bind_allows_a_binding_to_the_named_role(objects: Any) -> None:
    objects.role("power", [READ_PODS])
    objects.role("other", [READ_PODS])
    may_bind = {
        "apiGroups": [RBAC_GROUP],
        "resources": ["clusterroles"],
        "verbs": ["bind"],
        "resourceNames": ["power"],
    }
    hold(objects, may_bind)
    check(objects, binding("power"))
    with pytest.raises(Forbidden, match="not currently held"):
        check(objects, binding("other"))


def test_a_binding_to_a_role_that_does_not_exist_is_not_found(objects: Any) -> None:
    with pytest.raises(NotFound, match=r'rolebindings\.rbac\.authorization\.k8s\.io "x" not found'):
        check(objects, binding("x"))


def test_masters_may_grant_everything(objects: Any) -> None:
    check(objects, binding("x"), user=UserInfo("root", groups=(MASTERS_GROUP,)))


def test_a_change_that_grants_nothing_is_not_checked(objects: Any) -> None:
    old = role(READ_PODS)
    new = {**old, "metadata": {**old["metadata"], "labels": {"a": "b"}}}
    check(objects, new, old)


def test_an_aggregation_rule_takes_every_right(objects: Any) -> None:
    aggregating = role(kind="ClusterRole", aggregationRule={"clusterRoleSelectors": [{}]})
    with pytest.raises(Forbidden, match="must have cluster-admin privileges"):
        check(objects, aggregating)
