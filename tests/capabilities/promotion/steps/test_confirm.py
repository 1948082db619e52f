from __future__ import annotations

from typing import Any

import pytest

from idp.capabilities.applications.kinds import WebApplication
from idp.capabilities.promotion.steps.confirm import ConfirmStep
from idp.kernel.standard import POD

IMAGE, OTHER = (f"127.0.0.1:8600/demo/hello@sha256:{n:064x}" for n in (1, 2))
READY = {"type": "Ready", "status": "True"}


def application(**status: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "name": "hello",
            "namespace": "demo",
            "labels": {"platform.idp/release": "r1-aaaaaaa"},
        },
        "spec": {"image": IMAGE},
        "status": {"observedGeneration": 1, "conditions": [READY], "image": IMAGE, **status},
    }


async def pod(bench: Any, name: str = "hello-1", image: str = IMAGE, **meta: Any) -> None:
    labels = {"app.kubernetes.io/managed-by": "idp", "app.kubernetes.io/name": "hello"}
    body = {
        "metadata": {"name": name, "namespace": "demo", "labels": labels, **meta},
        "status": {"conditions": [READY], "containerStatuses": [{"imageID": image}]},
    }
    await bench.client.create(POD, body)


async def confirm(bench: Any, manifest: dict[str, Any] | None) -> Any:
    if manifest is not None:
        await bench.client.create(WebApplication.type(), manifest)
    facts = {"image": IMAGE, "release": "r1-aaaaaaa", "releaseDigest": "sha256:r"}
    await bench.done("commit", commit="c", **facts)
    step = ConfirmStep(bench.client, bench.reader)
    return await bench.perform(step, application="hello", change="p-commit")


async def test_confirmed_when_every_replica_runs_the_digest(bench: Any) -> None:
    await pod(bench)
    await pod(bench, "hello-2")
    outcome = await confirm(bench, application())
    assert outcome.phase == "Succeeded"
    assert outcome.outputs["digest"] == IMAGE.rpartition("@")[2]
    assert outcome.outputs["releaseDigest"] == "sha256:r"


def with_image(image: str) -> dict[str, Any]:
    return {**application(), "spec": {"image": image}}


def with_release(release: str) -> dict[str, Any]:
    body = application()
    body["metadata"]["labels"] = {"platform.idp/release": release}
    return body


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        (None, "the WebApplication to be created"),
        (with_image(OTHER), "WebApplication hello to want sha256:"),
        (with_release("r0-bbbbbbb"), "to carry release r1-aaaaaaa"),
        (application(observedGeneration=0), "to see generation 1"),
        (application(image=OTHER), "all replicas of hello to run sha256:"),
        (application(image=""), "all replicas of hello to run sha256:"),
    ],
)
async def test_says_what_it_waits_for(bench: Any, manifest: Any, said: str) -> None:
    await pod(bench)
    outcome = await confirm(bench, manifest)
    assert outcome.phase == "Running"
    assert said in outcome.message


async def test_the_cause_is_the_applications_own(bench: Any) -> None:
    cause = "hello-1 stopped with exit code 1, restarted 3 times: ModuleNotFoundError: flask"
    ready = {"type": "Ready", "status": "False", "message": cause, "remedy": "idp-cli logs hello"}
    outcome = await confirm(bench, application(conditions=[ready]))
    assert outcome.message == f"hello to become ready: {cause}"
    assert outcome.remedy == "idp-cli logs hello"


async def test_a_status_that_lies_is_found_out_by_the_pods(bench: Any) -> None:
    await pod(bench)
    await pod(bench, "hello-old", OTHER)
    outcome = await confirm(bench, application())
    assert outcome.phase == "Running"
    assert f"hello-old to run the release; it runs {OTHER}" in outcome.message


async def test_a_pod_that_is_going_does_not_count(bench: Any) -> None:
    await pod(bench)
    await pod(bench, "old", OTHER, deletionTimestamp="2026-11-24T00:00:00Z", finalizers=["x"])
    outcome = await confirm(bench, application())
    assert outcome.phase == "Succeeded"
    assert outcome.message == f"1 replica runs {IMAGE.rpartition('@')[2][:19]}"


async def test_ready_without_a_pod_is_not_believed(bench: Any) -> None:
    assert (await confirm(bench, application())).message == "a replica that can serve"
