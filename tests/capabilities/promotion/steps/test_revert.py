from __future__ import annotations

from typing import Any

import pytest

from idp.capabilities.promotion.kinds import Promotion
from idp.capabilities.promotion.steps.pipeline import UnprovenStep
from idp.capabilities.promotion.steps.revert import RevertStep
from idp.capabilities.promotion.turn import Turns


async def deployed(bench: Any, *counts: int) -> list[str]:
    return [
        await bench.environment.deploy(
            bench.release_spec(n), "demo", promotion=f"p{n}", uid=f"uid-{n}"
        )
        for n in counts
    ]


async def rollback(bench: Any, name: str = "p") -> Any:
    await bench.promotion(name, action="rollback", release="", reason="slow")
    return await again(bench, name)


async def again(bench: Any, name: str = "p") -> Any:
    turns, argo_cd = Turns(bench.client), bench.argo_cd
    step = RevertStep(bench.reader, bench.environment, turns, argo_cd, environment="uat")
    return await bench.perform(step, name, application="hello")


async def test_goes_back_to_the_release_before(bench: Any) -> None:
    await deployed(bench, 1, 2)
    outcome = await rollback(bench)
    first = bench.release_spec(1)
    assert outcome.phase == "Succeeded"
    assert outcome.outputs["release"] == first.version
    assert outcome.outputs["image"] == first.image
    assert outcome.outputs["releaseDigest"] == first.digest
    newest = (await bench.git.history("main"))[0]
    assert newest.id == outcome.outputs["commit"]
    assert "Rollback by bob: slow" in newest.message


async def test_called_again_it_reverts_once(bench: Any) -> None:
    await deployed(bench, 1, 2, 3)
    first = await rollback(bench)
    assert (await again(bench)).outputs == first.outputs
    assert len(await bench.git.history("main")) == 4


async def test_a_second_rollback_goes_back_one_more(bench: Any) -> None:
    await deployed(bench, 1, 2, 3)
    await rollback(bench)
    ended = {"status": {"phase": "Succeeded"}}
    await bench.client.patch(Promotion.type(), "p", ended, "demo")
    outcome = await rollback(bench, "q")
    assert outcome.outputs["release"] == bench.release_spec(1).version


async def test_what_a_person_reverted_counts_as_undone(bench: Any) -> None:
    commits = await deployed(bench, 1, 2, 3)
    await bench.git.revert(
        "main", commits[2], message=f"Revert\n\nThis reverts commit {commits[2]}.", key="by-hand"
    )
    outcome = await rollback(bench)
    assert outcome.outputs["release"] == bench.release_spec(1).version


@pytest.mark.parametrize("counts", [(), (1,)])
async def test_refused_when_there_is_nothing_before(bench: Any, counts: Any) -> None:
    await deployed(bench, *counts)
    outcome = await rollback(bench)
    assert (outcome.phase, outcome.reason) == ("Failed", "NothingBefore")
    assert "there is nothing to go back to" in outcome.message
    assert outcome.remedy


async def test_only_a_rollback_of_this_application_reverts(bench: Any) -> None:
    await deployed(bench, 1, 2)
    await bench.promotion("p")
    with pytest.raises(UnprovenStep, match="is no rollback of hello"):
        await again(bench)
    assert len(await bench.git.history("main")) == 2
