from __future__ import annotations

from typing import Any

import pytest

from idp.embedded.apiserver.admission.validation import policy_errors
from idp.kernel.resource import Manifest

RULE = {
    "apiGroups": [""],
    "apiVersions": ["v1"],
    "operations": ["CREATE"],
    "resources": ["pods"],
}


def policy(**spec: Any) -> Manifest:
    body = {
        "matchConstraints": {"resourceRules": [RULE]},
        "validations": [{"expression": "object.spec.x > variables.y"}],
        "variables": [{"name": "y", "expression": "params.y"}],
        **spec,
    }
    return {"kind": "ValidatingAdmissionPolicy", "metadata": {"name": "p"}, "spec": body}


def binding(**spec: Any) -> Manifest:
    body = {"policyName": "p", "validationActions": ["Deny"], **spec}
    return {"kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": "b"}, "spec": body}


def test_what_is_right_passes() -> None:
    assert policy_errors(policy()) == []
    assert policy_errors(binding()) == []


@pytest.mark.parametrize(
    ("spec", "field", "message"),
    [
        ({"validations": []}, "spec.validations", "must be specified"),
        ({"validations": [{"expression": ""}]}, "spec.validations[0].expression", "Required"),
        (
            {"validations": [{"expression": "objekt.x"}]},
            "spec.validations[0].expression",
            "undeclared reference to 'objekt'",
        ),
        (
            {"validations": [{"expression": "variables.z == 1"}]},
            "spec.validations[0].expression",
            "undeclared reference to 'z'",
        ),
        (
            {"validations": [{"expression": "true", "reason": "Sad"}]},
            "spec.validations[0].reason",
            'Unsupported value: "Sad"',
        ),
        (
            {"validations": [{"expression": "true", "messageExpression": "authorizer.x"}]},
            "spec.validations[0].messageExpression",
            "undeclared reference to 'authorizer'",
        ),
        (
            {"variables": [{"name": "y", "expression": "variables.z"}]},
            "spec.variables[0].expression",
            "undeclared reference to 'z'",
        ),
        (
            {"variables": [{"name": "y", "expression": "1"}, {"name": "y", "expression": "2"}]},
            "spec.variables[1].name",
            "Duplicate value",
        ),
        (
            {"matchConditions": [{"name": "a", "expression": "variables.y == 1"}]},
            "spec.matchConditions[0].expression",
            "undeclared reference to 'y'",
        ),
        (
            {"auditAnnotations": [{"key": "", "valueExpression": "'x'"}]},
            "spec.auditAnnotations[0].key",
            "Required",
        ),
        ({"failurePolicy": "Shrug"}, "spec.failurePolicy", "Unsupported value"),
        ({"matchConstraints": {}}, "spec.matchConstraints.resourceRules", "Required"),
        (
            {"matchConstraints": {"resourceRules": [{**RULE, "operations": ["LOOK"]}]}},
            "spec.matchConstraints.resourceRules[0].operations[0]",
            "Unsupported value",
        ),
    ],
)
def test_what_is_wrong_with_a_policy(spec: Manifest, field: str, message: str) -> None:
    causes = policy_errors(policy(**spec))
    assert [cause.field for cause in causes][:1] == [field]
    assert message in causes[0].message


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"policyName": ""}, "spec.policyName"),
        ({"validationActions": []}, "spec.validationActions"),
        ({"validationActions": ["Deny", "Warn"]}, "spec.validationActions"),
        ({"validationActions": ["Shout"]}, "spec.validationActions[0]"),
        ({"paramRef": {"name": "x"}}, "spec.paramRef.parameterNotFoundAction"),
        ({"paramRef": {"parameterNotFoundAction": "Deny"}}, "spec.paramRef"),
        (
            {"paramRef": {"name": "x", "selector": {}, "parameterNotFoundAction": "Deny"}},
            "spec.paramRef",
        ),
    ],
)
def test_what_is_wrong_with_a_binding(spec: Manifest, field: str) -> None:
    assert [cause.field for cause in policy_errors(binding(**spec))] == [field]
