"""ValidatingAdmissionPolicies, the same objects here and on a cluster. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from idp.kernel.manifest import render
from idp.kernel.resource import PLATFORM_GROUP, Manifest, ResourceType
from idp.kernel.standard import VALIDATING_ADMISSION_POLICY, VALIDATING_ADMISSION_POLICY_BINDING


def validating_policy(
    name: str,
    type: ResourceType,
    validations: Sequence[tuple[str, str]],
    operations: Sequence[str] = ("CREATE",),
) -> list[Manifest]:
    """A policy over one kind, and the binding that puts it into force.

    Args:
        name: Both objects are named `<name>.platform.idp`.
        type: The kind.
        validations: CEL expressions, each with what is said when it does not hold.
        operations: Of the API: `CREATE`, `UPDATE`, `DELETE`.
    """
    full = f"{name}.{PLATFORM_GROUP}"
    rule = {
        "apiGroups": [type.group],
        "apiVersions": [type.version],
        "operations": list(operations),
        "resources": [type.plural],
    }
    policy = render(
        VALIDATING_ADMISSION_POLICY,
        full,
        spec={
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [rule]},
            "validations": [
                {"expression": expression, "message": message, "reason": "Forbidden"}
                for expression, message in validations
            ],
        },
    )
    binding = render(
        VALIDATING_ADMISSION_POLICY_BINDING,
        full,
        spec={"policyName": full, "validationActions": ["Deny"]},
    )
    return [policy, binding]
