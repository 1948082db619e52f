from __future__ import annotations

from typing import Any

import pytest

from idp.embedded.apiserver.access.identity import UserInfo
from idp.embedded.apiserver.access.rbac import RbacAuthorizer
from idp.embedded.apiserver.admission.policies import AdmissionPolicies
from idp.embedded.apiserver.admission.request import AdmissionRequest
from idp.kernel.errors import Forbidden, Invalid
from idp.kernel.resource import Manifest, ResourceType

API = "admissionregistration.k8s.io/v1"
RULE = {
    "apiGroups": ["platform.idp"],
    "apiVersions": ["v1alpha1"],
    "operations": ["CREATE", "UPDATE"],
    "resources": ["approvals"],
}


def put_policy(
    objects: Any, *validations: Manifest, binding: Manifest | None = None, **spec: Any
) -> None:
    body = {"matchConstraints": {"resourceRules": [RULE]}, "validations": list(validations), **spec}
    meta = {"name": "p"}
    kind = "ValidatingAdmissionPolicy"
    objects.put(
        "validatingadmissionpolicies",
        {"apiVersion": API, "kind": kind, "metadata": meta, "spec": body},
    )
    bound = {"policyName": "p", "validationActions": ["Deny"], **(binding or {})}
    objects.put(
        "validatingadmissionpolicybindings",
        {"apiVersion": API, "kind": f"{kind}Binding", "metadata": {"name": "b"}, "spec": bound},
    )


def request(spec: Manifest | None = None, **fields: Any) -> AdmissionRequest:
    manifest = {
        "apiVersion": "platform.idp/v1alpha1",
        "kind": "Approval",
        "metadata": {"name": "a", "namespace": "demo", "labels": {"tier": "one"}},
        "spec": spec or {},
    }
    values: dict[str, Any] = {
        "operation": "CREATE",
        "user": UserInfo("alice", groups=("devs",)),
        "group": "platform.idp",
        "version": "v1alpha1",
        "resource": "approvals",
        "namespace": "demo",
        "name": "a",
        "object": manifest,
    }
    return AdmissionRequest(**{**values, **fields})


def validate(objects: Any, asked: AdmissionRequest) -> list[str]:
    return AdmissionPolicies(objects, RbacAuthorizer(objects)).validate(asked)


OWN = {"expression": "object.spec.approver == request.userInfo.username", "message": "not yours"}
NEVER = {"expression": "false", "message": "never"}


def test_what_a_policy_allows_passes(objects: Any) -> None:
    put_policy(objects, OWN)
    assert validate(objects, request({"approver": "alice"})) == []


def test_a_denial_is_worded_as_by_the_real_server(objects: Any) -> None:
    put_policy(objects, OWN)
    with pytest.raises(Invalid) as caught:
        validate(objects, request({"approver": "bob"}))
    denied = "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: not yours"
    assert str(caught.value) == f'approvals.platform.idp "a" is forbidden: {denied}'
    status = caught.value.as_kubernetes_status()
    assert (status["code"], status["reason"]) == (422, "Invalid")
    assert status["details"]["kind"] == "approvals"
    assert status["details"]["causes"][0]["message"] == denied


def test_the_reason_of_a_validation_decides_the_error(objects: Any) -> None:
    put_policy(objects, {**OWN, "reason": "Forbidden"})
    with pytest.raises(Forbidden):
        validate(objects, request({"approver": "bob"}))


def test_the_message_comes_from_its_expression_the_text_or_the_rule(objects: Any) -> None:
    composed = {**NEVER, "messageExpression": "'no to ' + object.spec.approver"}
    put_policy(objects, composed)
    with pytest.raises(Invalid, match=r"denied request: no to bob$"):
        validate(objects, request({"approver": "bob"}))
    with pytest.raises(Invalid, match=r"denied request: never$"):
        validate(objects, request())
    put_policy(objects, {"expression": " false "})
    with pytest.raises(Invalid, match=r"denied request: failed expression: false$"):
        validate(objects, request())


