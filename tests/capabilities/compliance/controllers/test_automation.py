"""What there is of what a SecurityAutomation asks for."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from idp.capabilities.compliance.controllers.automation import AutomationReconciler
from idp.capabilities.compliance.decide.automation import known_framework
from idp.capabilities.compliance.kinds import ComplianceReport, SecurityAutomation
from idp.capabilities.scanning.kinds import SecurityProfile
from idp.capabilities.scanning.render import default_profile
from idp.kernel.controller import Request
from idp.kernel.memory_client import MemoryClient
from idp.kernel.schema import custom_resource_definition
from support.records import FixedRecords

NOW = datetime(2026, 11, 25, tzinfo=UTC)
MANIFEST = Path(__file__).parent / "enterprise-security-framework.yaml"
"""As an organisation wrote it, for another platform."""


async def state(client: MemoryClient, spec: dict[str, Any]) -> dict[str, Any]:
    kind = SecurityAutomation.type()
    await client.create(kind, {"metadata": {"name": "x"}, "spec": spec})
    await AutomationReconciler(client, FixedRecords(), "production", lambda: NOW)(Request("", "x"))
    status: dict[str, Any] = (await client.get(kind, "x"))["status"]
    return status


def conditions(status: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {c["type"]: (c["status"], c["reason"]) for c in status["conditions"]}


async def test_the_manifest_of_an_organisation_is_taken_as_it_stands() -> None:
    client = MemoryClient()
    spec = yaml.safe_load(MANIFEST.read_text())["spec"]
    status = await state(client, spec)
    assert status["reports"] == ["soc2"]
    assert await client.get(ComplianceReport.type(), "soc2")
    assert status["unsupported"] == [
        "spec.threatDetection.realTime",
        "spec.threatDetection.aiPowered",
        "spec.threatDetection.behavioral",
        "spec.compliance.frameworks[HIPAA]",
        "spec.compliance.frameworks[PCI-DSS]",
        "spec.compliance.frameworks[GDPR]",
        "spec.compliance.frameworks[SOX]",
        "spec.securityOrchestration.responsePlaybooks",
        "spec.securityOrchestration.incidentManagement",
    ]
    assert conditions(status) == {
        "ThreatDetection": ("False", "NotSupported"),
        "Compliance": ("False", "FrameworksUnknown"),
        "ZeroTrust": ("False", "GapsFound"),
        "SecurityOrchestration": ("False", "NotSupported"),
        "Ready": ("False", "PartlySupported"),
    }
    assert all(c["remedy"] for c in status["conditions"])


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, {"Ready": ("True", "Fulfilled")}),
        (
            {"compliance": {"frameworks": ["ISO 27001", "nist-csf"], "automated": True}},
            {"Compliance": ("True", "Reported"), "Ready": ("True", "Fulfilled")},
        ),
        (
            {"compliance": {"automated": True}},
            {"Compliance": ("False", "NoFramework"), "Ready": ("False", "NotFulfilled")},
        ),
        (
            {"securityOrchestration": {"automated": True}},
            {"SecurityOrchestration": ("True", "Holds"), "Ready": ("True", "Fulfilled")},
        ),
        (
            {"zeroTrust": {"continuousVerification": True}},
            {"ZeroTrust": ("False", "NotEnabled"), "Ready": ("False", "NotFulfilled")},
        ),
        (
            {"zeroTrust": {"enabled": True}},
            {"ZeroTrust": ("True", "Holds"), "Ready": ("True", "Fulfilled")},
        ),
    ],
)
async def test_what_is_asked_for_is_answered(
    spec: dict[str, Any], expected: dict[str, tuple[str, str]]
) -> None:
    assert conditions(await state(MemoryClient(), spec)) == expected


async def test_what_nobody_knows_yet_is_not_said_to_hold() -> None:
    spec = {"zeroTrust": {"enabled": True, "continuousVerification": True}}
    profile = default_profile("production")
    client = MemoryClient()
    await client.create(SecurityProfile.type(), profile)
    assert conditions(await state(client, spec)) == {
        "ZeroTrust": ("Unknown", "NoEvidence"),
        "Ready": ("False", "NotFulfilled"),
    }


async def test_a_condition_goes_with_what_asked_for_it() -> None:
    client, kind = MemoryClient(), SecurityAutomation.type()
    await state(client, {"threatDetection": {"realTime": True}})
    stored = await client.get(kind, "x")
    stored["spec"] = {}
    await client.update(kind, stored)
    await AutomationReconciler(client, FixedRecords(), "production", lambda: NOW)(Request("", "x"))
    assert conditions((await client.get(kind, "x"))["status"]) == {"Ready": ("True", "Fulfilled")}


@pytest.mark.parametrize(
    ("said", "name"),
    [("SOC2", "soc2"), ("SOC 2", "soc2"), ("ISO/IEC 27001:2022", "iso27001"), ("HIPAA", None)],
)
def test_how_people_call_frameworks(said: str, name: str | None) -> None:
    assert known_framework(said) == name


def test_the_kind_has_a_schema() -> None:
    assert custom_resource_definition(SecurityAutomation)["spec"]["scope"] == "Cluster"
