"""What a step believes of its pipeline."""

from __future__ import annotations

from typing import Any

import pytest

from idp.capabilities.promotion.kinds import PipelineStep
from idp.capabilities.promotion.steps.pipeline import UnprovenStep
from idp.capabilities.promotion.steps.verdict import VerdictStep
from idp.kernel.errors import NotFound

IMAGE = f"sha256:{1001:064x}"


async def ready(bench: Any) -> None:
    await bench.rules()
    await bench.release()


async def judge(bench: Any, admit: str = "p-admit", scan: str = "p-scan") -> Any:
    return await bench.perform(VerdictStep(bench.reader), release="r1", admit=admit, scan=scan)


async def test_a_step_that_does_not_exist_proves_nothing(bench: Any) -> None:
    await ready(bench)
    with pytest.raises(UnprovenStep, match="there is no step p-admit"):
        await judge(bench)


async def test_a_step_of_another_kind_proves_nothing(bench: Any) -> None:
    await ready(bench)
    name = await bench.done("scan", digest=IMAGE)
    with pytest.raises(UnprovenStep, match="is a scan, not the admit"):
        await judge(bench, admit=name)


async def test_a_step_of_another_promotion_proves_nothing(bench: Any) -> None:
    await ready(bench)
    name = await bench.done("admit", promotion="other")
    with pytest.raises(UnprovenStep, match="belongs to another promotion"):
        await judge(bench, admit=name)


@pytest.mark.parametrize("phase", ["Pending", "Running", "Failed"])
async def test_a_step_that_did_not_succeed_proves_nothing(bench: Any, phase: str) -> None:
    await ready(bench)
    name = await bench.done("admit")
    patch = {"status": {"phase": phase}}
    await bench.client.patch(PipelineStep.type(), name, patch, "demo")
    with pytest.raises(UnprovenStep, match=f"has not succeeded: it is {phase}"):
        await judge(bench)


async def test_without_rules_nothing_passes(bench: Any) -> None:
    await bench.release()
    await bench.done("admit", releaseDigest=f"sha256:{1:064x}")
    await bench.done("scan", digest=IMAGE)
    with pytest.raises(NotFound, match="nothing may pass"):
        await judge(bench)


async def test_an_unknown_release_is_named(bench: Any) -> None:
    with pytest.raises(NotFound, match="there is no release r1 in namespace demo"):
        await judge(bench)
