from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from idp.kernel.errors import Invalid, NotFound
from idp.protocols.signing.attestations import statements
from idp.protocols.signing.predicates import CYCLONEDX


async def test_the_bill_of_materials_is_attested(pipeline: Any) -> None:
    await pipeline.build(pipeline.images.distribution("Flask", "3.0.0"))
    outcome = await pipeline.perform(pipeline.sbom(), build="push-1-build")
    found = await statements(
        pipeline.registry, "demo/hello", pipeline.digest, pipeline.trust.pinned
    )
    (statement,) = found.verified
    assert (statement.predicate_type, statement.digest) == (
        CYCLONEDX,
        outcome.outputs["attestation"],
    )
    assert statement.predicate["components"][-1]["purl"] == "pkg:pypi/flask@3.0.0"
    assert outcome.outputs["digest"] == pipeline.digest


async def test_a_repeated_call_changes_nothing(pipeline: Any) -> None:
    await pipeline.build({"app/a.py": b"1"})
    first = await pipeline.perform(pipeline.sbom(), build="push-1-build")
    assert await pipeline.perform(pipeline.sbom(), build="push-1-build") == first
    assert len(await pipeline.registry.referrers("demo/hello", pipeline.digest)) == 1


async def test_nothing_is_left_on_disk(pipeline: Any, tmp_path: Path) -> None:
    await pipeline.build({"app/a.py": b"1"})
    await pipeline.perform(pipeline.sbom(), build="push-1-build")
    assert list((tmp_path / "work").iterdir()) == []


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ({"repository": "other/hello"}, "does not belong to demo"),
        ({"repository": "hello"}, "no repository"),
        ({"repository": None}, "no repository"),
        ({"digest": "latest"}, "no digest"),
    ],
)
async def test_only_an_image_of_the_namespace_is_looked_at(
    pipeline: Any, outputs: dict[str, Any], message: str
) -> None:
    await pipeline.build({"app/a.py": b"1"}, **outputs)
    with pytest.raises(Invalid, match=message):
        await pipeline.perform(pipeline.sbom(), build="push-1-build")


async def test_a_build_that_is_not_there_is_named(pipeline: Any) -> None:
    with pytest.raises(NotFound):
        await pipeline.perform(pipeline.sbom(), build="push-1-build")
