"""Builds the commit of a Remediation and compares what it contains with the advisories.

The build is an ordinary PipelineStep, which the platform creates: nothing is released, nothing
runs, and the history does not learn of it. The step is owned by the Remediation and goes with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import sqlalchemy

from idp.capabilities.promotion.kinds import PipelineStep
from idp.capabilities.scanning.history.queries import present_findings
from idp.capabilities.scanning.kinds import Remediation, RemediationStatus
from idp.capabilities.scanning.remediation import judge
from idp.capabilities.scanning.reports import ScannerReport
from idp.capabilities.scanning.subjects import Subject, subject_of_build
from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import Clock, timestamp, utc_now
from idp.kernel.conditions import false, true
from idp.kernel.controller import Controller, Request, Result, Watch, owner_of
from idp.kernel.errors import AlreadyExists, IdpError
from idp.kernel.manifest import owned_by, render
from idp.kernel.resource import Condition, Manifest
from idp.kernel.status import dated, write_status

BUILD_SECONDS = 900
Examine = Callable[[Subject], Awaitable[ScannerReport]]
"""Compares what an image contains with the advisories."""


class RemediationReconciler:
    """Reconciles Remediations, in the environment that builds."""

    def __init__(
        self,
        client: Client,
        database: sqlalchemy.Engine,
        examine: Examine,
        clock: Clock = utc_now,
    ) -> None:
        self._client = client
        self._database = database
        self._examine = examine
        self._clock = clock

    def controller(self) -> Controller:
        """The controller; it hears of its builds."""
        watches = [
            Watch(Remediation.type()),
            Watch(PipelineStep.type(), owner_of(Remediation.type().kind)),
        ]
        return Controller("remediations", self._client, self, watches, workers=1)

    async def __call__(self, request: Request) -> Result:
        """Build, compare, state; what has ended stays as it is."""
        manifest = await get_or_none(
            self._client, Remediation.type(), request.name, request.namespace
        )
        if manifest is None:
            return Result()
        remediation = Remediation.parse(manifest)
        if remediation.status is not None and remediation.status.phase != "Testing":
            return Result()
        step = await self._build(manifest, remediation)
        status = await self._status(remediation, step)
        status.conditions = dated(manifest, _condition(status), self._clock())
        await write_status(self._client, Remediation.type(), manifest, status)
        return Result()

    async def _build(self, manifest: Manifest, remediation: Remediation) -> Manifest:
        """The step that builds the commit; created once."""
        name, namespace = f"{remediation.name}-build", remediation.namespace
        known = await get_or_none(self._client, PipelineStep.type(), name, namespace)
        if known is not None:
            return known
        spec = remediation.spec
        step = render(
            PipelineStep.type(),
            name,
            namespace,
            spec={
                "uses": "build",
                "with": {
                    "application": spec.application,
                    "repository": f"{namespace}/{spec.application}",
                    "revision": spec.commit,
                    "author": spec.author,
                },
                "deadlineSeconds": BUILD_SECONDS,
            },
        )
        (owned,) = owned_by(manifest, [step])
        try:
            return await self._client.create(PipelineStep.type(), owned)
        except AlreadyExists:
            return await self._client.get(PipelineStep.type(), name, namespace)

    async def _status(self, remediation: Remediation, step: Manifest) -> RemediationStatus:
        name, state = step["metadata"]["name"], step.get("status") or {}
        phase = state.get("phase", "Pending")
        if phase == "Failed":
            said = f"it does not build: {state.get('message', '')}"[:2000]
            return RemediationStatus(phase="Failed", message=said, build=name)
        if phase != "Succeeded":
            said = state.get("message") or "it waits to be built"
            return RemediationStatus(message=said, build=name)
        try:
            subject = await subject_of_build(self._client, name, remediation.namespace)
            why = await self._judge(remediation, await self._examine(subject))
        except IdpError as error:
            if error.retryable:
                raise
            why = error.message
        if why:
            return RemediationStatus(phase="Failed", message=why[:2000], build=name)
        spec = remediation.spec
        said = f"{', '.join(spec.findings)} is gone with {spec.package} {spec.version}"
        return RemediationStatus(phase="Tested", message=said[:2000], build=name)

    async def _judge(self, remediation: Remediation, report: ScannerReport) -> str:
        spec = remediation.spec
        now = timestamp(self._clock())
        found = await asyncio.to_thread(
            present_findings, self._database, remediation.namespace, now
        )
        present = [
            name for f in found.get(spec.application, []) for name in (f.finding, *f.aliases)
        ]
        return judge(report, spec.package, spec.findings, present)


def _condition(status: RemediationStatus) -> Condition:
    if status.phase == "Tested":
        return true("Tested", "Helps", status.message)
    if status.phase == "Failed":
        remedy = "Raise it by hand and push, or ask for an exception."
        return false("Tested", "DoesNotHelp", status.message, remedy=remedy)
    return false("Tested", "Testing", status.message)
