"""The step `build`: from a commit to outputs that later steps read."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from idp.capabilities.building.build import Builder
from idp.capabilities.building.clients.host import host_runtime
from idp.capabilities.building.clients.uv import UvInstaller
from idp.capabilities.building.dependencies import DependencyLayers
from idp.capabilities.building.layer_cache import LayerCache
from idp.capabilities.building.steps.build import BuildParameters, BuildStep
from idp.kernel.errors import InvalidInput, NotFound
from idp.kernel.step import Step, StepRun
from idp.protocols.git.memory import MemoryRepository
from idp.protocols.oci.memory import MemoryRegistry
from idp.protocols.oci.ports import Registry

PARAMETERS = {
    "application": "hello",
    "repository": "demo/hello",
    "revision": "main",
    "author": "maya",
}


@pytest.fixture
def reports() -> list[str]:
    return []


@pytest.fixture
def run(reports: list[str]) -> StepRun:
    async def report(text: str) -> None:
        reports.append(text)

    return StepRun({}, "demo", "build", "uid-1", report)


@pytest.fixture
def repository() -> MemoryRepository:
    return MemoryRepository()


@pytest.fixture
def registry_of_images() -> MemoryRegistry:
    return MemoryRegistry()


@pytest.fixture
def step(
    tmp_path: Path, wheels: Path, repository: MemoryRepository, registry_of_images: MemoryRegistry
) -> BuildStep:
    runtime = host_runtime()
    settings = {"UV_NO_INDEX": "1", "UV_FIND_LINKS": str(wheels)}

    @asynccontextmanager
    async def open_registry() -> AsyncIterator[Registry]:
        yield registry_of_images

    return BuildStep(
        builder=Builder(
            DependencyLayers(
                UvInstaller(runtime, tmp_path / "uv", settings=settings),
                runtime,
                LayerCache(tmp_path / "layers"),
            )
        ),
        registry_host="127.0.0.1:8600",
        open_registry=open_registry,
        open_repository=lambda name: repository,
        work=tmp_path / "work",
    )


async def push(repository: MemoryRepository, files: dict[str, str]) -> str:
    content = {path: text.encode() for path, text in files.items()}
    return await repository.change("main", content, message="Add", key="1", author="M <m@x.io>")


async def test_a_commit_becomes_an_image(
    step: BuildStep,
    run: StepRun,
    repository: MemoryRepository,
    registry_of_images: MemoryRegistry,
    make_wheel: Any,
    reports: list[str],
) -> None:
    wheel = make_wheel("one")
    commit = await push(
        repository, {"requirements.txt": wheel.requirement, "hello/__main__.py": ""}
    )
    outcome = await step.perform(run, BuildParameters.model_validate(PARAMETERS))
    assert (outcome.phase, outcome.reason) == ("Succeeded", "Built")
    outputs = outcome.outputs
    assert outputs["image"] == f"127.0.0.1:8600/demo/hello@{outputs['digest']}"
    assert (await registry_of_images.manifest("demo/hello", outputs["digest"])).body
    assert outputs["repository"] == outputs["source"] == "demo/hello"
    assert (outputs["commit"], outputs["commitCount"]) == (commit, 1)
    assert outputs["commitTime"].endswith("Z")
    assert (outputs["author"], outputs["base"]) == ("maya", "host")
    assert outputs["builder"]["python"] == host_runtime().version
    lock, dependency = outputs["materials"]
    assert lock["uri"] == f"git+demo/hello@{commit}#requirements.txt"
    assert lock["digest"]["sha256"]
    assert dependency == {
        "uri": "pkg:pypi/one@1.0",
        "name": "one",
        "version": "1.0",
        "digest": {"sha256": wheel.sha256},
    }
    json.dumps(outputs)
    assert reports[0] == "checking out demo/hello at main"


async def test_a_step_called_again_gives_the_same_image(
    step: BuildStep, run: StepRun, repository: MemoryRepository
) -> None:
    await push(repository, {"index.html": "<html>"})
    parameters = BuildParameters.model_validate({**PARAMETERS, "author": ""})
    first = await step.perform(run, parameters)
    leftover = step.work / run.uid / "source" / "other.html"
    leftover.parent.mkdir(parents=True)
    leftover.write_text("of a build that was killed")
    second = await step.perform(run, parameters)
    assert second == first
    assert second.outputs["author"] == "M <m@x.io>"
    assert second.outputs["materials"] == []
    assert list(step.work.iterdir()) == []


async def test_what_is_wrong_with_the_source_fails_the_step(
    step: BuildStep, run: StepRun, repository: MemoryRepository
) -> None:
    await push(repository, {"pyproject.toml": '[project]\nname = "x"\n'})
    with pytest.raises(InvalidInput, match="no lock file") as refusal:
        await step.perform(run, BuildParameters.model_validate(PARAMETERS))
    assert not refusal.value.retryable
    assert list(step.work.iterdir()) == []


async def test_an_unknown_revision_is_not_found(step: BuildStep, run: StepRun) -> None:
    with pytest.raises(NotFound):
        await step.perform(run, BuildParameters.model_validate(PARAMETERS))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("application", "../x"),
        ("application", ""),
        ("repository", "hello"),
        ("repository", "../../etc"),
        ("revision", "--upload-pack=x"),
        ("unknown", "x"),
    ],
)
def test_parameters_are_checked(field: str, value: str) -> None:
    with pytest.raises(ValueError, match=field):
        BuildParameters.model_validate({**PARAMETERS, field: value})


def test_it_is_a_step(step: BuildStep) -> None:
    as_step: Step = step
    assert as_step.uses == "build"
