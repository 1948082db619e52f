from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from idp.capabilities.building.steps.build import BuildParameters
from idp.capabilities.promotion.kinds import PipelineStep
from idp.capabilities.promotion.render.templates import cluster_workflow_templates
from idp.capabilities.promotion.steps.admit import AdmitParameters
from idp.capabilities.promotion.steps.approval import ApprovalParameters
from idp.capabilities.promotion.steps.attest import AttestParameters
from idp.capabilities.promotion.steps.commit import CommitParameters
from idp.capabilities.promotion.steps.confirm import ConfirmParameters
from idp.capabilities.promotion.steps.gates import GatesParameters
from idp.capabilities.promotion.steps.performance import PerformanceParameters
from idp.capabilities.promotion.steps.release import ReleaseParameters
from idp.capabilities.promotion.steps.revert import RevertParameters
from idp.capabilities.promotion.steps.sync import SyncParameters
from idp.capabilities.promotion.steps.verdict import VerdictParameters
from idp.capabilities.promotion.steps.verify import VerifyParameters
from idp.capabilities.scanning.subjects import BuildParameters as SbomParameters
from idp.capabilities.scanning.subjects import ImageParameters
from idp.capabilities.signing.steps.sign import SignParameters
from idp.embedded.workflows.spec import parse_spec

PARAMETERS: dict[str, type[BaseModel]] = {
    "build": BuildParameters,
    "sbom": SbomParameters,
    "scan": ImageParameters,
    "sign": SignParameters,
    "release": ReleaseParameters,
    "admit": AdmitParameters,
    "verdict": VerdictParameters,
    "approval": ApprovalParameters,
    "gates": GatesParameters,
    "commit": CommitParameters,
    "sync": SyncParameters,
    "confirm": ConfirmParameters,
    "verify": VerifyParameters,
    "performance": PerformanceParameters,
    "attest": AttestParameters,
    "revert": RevertParameters,
}
VALUES = {
    "application": "hello",
    "repository": "demo/hello",
    "commit": "a" * 40,
    "author": "ada",
    "promotion": "hello-r1-aaaaaaa",
    "promotion-uid": "00000000-0000-0000-0000-000000000000",
    "release": "hello-r1-aaaaaaa",
    "approval-deadline": "604800",
    "gates-deadline": "1209900",
    "turn-deadline": "3600",
    "rollout-deadline": "120",
    "verification-deadline": "60",
}
ORDER = {
    "push": ["build", "sbom", "scan", "sign", "release"],
    "promote": [
        *("admit", "scan", "verdict", "approval", "gates"),
        *("commit", "sync", "confirm", "verify", "performance", "attest"),
    ],
    "rollback": ["revert", "sync", "confirm", "verify"],
}
NODES = [(name, node) for name, nodes in ORDER.items() for node in nodes]
TEMPLATES = {t["metadata"]["name"]: t["spec"] for t in cluster_workflow_templates()}


def step_of(name: str, node: str) -> dict[str, Any]:
    (template,) = (t for t in TEMPLATES[name]["templates"] if t["name"] == node)
    text: str = template["resource"]["manifest"]
    text = text.replace("{{workflow.name}}", "w").replace("{{workflow.namespace}}", "demo")
    declared = {p["name"] for p in TEMPLATES[name]["arguments"]["parameters"]}
    assert set(re.findall(r"\{\{workflow\.parameters\.([^}]+)\}\}", text)) <= declared
    for parameter, value in VALUES.items():
        text = text.replace(f"{{{{workflow.parameters.{parameter}}}}}", value)
    manifest: dict[str, Any] = yaml.safe_load(text)
    return manifest


@pytest.mark.parametrize("name", ORDER)
def test_order(name: str) -> None:
    main = TEMPLATES[name]["templates"][0]
    assert [group[0]["template"] for group in main["steps"]] == ORDER[name]


@pytest.mark.parametrize("name", ORDER)
def test_the_embedded_engine_takes_it(name: str) -> None:
    parse_spec(TEMPLATES[name])


@pytest.mark.parametrize(("name", "node"), NODES)
def test_every_node_creates_a_step_with_parameters_that_the_step_takes(
    name: str, node: str
) -> None:
    step = PipelineStep.parse(step_of(name, node))
    assert step.name == f"w-{node}"
    assert step.spec.uses == node
    assert step.spec.position == ORDER[name].index(node) + 1
    PARAMETERS[node].model_validate(step.spec.with_)


@pytest.mark.parametrize(("name", "node"), NODES)
def test_a_node_refers_to_earlier_ones_only(name: str, node: str) -> None:
    before = {f"w-{earlier}" for earlier in ORDER[name][: ORDER[name].index(node)]}
    referred = {v for v in step_of(name, node)["spec"]["with"].values() if v.startswith("w-")}
    assert referred <= before


def test_golden_approval_node() -> None:
    assert step_of("promote", "approval") == {
        "apiVersion": "platform.idp/v1alpha1",
        "kind": "PipelineStep",
        "metadata": {
            "name": "w-approval",
            "namespace": "demo",
            "labels": {
                "app.kubernetes.io/managed-by": "idp",
                "platform.idp/application": "hello",
                "platform.idp/promotion-uid": "00000000-0000-0000-0000-000000000000",
            },
        },
        "spec": {
            "uses": "approval",
            "promotion": "hello-r1-aaaaaaa",
            "position": 4,
            "deadlineSeconds": 604800,
            "with": {"release": "hello-r1-aaaaaaa", "verdict": "w-verdict"},
        },
    }


def test_golden_resource_node() -> None:
    (node,) = (t for t in TEMPLATES["promote"]["templates"] if t["name"] == "commit")
    manifest = node["resource"].pop("manifest")
    assert node == {
        "name": "commit",
        "resource": {
            "action": "apply",
            "setOwnerReference": True,
            "successCondition": "status.phase == Succeeded",
            "failureCondition": "status.phase == Failed",
        },
    }
    node["resource"]["manifest"] = manifest
    assert "deadlineSeconds: {{workflow.parameters.turn-deadline}}\n" in manifest
