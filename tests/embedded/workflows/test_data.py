"""Parameters on their way: outputs, defaults, loops, and what cannot be resolved."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

Bench = Any


def workflow(*templates: dict[str, Any], **fields: Any) -> str:
    spec = {"entrypoint": "main", "templates": [*templates], **fields}
    return yaml.safe_dump({"kind": "Workflow", "metadata": {"name": "data"}, "spec": spec})


def arguments(**values: Any) -> dict[str, Any]:
    return {"parameters": [{"name": name, "value": value} for name, value in values.items()]}


def inputs(*names: str, **defaults: Any) -> dict[str, Any]:
    return {
        "parameters": [
            *({"name": name} for name in names),
            *({"name": name, "default": value} for name, value in defaults.items()),
        ]
    }


STEP = {
    "name": "step",
    "inputs": inputs("uses"),
    "outputs": {"parameters": [{"name": "digest", "valueFrom": {"jsonPath": "{.status.digest}"}}]},
    "resource": {
        "action": "create",
        "successCondition": "status.phase == Succeeded",
        "manifest": (
            "apiVersion: platform.idp/v1alpha1\n"
            "kind: PipelineStep\n"
            'metadata: {name: "{{workflow.name}}-{{inputs.parameters.uses}}"}\n'
        ),
    },
}
SAY = {
    "name": "say",
    "inputs": inputs("text"),
    "container": {"image": "i", "args": ["{{inputs.parameters.text}}"]},
}


def said(pods: list[Any]) -> list[str]:
    return sorted(pod["spec"]["containers"][0]["args"][0] for pod in pods)


@pytest.mark.parametrize("form", ["steps", "dag"])
async def test_outputs_go_up_and_on(bench: Bench, form: str) -> None:
    scope = "steps" if form == "steps" else "tasks"
    inner_call = {"name": "build", "template": "step", "arguments": arguments(uses="build")}
    reference = f"{{{{{scope}.build.outputs.parameters.digest}}}}"
    outer = {"name": "inner", "template": "inner"}
    use = {
        "name": "use",
        "template": "say",
        "arguments": arguments(text=f"{{{{{scope}.inner.outputs.parameters.digest}}}}"),
    }
    body: dict[str, Any] = {"dag": {"tasks": [inner_call]}}
    main: dict[str, Any] = {"dag": {"tasks": [outer, {**use, "depends": "inner"}]}}
    if form == "steps":
        body, main = {"steps": [[inner_call]]}, {"steps": [[outer], [use]]}
    inner = {
        "name": "inner",
        "outputs": {"parameters": [{"name": "digest", "valueFrom": {"parameter": reference}}]},
        **body,
    }
    await bench.submit(workflow({"name": "main", **main}, inner, STEP, SAY))
    await bench.settle()
    await bench.end_step("data-build", digest="sha256:1")
    await bench.settle()
    assert said(await bench.pods()) == ["sha256:1"]
    assert (await bench.run())["status"]["phase"] == "Succeeded"


@pytest.mark.parametrize("form", ["steps", "dag"])
@pytest.mark.parametrize(("default", "phase"), [(None, "Error"), ("none", "Succeeded")])
async def test_an_output_of_a_skipped_step_needs_a_default(
    bench: Bench, form: str, default: str | None, phase: str
) -> None:
    scope = "steps" if form == "steps" else "tasks"
    value_from = {"parameter": f"{{{{{scope}.build.outputs.parameters.digest}}}}"}
    if default is not None:
        value_from["default"] = default
    call = {
        "name": "build",
        "template": "step",
        "when": "false",
        "arguments": arguments(uses="build"),
    }
    body: dict[str, Any] = {"steps": [[call]]} if form == "steps" else {"dag": {"tasks": [call]}}
    main = {
        "name": "main",
        "outputs": {"parameters": [{"name": "digest", "valueFrom": value_from}]},
        **body,
    }
    await bench.submit(workflow(main, STEP))
    assert (await bench.settle())["status"]["phase"] == phase


async def test_an_object_without_the_output_is_an_error(bench: Bench) -> None:
    call = {"name": "build", "template": "step", "arguments": arguments(uses="build")}
    await bench.submit(workflow({"name": "main", "steps": [[call]]}, STEP))
    await bench.settle()
    await bench.end_step("data-build")
    status = (await bench.settle())["status"]
    assert status["phase"] == "Error"
    assert "outputs.parameters.digest has no value and no default" in status["message"]


async def test_a_loop_gives_a_list(bench: Bench) -> None:
    main = {
        "name": "main",
        "dag": {
            "tasks": [
                {
                    "name": "each",
                    "template": "step",
                    "arguments": arguments(uses="{{item}}"),
                    "withItems": ["a", "b"],
                },
                {
                    "name": "use",
                    "depends": "each",
                    "template": "say",
                    "arguments": arguments(text="{{tasks.each.outputs.parameters.digest}}"),
                },
                {"name": "any", "depends": "each.AnySucceeded", "template": "say",
                 "arguments": arguments(text="any")},
            ]
        },
    }  # fmt: skip
    await bench.submit(workflow(main, STEP, SAY))
    await bench.settle()
    for name in ("b", "a"):
        await bench.end_step(f"data-{name}", digest=name)
    await bench.settle()
    assert said(await bench.pods()) == ['["a", "b"]', "any"]


@pytest.mark.parametrize(
    ("loop", "phase", "says"),
    [
        ({"withItems": []}, "Skipped", "the list of items is empty"),
        ({"withParam": "[]"}, "Skipped", "the list of items is empty"),
        ({"withParam": "{"}, "Error", "withParam is not JSON"),
        ({"withParam": '{"a": 1}'}, "Error", "not a JSON list"),
        ({"withParam": str([0] * 1001)}, "Error", "at most 1000 items"),
        ({"when": "maybe"}, "Error", "not true or false"),
        ({"when": "{{steps.other.status}} == x"}, "Error", "has no value"),
        ({"arguments": arguments(text="{{steps.other.status}}")}, "Error", "has no value"),
    ],
)
async def test_a_step_that_cannot_start_says_why(
    bench: Bench, loop: dict[str, Any], phase: str, says: str
) -> None:
    step = {"name": "one", "template": "say", "arguments": arguments(text="x"), **loop}
    await bench.submit(workflow({"name": "main", "steps": [[step]]}, SAY))
    workflow_phase = (await bench.settle())["status"]["phase"]
    node = await bench.node("one")
    assert node["phase"] == phase
    assert says in node["message"]
    assert workflow_phase == ("Error" if phase == "Error" else "Succeeded")
    assert await bench.pods() == []


async def test_a_loop_with_a_failed_item_fails(bench: Bench) -> None:
    step = {
        "name": "each",
        "template": "say",
        "withItems": ["good", "bad"],
        "arguments": arguments(text="{{item}}"),
    }
    await bench.submit(workflow({"name": "main", "steps": [[step]]}, SAY))
    status = (await bench.run(lambda p: "Failed" if said([p]) == ["bad"] else "Succeeded"))[
        "status"
    ]
    assert status["phase"] == "Failed"
    assert "each(1:bad)" in status["message"]


async def test_an_argument_falls_back_on_its_default(bench: Bench) -> None:
    argument = {
        "name": "text",
        "valueFrom": {"parameter": "{{steps.no.status}}", "default": "fallback"},
    }
    step = {"name": "one", "template": "say", "arguments": {"parameters": [argument]}}
    await bench.submit(workflow({"name": "main", "steps": [[step]]}, SAY))
    await bench.settle()
    assert said(await bench.pods()) == ["fallback"]


async def test_defaults_of_inputs_may_name_the_workflow(bench: Bench) -> None:
    say = {**SAY, "inputs": inputs(text="{{workflow.labels.team}} {{workflow.annotations.a}}")}
    step = {"name": "one", "template": "say"}
    text = workflow({"name": "main", "steps": [[step]]}, say)
    await bench.submit(text, labels={"team": "red"}, annotations={"a": "b"})
    await bench.settle()
    assert said(await bench.pods()) == ["red b"]


async def test_a_value_outside_of_the_enum_is_refused(bench: Bench) -> None:
    say = {**SAY, "inputs": {"parameters": [{"name": "text", "enum": ["a", "b"]}]}}
    step = {"name": "one", "template": "say", "arguments": arguments(text="{{workflow.name}}")}
    await bench.submit(workflow({"name": "main", "steps": [[step]]}, say))
    assert (await bench.settle())["status"]["phase"] == "Error"
    assert "is none of: a, b" in (await bench.node("one"))["message"]


async def test_an_entrypoint_without_its_input_is_an_error(bench: Bench) -> None:
    await bench.submit(workflow({**SAY, "name": "main"}))
    status = (await bench.settle())["status"]
    assert (status["phase"], status["message"]) == (
        "Error",
        "inputs.parameters.text was not supplied",
    )


async def test_endless_recursion_ends(bench: Bench) -> None:
    await bench.submit(workflow({"name": "main", "steps": [[{"name": "s", "template": "main"}]]}))
    status = (await bench.settle())["status"]
    assert status["phase"] == "Error"
    assert "more than 50 deep" in status["message"]


@pytest.mark.parametrize(
    ("manifest", "says"),
    [
        ("kind: ConfigMap\nmetadata: {name: x}", "no apiVersion"),
        ("apiVersion: v1\nmetadata: {name: x}", "no kind"),
        ("apiVersion: v1\nkind: ConfigMap", "neither metadata.name nor metadata.generateName"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: []", "metadata is not a mapping"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, labels: []}", "metadata.labels"),
        (f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {'x' * 300}}}", "is not a name"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: y}", "another namespace"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{steps.a.status}}'}", "has no value"),
    ],
)
async def test_a_manifest_that_is_no_object_is_an_error(
    bench: Bench, manifest: str, says: str
) -> None:
    resource = {"action": "create", "setOwnerReference": True, "manifest": manifest}
    await bench.submit(workflow({"name": "main", "resource": resource}))
    status = (await bench.settle())["status"]
    assert status["phase"] == "Error"
    assert says in status["message"]


async def test_pods_get_what_the_template_says(bench: Bench) -> None:
    main = {
        "name": "main",
        "container": {"image": "i", "volumeMounts": [{"name": "v", "mountPath": "/v"}]},
        "volumes": [{"name": "v", "emptyDir": {}}],
        "securityContext": {"runAsNonRoot": True},
        "serviceAccountName": "own",
    }
    await bench.submit(workflow(main, serviceAccountName="other"))
    await bench.settle()
    (pod,) = await bench.pods()
    assert pod["spec"]["volumes"] == [{"name": "v", "emptyDir": {}}]
    assert pod["spec"]["securityContext"] == {"runAsNonRoot": True}
    assert pod["spec"]["serviceAccountName"] == "own"


async def test_a_suspend_that_cannot_be_read_is_an_error(bench: Bench) -> None:
    step = {"name": "one", "template": "wait", "arguments": arguments(text="soon")}
    wait = {
        "name": "wait",
        "inputs": inputs("text"),
        "suspend": {"duration": "{{inputs.parameters.text}}"},
    }
    await bench.submit(workflow({"name": "main", "steps": [[step]]}, wait))
    status = (await bench.settle())["status"]
    assert status["phase"] == "Error"
    assert "'soon' is not a duration" in status["message"]


async def test_a_spec_that_is_broken_while_it_runs_ends_it(bench: Bench) -> None:
    await bench.submit(workflow({"name": "main", "container": {"image": "i"}}))
    await bench.settle()
    await bench.patch({"spec": {"hooks": {}}})
    status = (await bench.settle())["status"]
    assert status["phase"] == "Error"
    assert "spec.hooks: not supported" in status["message"]
