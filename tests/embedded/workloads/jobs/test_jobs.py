"""Jobs with real processes."""

from __future__ import annotations

from typing import Any

from idp.kernel.conditions import condition_of, is_true
from idp.kernel.resource import Manifest
from idp.kernel.standard import JOB


def job(image: str, **spec: Any) -> Manifest:
    template = {
        "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": image}]}
    }
    return {
        "metadata": {"name": "task", "namespace": "demo"},
        "spec": {**spec, "template": template},
    }


async def test_a_job_completes(machine: Any, push_image: Any) -> None:
    image = await push_image("print('done')\n")
    await machine.client.create(JOB, job(image, completions=3, parallelism=2))
    found = await machine.when(JOB, "task", lambda j: is_true(j, "Complete"))
    assert found["status"]["succeeded"] == 3
    assert found["status"]["completionTime"]


async def test_a_job_gives_up_after_its_backoff_limit(machine: Any, push_image: Any) -> None:
    image = await push_image("raise SystemExit(1)\n")
    await machine.client.create(JOB, job(image, backoffLimit=1))
    found = await machine.when(JOB, "task", lambda j: is_true(j, "Failed"))
    condition = condition_of(found, "Failed")
    assert condition is not None
    assert condition["reason"] == "BackoffLimitExceeded"
    assert found["status"]["failed"] == 2