def test_without_a_binding_nothing_is_enforced(objects: Any) -> None:
    put_policy(objects, NEVER)
    objects.remove("admissionregistration.k8s.io", "validatingadmissionpolicybindings", "", "b")
    assert validate(objects, request()) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"operation": "DELETE"},
        {"resource": "releases"},
        {"subresource": "status"},
        {"group": "other"},
    ],
)
def test_other_requests_are_not_concerned(objects: Any, fields: dict[str, Any]) -> None:
    put_policy(objects, NEVER)
    assert validate(objects, request(**fields)) == []


def test_an_expression_without_a_value_denies(objects: Any) -> None:
    put_policy(objects, OWN)
    with pytest.raises(
        Invalid,
        match=r"expression 'object\.spec.*' resulted in error: no such key: appr",
    ):
        validate(objects, request())
    put_policy(objects, OWN, failurePolicy="Ignore")
    assert validate(objects, request()) == []


def test_a_policy_that_does_not_compile_denies(objects: Any) -> None:
    put_policy(objects, {"expression": "nope"})
    with pytest.raises(
        Invalid, match="ValidatingAdmissionPolicy 'p' denied request: failed to configure policy"
    ):
        validate(objects, request())
    put_policy(objects, {"expression": "nope"}, failurePolicy="Ignore")
    assert validate(objects, request()) == []


def test_a_warning_goes_to_the_client(objects: Any) -> None:
    put_policy(objects, NEVER, binding={"validationActions": ["Warn"]})
    assert validate(objects, request()) == [
        "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': never"
    ]


def test_an_audit_goes_into_the_record(objects: Any) -> None:
    put_policy(objects, NEVER, binding={"validationActions": ["Audit"]})
    asked = request()
    assert validate(objects, asked) == []
    assert (
        '"message":"never"'
        in asked.annotations["validation.policy.admission.k8s.io/validation_failure"]
    )


def test_audit_annotations(objects: Any) -> None:
    annotations = [
        {"key": "who", "valueExpression": "'by ' + request.userInfo.username"},
        {"key": "none", "valueExpression": "null"},
    ]
    put_policy(objects, auditAnnotations=annotations)
    asked = request()
    validate(objects, asked)
    assert asked.annotations == {"p/who": "by alice"}


def test_all_match_conditions_must_hold(objects: Any) -> None:
    conditions = [
        {"name": "a", "expression": "has(object.spec.approver)"},
        {"name": "b", "expression": "request.userInfo.username != 'root'"},
    ]
    put_policy(objects, NEVER, matchConditions=conditions)
    assert validate(objects, request()) == []
    with pytest.raises(Invalid):
        validate(objects, request({"approver": "x"}))
    assert validate(objects, request({"approver": "x"}, user=UserInfo("root"))) == []


def test_a_false_condition_outweighs_one_that_fails(objects: Any) -> None:
    failing = {"name": "a", "expression": "object.spec.absent == 1"}
    put_policy(objects, NEVER, matchConditions=[failing, {"name": "b", "expression": "false"}])
    assert validate(objects, request()) == []
    put_policy(objects, NEVER, matchConditions=[failing])
    with pytest.raises(Invalid, match="no such key: absent"):
        validate(objects, request())


def test_variables_are_composed_and_lazy(objects: Any) -> None:
    variables = [
        {"name": "spec", "expression": "object.spec"},
        {"name": "big", "expression": "variables.spec.size > 10"},
        {"name": "broken", "expression": "object.spec.absent"},
        {"name": "nothing", "expression": "null"},
    ]
    check = "!variables.big || variables.broken == 1"
    put_policy(
        objects,
        {"expression": check},
        {"expression": "variables.nothing == null"},
        variables=variables,
    )
    assert validate(objects, request({"size": 1})) == []
    with pytest.raises(Invalid, match='variable "broken" fails to evaluate: no such key: absent'):
        validate(objects, request({"size": 11}))


