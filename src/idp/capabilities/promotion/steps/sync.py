"""`sync`: waits until Argo CD has applied the commit, or a later one."""

from __future__ import annotations

from typing import Any

from idp.capabilities.promotion.environment import EnvironmentRepository
from idp.capabilities.promotion.kinds import Name, ObjectName
from idp.capabilities.promotion.steps.pipeline import PipelineReader, UnprovenStep
from idp.kernel.client import Client, get_or_none
from idp.kernel.resource import Manifest, Model
from idp.kernel.standard import ARGO_APPLICATION
from idp.kernel.step import Outcome, StepRun, succeeded, waiting

LOOK_AGAIN = 0.3


class SyncParameters(Model):
    """What must be applied.

    Attributes:
        application: Name of the Argo CD Application.
        change: Name of the `commit` or `revert` step's object.
        uses: Which of the two it is.
    """

    application: Name
    change: ObjectName
    uses: str = "commit"


class SyncStep:
    """Reads the Argo CD Application; what it says is wrong is passed on."""

    uses = "sync"
    parameters = SyncParameters

    def __init__(
        self, client: Client, reader: PipelineReader, environment_repository: EnvironmentRepository
    ) -> None:
        self._client = client
        self._reader = reader
        self._repository = environment_repository

    async def perform(self, run: StepRun, parameters: SyncParameters) -> Outcome:
        """Look how far it is."""
        commit = str(
            (await self._reader.outputs(run, parameters.change, parameters.uses))["commit"]
        )
        name = parameters.application
        application = await get_or_none(self._client, ARGO_APPLICATION, name, run.namespace)
        if application is None:
            raise UnprovenStep(
                f"there is no Argo CD Application {name} in namespace {run.namespace}",
                remedy="Start the promotion again: it creates the Application.",
            )
        status = application.get("status") or {}
        sync = status.get("sync") or {}
        revision = str(sync.get("revision") or "")
        synced = sync.get("status") == "Synced" and revision != ""
        if synced and await self._repository.contains(revision, commit):
            return succeeded(f"Argo CD applied {revision[:12]}", revision=revision)
        return waiting(
            f"Argo CD to apply {commit[:12]}; {_state(sync, revision, status)}",
            reason="WaitingForSync",
            remedy=f"kubectl describe application.argoproj.io {name} --namespace {run.namespace}",
            after=LOOK_AGAIN,
        )


def _state(sync: Manifest, revision: str, status: dict[str, Any]) -> str:
    """What Argo CD says: where it is, and what went wrong."""
    said = f"it is {sync.get('status') or 'not looked at yet'}"
    if revision:
        said += f" at {revision[:12]}"
    operation = status.get("operationState") or {}
    if operation.get("phase") in ("Failed", "Error"):
        said += f"; its last sync failed: {operation.get('message') or 'without a message'}"
    errors = [c for c in status.get("conditions") or [] if str(c.get("type", "")).endswith("Error")]
    return said + "".join(f"; {c['type']}: {c.get('message', '')}" for c in errors[:3])
