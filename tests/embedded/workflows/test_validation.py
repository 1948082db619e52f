"""What cannot run here is refused by name before anything starts."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from idp.embedded.workflows.spec import merge_specs, parse_spec
from idp.embedded.workflows.validation import problems
from idp.kernel.errors import Invalid

Bench = Any

LEAF = {"name": "leaf", "container": {"image": "i"}}
RESOURCE = {"action": "create", "manifest": "apiVersion: v1\nkind: Pod\nmetadata: {name: x}"}


def spec(*templates: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"entrypoint": templates[0]["name"], "templates": [*templates], **fields}


def steps(**step: Any) -> dict[str, Any]:
    return {"name": "main", "steps": [[{"name": "one", "template": "leaf", **step}]]}


def dag(*tasks: dict[str, Any], **fields: Any) -> dict[str, Any]:
    listed = [{"template": "leaf", **task} for task in tasks]
    return {"name": "main", "dag": {"tasks": listed, **fields}}


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (spec(LEAF, podGC={}), "spec.podGC: not supported"),
        (spec(LEAF, synchronization={}), "spec.synchronization: not supported"),
        (spec({**LEAF, "daemon": True}), "spec.templates.0.daemon: not supported"),
        (spec({**LEAF, "memoize": {}}), "spec.templates.0.memoize: not supported"),
        (spec({**LEAF, "sidecars": []}), "spec.templates.0.sidecars: not supported"),
        (spec({"name": "p", "plugin": {}}), "spec.templates.0.plugin: not supported"),
        (spec({**LEAF, "inputs": {"artifacts": []}}), "inputs.artifacts: not supported"),
        (spec(steps(hooks={}), LEAF), "hooks: not supported"),
        (spec({"name": "r", "resource": {**RESOURCE, "action": "replace"}}), "resource.action"),
        (spec({**LEAF, "retryStrategy": {"retryPolicy": "OnTransientError"}}), "retryPolicy"),
    ],
)
def test_fields_that_nothing_acts_upon(given: dict[str, Any], named: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_spec(given)
    assert named in str(caught.value)


def templated(**fields: Any) -> dict[str, Any]:
    return spec({"name": "t", **fields})


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"templates": [LEAF]}, "spec.entrypoint: is required"),
        ({"entrypoint": "x", "templates": [LEAF]}, "spec.entrypoint: there is no template 'x'"),
        (spec(LEAF, onExit="x"), "spec.onExit: there is no template 'x'"),
        (spec(LEAF, LEAF), "'leaf' is there twice"),
        (spec(LEAF, arguments={"parameters": [{"name": "a"}]}), "[a]: has no value"),
        (
            spec(LEAF, arguments={"parameters": [{"name": "a", "value": "x", "enum": ["y"]}]}),
            "is none of: y",
        ),
        (templated(), "needs exactly one of"),
        (templated(suspend={}, container={"image": "i"}), "has suspend and container"),
        (templated(container={}), ".container.image: is required"),
        (templated(script={"image": "i"}), ".script.source: is required"),
        (templated(container={"image": "{{foo}}"}), "there is no variable {{foo}}"),
        (templated(container={"image": "{{=1+1}}"}), "expression tags"),
        (templated(container={"image": "{{steps.a.outputs.result}}"}), "outputs.result}} is not"),
        (
            templated(container={"image": "i"}, outputs={"parameters": [{"name": "o"}]}),
            "files of pods are not read",
        ),
        (
            templated(resource=RESOURCE, outputs={"parameters": [{"name": "o"}]}),
            "valueFrom.jsonPath",
        ),
        (
            templated(
                resource=RESOURCE,
                outputs={"parameters": [{"name": "o", "valueFrom": {"jsonPath": "{..a}"}}]},
            ),
            "is not supported at",
        ),
        (
            templated(resource={**RESOURCE, "manifest": "["}),
            ".resource.manifest: the manifest:1: ",
        ),
        (templated(resource={**RESOURCE, "successCondition": "a b"}), ".resource.successCondition"),
        (templated(resource={**RESOURCE, "action": "patch"}), ".resource.mergeStrategy: write"),
        (templated(resource={**RESOURCE, "mergeStrategy": "merge"}), "only for the action patch"),
        (
            templated(resource={**RESOURCE, "action": "get", "setOwnerReference": True}),
            ".resource.setOwnerReference",
        ),
        (templated(suspend={"duration": "soon"}), ".suspend.duration: 'soon' is not a duration"),
        (templated(suspend={}, timeout="1m"), ".timeout: not supported on suspend"),
        (templated(container={"image": "i"}, timeout="x"), ".timeout: 'x' is not a duration"),
        (
            templated(container={"image": "i"}, retryStrategy={"limit": "many"}),
            ".retryStrategy.limit",
        ),
        (
            templated(
                container={"image": "i"},
                retryStrategy={"backoff": {"duration": "1", "factor": "0"}},
            ),
            ".retryStrategy.backoff.factor",
        ),
        (spec(steps(template="x")), ".one: there is no template 'x'"),
        (spec(steps(when="a =="), LEAF), ".one.when: unexpected"),
        (spec(steps(withItems=[1], withParam="[]"), LEAF), "both withItems and withParam"),
        (spec(steps(arguments={"parameters": [{"name": "a"}]}), LEAF), "[a]: has no value"),
        (
            spec(steps(), {**LEAF, "inputs": {"parameters": [{"name": "p"}]}}),
            "template leaf needs the parameter 'p'",
        ),
        (spec(dag({"name": "a", "depends": "b"}), LEAF), ".dag: there is no task 'b'"),
        (spec(dag({"name": "a", "depends": "a"}), LEAF), "wait for each other: a"),
        (
            spec(dag({"name": "a", "depends": "b"}, {"name": "b", "dependencies": ["a"]}), LEAF),
            "wait for each other: a, b",
        ),
        (spec(dag({"name": "a"}, {"name": "a"}), LEAF), "two tasks have the same name"),
        (spec(dag({"name": "a"}, target="b"), LEAF), "there is no task 'b'"),
        (
            spec(dag({"name": "a"}, {"name": "b", "depends": "a.Daemoned"}), LEAF),
            "asks for none of",
        ),
        (
            spec(dag({"name": "a"}, {"name": "b", "depends": "a", "dependencies": ["a"]}), LEAF),
            "both depends and dependencies",
        ),
    ],
)
def test_what_cannot_work(given: dict[str, Any], named: str) -> None:
    found = problems("name", parse_spec(given))
    assert any(named in problem for problem in found), found


def test_a_name_that_is_no_label_value() -> None:
    assert problems("x" * 64, parse_spec(spec(LEAF))) == ["metadata.name: over 63 characters"]


def test_all_reasons_are_given_at_once() -> None:
    given = spec(steps(template="x"), {"name": "t", "container": {}})
    assert len(problems("name", parse_spec(given))) == 2


async def test_a_refused_workflow_starts_nothing(bench: Bench) -> None:
    given = spec(steps(), {**LEAF, "daemon": True})
    await bench.submit(
        yaml.safe_dump({"kind": "Workflow", "metadata": {"name": "refused"}, "spec": given})
    )
    workflow = await bench.settle()
    assert workflow["status"]["phase"] == "Failed"
    assert "spec.templates.1.daemon: not supported" in workflow["status"]["message"]
    assert await bench.pods() == []


def test_a_workflow_overrides_its_template() -> None:
    template = spec(LEAF, arguments={"parameters": [{"name": "a", "value": "1"}, {"name": "b"}]})
    own = {
        "workflowTemplateRef": {"name": "t"},
        "arguments": {"parameters": [{"name": "b", "value": "2"}]},
        "parallelism": 3,
    }
    assert merge_specs(own, template) == {
        **template,
        "arguments": {
            "parameters": [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}],
        },
        "parallelism": 3,
    }
