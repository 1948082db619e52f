from __future__ import annotations

from typing import Any

import pytest

from idp.capabilities.promotion.artifact import fetch
from idp.capabilities.promotion.steps.pipeline import UnprovenStep
from idp.capabilities.promotion.steps.release import ReleaseStep
from idp.kernel.errors import Conflict, InvalidInput
from idp.protocols.signing.cosign import verify_digest

FILE = b"""
apiVersion: platform.idp/v1alpha1
kind: WebApplication
metadata: {name: hello}
spec: {port: 9000}
---
apiVersion: platform.idp/v1alpha1
kind: ApplicationConfiguration
metadata: {name: hello-config}
spec: {defaults: {colour: red}}
"""
IMAGE = f"127.0.0.1:8600/demo/hello@sha256:{5:064x}"


async def pushed(bench: Any, content: bytes | None = FILE, **built: Any) -> str:
    files = {"main.py": b"", **({} if content is None else {"idp.yaml": content})}
    commit = await bench.git.change("main", files, message="work", key="1")
    await bench.done("build", "", **{"image": IMAGE, "commit": commit, **built})
    await bench.done("sign", "")
    return str(commit)


async def cut(bench: Any, commit: str, **changes: Any) -> Any:
    step = ReleaseStep(bench.reader, bench.registry, lambda name: bench.git, bench.key)
    parameters = {
        "application": "hello",
        "repository": "demo/hello",
        "commit": commit,
        "author": "ada",
        "build": "build",
        "sign": "sign",
        **changes,
    }
    return await bench.perform(step, "", **parameters)


async def test_a_release_holds_what_was_built_and_declared(bench: Any) -> None:
    commit = await pushed(bench)
    outcome = await cut(bench, commit)
    assert outcome.phase == "Succeeded"
    spec = await fetch(bench.registry, "demo/hello", f"release-r1-{commit[:7]}")
    assert spec.digest == outcome.outputs["digest"]
    assert (spec.image, spec.source.commit, spec.source.author) == (IMAGE, commit, "ada")
    assert spec.application_spec == {"port": 9000}
    assert spec.configuration == {"defaults": {"colour": "red"}}
    keys = {"development": bench.key.public_key}
    signer = await verify_digest(bench.registry, "demo/hello", spec.digest, keys)
    assert signer == "development"


async def test_called_again_it_is_the_same_release(bench: Any) -> None:
    commit = await pushed(bench)
    assert (await cut(bench, commit)).outputs == (await cut(bench, commit)).outputs


async def test_a_repository_without_the_file_has_the_defaults(bench: Any) -> None:
    commit = await pushed(bench, None)
    await cut(bench, commit)
    spec = await fetch(bench.registry, "demo/hello", f"release-r1-{commit[:7]}")
    assert (spec.application_spec, spec.configuration) == ({}, None)


async def test_a_version_that_was_cut_with_other_content_stays(bench: Any) -> None:
    commit = await pushed(bench)
    await cut(bench, commit)
    with pytest.raises(Conflict):
        await cut(bench, commit, author="eve")


async def test_a_file_that_breaks_a_rule_is_refused_by_name(bench: Any) -> None:
    commit = await pushed(bench, b"a: 1\na: 2\n")
    with pytest.raises(InvalidInput, match="key 'a' is there twice"):
        await cut(bench, commit)


async def test_a_build_of_another_commit_is_not_released(bench: Any) -> None:
    commit = await pushed(bench, commit="f" * 40)
    with pytest.raises(UnprovenStep, match="built ffff"):
        await cut(bench, commit)


async def test_the_repository_must_be_the_applications_own(bench: Any) -> None:
    commit = await pushed(bench)
    with pytest.raises(UnprovenStep, match="is not the repository of hello"):
        await cut(bench, commit, repository="other/hello")
