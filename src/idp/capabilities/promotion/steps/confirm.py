"""`confirm`: the running digest is the approved one, in every replica, and it is ready."""

from __future__ import annotations

from collections.abc import Sequence

from idp.capabilities.applications.kinds import RELEASE_LABEL, WebApplication
from idp.capabilities.promotion.kinds import Name, ObjectName
from idp.capabilities.promotion.steps.pipeline import PipelineReader
from idp.kernel.client import Client, get_or_none
from idp.kernel.conditions import condition_of, is_true
from idp.kernel.manifest import MANAGED_BY
from idp.kernel.resource import Manifest, Model
from idp.kernel.standard import POD
from idp.kernel.step import Outcome, StepRun, succeeded, waiting

LOOK_AGAIN = 0.3
_NAME_LABEL = "app.kubernetes.io/name"


class ConfirmParameters(Model):
    """What must run.

    Attributes:
        application: Name of the WebApplication.
        change: Name of the `commit` or `revert` step's object.
        uses: Which of the two it is.
    """

    application: Name
    change: ObjectName
    uses: str = "commit"


class ConfirmStep:
    """Compares what was decided with what runs. The deadline's message is what it waited for."""

    uses = "confirm"
    parameters = ConfirmParameters

    def __init__(self, client: Client, reader: PipelineReader) -> None:
        self._client = client
        self._reader = reader

    async def perform(self, run: StepRun, parameters: ConfirmParameters) -> Outcome:
        """Look whether everything is as decided."""
        change = await self._reader.outputs(run, parameters.change, parameters.uses)
        name, image, release = parameters.application, change["image"], change["release"]
        problem, serving = await running(self._client, run.namespace, name, image, release)
        if problem is None:
            return succeeded(
                f"{_count(serving)} {_digest(image)[:19]}",
                image=image,
                digest=_digest(image),
                release=release,
                releaseDigest=change["releaseDigest"],
            )
        return waiting(problem[0], reason="WaitingForRollout", remedy=problem[1], after=LOOK_AGAIN)


async def running(
    client: Client, namespace: str, name: str, image: str, release: str
) -> tuple[tuple[str, str] | None, list[Manifest]]:
    """Whether every replica of an application runs an image, and is ready.

    Returns:
        What is lacking, with the remedy, or None; and the pods that serve.
    """
    application = await get_or_none(client, WebApplication.type(), name, namespace)
    if (problem := _not_yet(application, image, release)) is not None:
        return problem, []
    labels = {**MANAGED_BY, _NAME_LABEL: name}
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    pods = (await client.list(POD, namespace, label_selector=selector)).items
    serving = _serving(pods)
    return _other_pods(serving, image), serving


def _not_yet(application: Manifest | None, image: str, release: str) -> tuple[str, str] | None:
    """What the WebApplication lacks, with the remedy; None when it is as decided. Pure."""
    if application is None:
        return "the WebApplication to be created", ""
    meta, status = application["metadata"], application.get("status") or {}
    name = meta["name"]
    wanted = application["spec"].get("image", "")
    if _digest(wanted) != _digest(image):
        return f"WebApplication {name} to want {_digest(image)[:19]}", ""
    if release and (meta.get("labels") or {}).get(RELEASE_LABEL, "") != release:
        return f"WebApplication {name} to carry release {release}", ""
    if status.get("observedGeneration", 0) < meta.get("generation", 0):
        return f"the controller to see generation {meta.get('generation')} of {name}", ""
    ready = condition_of(application, "Ready") or {}
    if ready.get("status") != "True":
        cause = ready.get("message") or "it has not said why"
        return f"{name} to become ready: {cause}", ready.get("remedy") or ""
    if _digest(status.get("image", "")) != _digest(image):
        return f"all replicas of {name} to run {_digest(image)[:19]}", ""
    return None


def _serving(pods: Sequence[Manifest]) -> list[Manifest]:
    """Those that get requests; the ones of the release before are on their way out."""
    return [p for p in pods if is_true(p, "Ready") and not p["metadata"].get("deletionTimestamp")]


def _other_pods(serving: Sequence[Manifest], image: str) -> tuple[str, str] | None:
    """A pod that serves something else, or none at all; None when all are right. Pure."""
    if not serving:
        return "a replica that can serve", ""
    for pod in serving:
        for container in (pod.get("status") or {}).get("containerStatuses") or [{}]:
            if _digest(container.get("imageID", "")) != _digest(image):
                running = container.get("imageID") or "an unknown image"
                return f"{pod['metadata']['name']} to run the release; it runs {running}", ""
    return None


def _count(pods: Sequence[Manifest]) -> str:
    return "1 replica runs" if len(pods) == 1 else f"{len(pods)} replicas run"


def _digest(image: str) -> str:
    return image.rpartition("@")[2]
