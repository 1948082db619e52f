"""Manifests of the forms that users write are accepted, others refused by path."""

from __future__ import annotations

from typing import Any

import pytest

from idp.capabilities.applications.decide import Observed, plan
from idp.capabilities.applications.kinds import WebApplication
from idp.kernel.errors import Invalid
from idp.kernel.schema import custom_resource_definition

COMMUNICATION = {
    "communication": {
        "tier": "frontend",
        "allowedDestinations": ["orders", "accounts"],
        "deniedDestinations": ["back-office"],
    }
}
AUTHORIZATION = {
    "authorization": {
        "enabled": True,
        "opaIntegration": {
            "mode": "sidecar",
            "policies": [{"name": "claims", "bundle": "platform/policies/claims"}],
            "jwtValidation": {
                "issuer": "${ISSUER}",
                "audience": "${CLIENT_ID}",
                "claimsMapping": {"groups": "cognito:groups"},
            },
        },
    }
}


@pytest.mark.parametrize("spec", [{}, COMMUNICATION, AUTHORIZATION])
def test_an_application_without_an_image_is_accepted(spec: dict[str, Any]) -> None:
    application = WebApplication.parse({"metadata": {"name": "shop"}, "spec": spec})
    accepted = plan(application, "development", Observed()).conditions[0]
    assert (accepted.type, accepted.status) == ("Accepted", "True")


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({"image": "hello:latest"}, "spec.image"),
        ({"port": 80}, "spec.port"),
        ({"hosts": ["http://x"]}, "spec.hosts.0"),
        ({"source": {"repository": "hello"}}, "spec.source.repository"),
        ({"communication": {"tier": "attic"}}, "spec.communication.tier"),
        ({"replica": 2}, "spec.replica"),
    ],
)
def test_a_wrong_field_is_named_by_its_path(spec: dict[str, Any], path: str) -> None:
    with pytest.raises(Invalid) as caught:
        WebApplication.parse({"metadata": {"name": "shop"}, "spec": spec})
    assert [cause.field for cause in caught.value.causes] == [path]


def test_the_definition_limits_the_name() -> None:
    schema = custom_resource_definition(WebApplication)["spec"]["versions"][0]["schema"]
    rules = schema["openAPIV3Schema"]["x-kubernetes-validations"]
    assert any("metadata.name" in rule["rule"] for rule in rules)