def config_map(name: str, namespace: str, maximum: str) -> Manifest:
    meta = {"name": name, "namespace": namespace, "labels": {"for": "p"}}
    data = {"maximum": maximum}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


PARAM = {"paramKind": {"apiVersion": "v1", "kind": "ConfigMap"}}
LIMIT = {"expression": "object.spec.size <= int(params.data.maximum)", "message": "too big"}


def test_parameters_come_by_name_from_the_namespace_of_the_request(objects: Any) -> None:
    reference = {"name": "limits", "parameterNotFoundAction": "Deny"}
    put_policy(objects, LIMIT, binding={"paramRef": reference}, **PARAM)
    with pytest.raises(Invalid, match="no params found for policy binding"):
        validate(objects, request({"size": 1}))
    objects.put("configmaps", config_map("limits", "demo", "5"))
    assert validate(objects, request({"size": 5})) == []
    with pytest.raises(Invalid, match="too big"):
        validate(objects, request({"size": 6}))


def test_missing_parameters_may_be_allowed(objects: Any) -> None:
    reference = {"name": "limits", "parameterNotFoundAction": "Allow"}
    put_policy(objects, LIMIT, binding={"paramRef": reference}, **PARAM)
    assert validate(objects, request({"size": 1})) == []


def test_every_selected_parameter_counts(objects: Any) -> None:
    reference = {
        "selector": {"matchLabels": {"for": "p"}},
        "namespace": "policies",
        "parameterNotFoundAction": "Deny",
    }
    put_policy(objects, LIMIT, binding={"paramRef": reference}, **PARAM)
    objects.put("configmaps", config_map("high", "policies", "9"))
    assert validate(objects, request({"size": 8})) == []
    objects.put("configmaps", config_map("low", "policies", "2"))
    with pytest.raises(Invalid, match="too big"):
        validate(objects, request({"size": 8}))


def test_parameters_of_a_custom_kind(objects: Any) -> None:
    names = {"kind": "Limit", "plural": "limits"}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "metadata": {"name": "limits.x.y"},
        "spec": {"group": "x.y", "scope": "Cluster", "names": names},
    }
    reference = {"name": "one", "parameterNotFoundAction": "Deny"}
    kind = {"apiVersion": "x.y/v1", "kind": "Limit"}
    put_policy(
        objects, {"expression": "params.max > 1"}, binding={"paramRef": reference}, paramKind=kind
    )
    with pytest.raises(Invalid, match="not known"):
        validate(objects, request())
    objects.put("customresourcedefinitions", definition)
    objects.put("limits", {"apiVersion": "x.y/v1", "metadata": {"name": "one"}, "max": 2})
    assert validate(objects, request()) == []


def namespace(objects: Any, **labels: str) -> None:
    meta = {"name": "demo", "labels": labels}
    objects.put("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": meta})


def test_the_namespace_is_selected_and_seen(objects: Any) -> None:
    selected = {"resourceRules": [RULE], "namespaceSelector": {"matchLabels": {"env": "uat"}}}
    check = {"expression": "namespaceObject.metadata.labels.team == 'a'", "message": "not a"}
    put_policy(objects, check, matchConstraints=selected)
    namespace(objects, env="dev", team="b")
    assert validate(objects, request()) == []
    namespace(objects, env="uat", team="a")
    assert validate(objects, request()) == []
    namespace(objects, env="uat", team="b")
    with pytest.raises(Invalid, match="not a"):
        validate(objects, request())


def test_bindings_narrow_their_policy(objects: Any) -> None:
    resources = {"objectSelector": {"matchLabels": {"tier": "two"}}}
    put_policy(objects, NEVER, binding={"matchResources": resources})
    assert validate(objects, request()) == []


def test_excluded_resources(objects: Any) -> None:
    constraints = {
        "resourceRules": [{**RULE, "resources": ["*/*"]}],
        "excludeResourceRules": [{**RULE, "resources": ["approvals/status"]}],
    }
    put_policy(objects, NEVER, matchConstraints=constraints)
    assert validate(objects, request(subresource="status")) == []
    with pytest.raises(Invalid):
        validate(objects, request())


