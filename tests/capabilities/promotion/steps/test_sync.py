from __future__ import annotations

from typing import Any

import pytest

from idp.capabilities.promotion.steps.pipeline import UnprovenStep
from idp.capabilities.promotion.steps.sync import SyncStep
from idp.kernel.standard import ARGO_APPLICATION


async def look(bench: Any, **status: Any) -> Any:
    body = {"metadata": {"name": "hello", "namespace": "demo"}, "spec": {}, "status": status}
    await bench.client.apply(ARGO_APPLICATION, body, field_manager="argocd")
    step = SyncStep(bench.client, bench.reader, bench.environment)
    return await bench.perform(step, application="hello", change="p-commit")


async def commits(bench: Any) -> list[str]:
    made = [
        await bench.git.change("main", {"x": str(n).encode()}, message=f"{n}", key=f"{n}")
        for n in range(3)
    ]
    await bench.done("commit", commit=made[1])
    return made


@pytest.mark.parametrize("position", [1, 2])
async def test_synced_at_the_commit_or_a_later_one(bench: Any, position: int) -> None:
    made = await commits(bench)
    outcome = await look(bench, sync={"status": "Synced", "revision": made[position]})
    assert outcome.phase == "Succeeded"


async def test_synced_at_an_earlier_commit_is_waited_for(bench: Any) -> None:
    made = await commits(bench)
    outcome = await look(bench, sync={"status": "Synced", "revision": made[0]})
    assert outcome.phase == "Running"
    assert f"Argo CD to apply {made[1][:12]}; it is Synced at {made[0][:12]}" in outcome.message


async def test_what_argo_cd_says_is_wrong_is_passed_on(bench: Any) -> None:
    made = await commits(bench)
    outcome = await look(
        bench,
        sync={"status": "OutOfSync", "revision": made[1]},
        operationState={"phase": "Failed", "message": "webapplication is invalid: spec.port"},
        conditions=[{"type": "ComparisonError", "message": "repository not reachable"}],
    )
    assert outcome.phase == "Running"
    assert "its last sync failed: webapplication is invalid: spec.port" in outcome.message
    assert "ComparisonError: repository not reachable" in outcome.message
    assert outcome.remedy


async def test_not_looked_at_yet(bench: Any) -> None:
    await commits(bench)
    assert "it is not looked at yet" in (await look(bench)).message


async def test_a_deleted_application_fails(bench: Any) -> None:
    await commits(bench)
    step = SyncStep(bench.client, bench.reader, bench.environment)
    with pytest.raises(UnprovenStep, match="there is no Argo CD Application"):
        await bench.perform(step, application="hello", change="p-commit")
