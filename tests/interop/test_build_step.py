"""From `git push` to an image: real git, the embedded Git server and registry, the build step."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import orjson
import pytest
import sqlalchemy
from starlette.applications import Starlette
from starlette.routing import Mount

from idp.capabilities.building.capability import CAPABILITY
from idp.embedded.git.events import PushEvent
from idp.embedded.git.server import git_application
from idp.embedded.registry.application import registry_application
from idp.kernel.access import Action, Principal, Service
from idp.kernel.capability import Context, Remote, Signer
from idp.kernel.memory_client import MemoryClient
from idp.kernel.step import StepRun
from idp.protocols.oci.client import HttpRegistry
from idp.protocols.oci.reference import parse_reference
from support.serving import served

SITE = Path(__file__).resolve().parents[2] / "examples" / "hello-static"


class Everything:
    async def authenticate(self, username: str, password: str) -> Principal | None:
        return Principal(username) if password == "secret" else None

    async def allowed(
        self, principal: Principal | None, service: Service, repository: str, action: Action
    ) -> bool:
        return principal is not None


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Remote]:
    async def on_push(event: PushEvent) -> None:
        assert event.repository == "demo/hello-static"

    access = Everything()
    git = git_application(tmp_path / "git", access, on_push=on_push)
    registry = registry_application(tmp_path / "registry", access)

    @contextlib.asynccontextmanager
    async def lifespan(_application: Starlette) -> AsyncIterator[None]:
        async with git.router.lifespan_context(git):
            yield

    application = Starlette(routes=[Mount("/git", git), Mount("/", registry)], lifespan=lifespan)
    async with served(application) as url:
        yield Remote(url, "maya", "secret")


async def git(folder: Path, *arguments: str) -> None:
    process = await asyncio.create_subprocess_exec(
        "git",
        *("-C", str(folder), "-c", "user.name=Maya", "-c", "user.email=maya@example.com"),
        *arguments,
        env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0"},
    )
    assert await process.wait() == 0


def context(hub: Remote, data: Path) -> Context:
    return Context(
        environment="development",
        data=data,
        client=MemoryClient(),
        database=sqlalchemy.create_engine("sqlite://"),
        registry=hub,
        git=hub,
        gateway_port=1,
        signer=cast(Signer, None),
        trusted_keys={},
    )


async def test_a_pushed_commit_becomes_an_image(hub: Remote, tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(SITE, source)
    await git(source, "init", "--quiet", "--initial-branch=main")
    await git(source, "add", "--all")
    await git(source, "commit", "--quiet", "--message", "Add the site")
    address = hub.url.replace("http://", "http://maya:secret@")
    await git(source, "push", "--quiet", f"{address}/git/demo/hello-static.git", "main")

    async def report(_text: str) -> None:
        pass

    (step,) = CAPABILITY.steps(context(hub, tmp_path / "data"))
    parameters = step.parameters.model_validate(
        {
            "application": "hello-static",
            "repository": "demo/hello-static",
            "revision": "main",
        }
    )
    outcome = await step.perform(StepRun({}, "demo", "build", "uid", report), parameters)
    assert outcome.phase == "Succeeded"
    assert outcome.outputs["author"] == "Maya <maya@example.com>"
    image = parse_reference(outcome.outputs["image"])
    assert f"http://{image.registry}" == hub.url
    async with HttpRegistry(hub) as client:
        manifest = orjson.loads((await client.manifest(image.repository, image.target)).body)
        config = orjson.loads(await client.blob(image.repository, manifest["config"]["digest"]))
    labels = config["config"]["Labels"]
    assert labels["org.opencontainers.image.revision"] == outcome.outputs["commit"]
    assert labels["platform.idp/runtime"] == "static"