@pytest.mark.parametrize(("policy", "concerned"), [("Equivalent", True), ("Exact", False)])
def test_equivalent_versions(objects: Any, policy: str, concerned: bool) -> None:
    constraints = {"resourceRules": [RULE], "matchPolicy": policy}
    put_policy(objects, NEVER, matchConstraints=constraints)
    if concerned:
        with pytest.raises(Invalid):
            validate(objects, request(version="v1"))
    else:
        assert validate(objects, request(version="v1")) == []


def test_transitions_see_both_objects(objects: Any) -> None:
    put_policy(objects, {"expression": "object.spec == oldObject.spec", "message": "immutable"})
    old = request({"digest": "1"}).object
    assert validate(objects, request({"digest": "1"}, operation="UPDATE", old_object=old)) == []
    with pytest.raises(Invalid, match="immutable"):
        validate(objects, request({"digest": "2"}, operation="UPDATE", old_object=old))


def test_a_deletion_has_no_object(objects: Any) -> None:
    rule = {**RULE, "operations": ["DELETE"]}
    check = {"expression": "object == null && oldObject.spec.open == false", "message": "open"}
    put_policy(objects, check, matchConstraints={"resourceRules": [rule]})
    gone: dict[str, Any] = {"operation": "DELETE", "object": None}
    assert validate(objects, request(**gone, old_object=request({"open": False}).object)) == []
    with pytest.raises(Invalid, match="open"):
        validate(objects, request(**gone, old_object=request({"open": True}).object))


def test_the_authorizer_can_be_asked(objects: Any) -> None:
    check = (
        "authorizer.group('platform.idp').resource('releases').namespace('demo')"
        ".check('approve').allowed()"
    )
    put_policy(objects, {"expression": check, "message": "may not approve"})
    with pytest.raises(Invalid, match="may not approve"):
        validate(objects, request())
    rule = {"apiGroups": ["platform.idp"], "resources": ["releases"], "verbs": ["approve"]}
    objects.role("approver", [rule])
    objects.bind("approver", "Group:devs", namespace="demo")
    assert validate(objects, request()) == []


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("authorizer.requestResource.check('approve').allowed()", True),
        ("authorizer.requestResource.check('delete').allowed()", False),
        ("authorizer.path('/healthz').check('get').allowed()", False),
        (
            "authorizer.serviceAccount('ci', 'x').group('').resource('y').check('get').allowed()",
            False,
        ),
        ("authorizer.requestResource.check('approve').reason().contains('approver')", True),
        ("!authorizer.requestResource.check('approve').errored()", True),
        ("authorizer.group('').resource('').check('get').allowed()", False),
    ],
)
def test_ways_to_ask_the_authorizer(objects: Any, expression: str, holds: bool) -> None:
    rule = {"apiGroups": ["platform.idp"], "resources": ["approvals"], "verbs": ["approve"]}
    objects.role("approver", [rule])
    objects.bind("approver", "Group:devs", namespace="demo")
    put_policy(objects, {"expression": expression})
    if holds:
        assert validate(objects, request()) == []
    else:
        with pytest.raises(Invalid):
            validate(objects, request())


def test_policies_cannot_lock_themselves_in(objects: Any) -> None:
    rule = {**RULE, "apiGroups": ["*"], "resources": ["*"], "operations": ["*"]}
    put_policy(objects, NEVER, matchConstraints={"resourceRules": [rule]})
    asked = request(group="admissionregistration.k8s.io", resource="validatingadmissionpolicies")
    assert validate(objects, asked) == []


def test_a_request_takes_its_names_from_the_object() -> None:
    manifest = request().object
    type_ = ResourceType("platform.idp", "v1alpha1", "Approval", "approvals")
    user = UserInfo("alice", groups=("devs",))
    assert AdmissionRequest.of("CREATE", type_, user, new=manifest, old=None) == request()
