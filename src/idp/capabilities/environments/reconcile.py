"""States what is true of the instance and of its pipeline, and makes the default pipeline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from idp.capabilities.environments.kinds import (
    ComponentStatus,
    IDPInstance,
    IDPInstanceStatus,
    PromotionPipeline,
    PromotionPipelineSpec,
    PromotionPipelineStatus,
)
from idp.capabilities.environments.render import PIPELINE, default_pipeline
from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import Clock, utc_now
from idp.kernel.conditions import false, true
from idp.kernel.controller import Controller, Request, Result, Watch
from idp.kernel.errors import AlreadyExists, Invalid
from idp.kernel.resource import Condition, Manifest
from idp.kernel.status import dated, write_status

log = structlog.get_logger(__name__)

LOOK_AGAIN = 10.0


@dataclass(frozen=True)
class InstanceFacts:
    """What does not change while an instance runs.

    Attributes:
        environment: Its name.
        version: Version of the platform.
        gateway: Address under which applications answer.
        public_key: PEM text.
        components: How the parts do; None when nobody knows.
    """

    environment: str
    version: str
    gateway: str
    public_key: str
    components: Callable[[], Sequence[ComponentStatus]] | None = None


class InstanceReconciler:
    """Reconciles the IDPInstance; the default pipeline is made when it is not there."""

    def __init__(self, client: Client, facts: InstanceFacts, clock: Clock = utc_now) -> None:
        self._client = client
        self._facts = facts
        self._clock = clock

    def controller(self) -> Controller:
        """The controller; a deleted pipeline comes back."""
        watches = [Watch(IDPInstance.type())]
        return Controller("instances", self._client, self, watches, workers=1)

    async def __call__(self, request: Request) -> Result:
        """Make the pipeline, state the instance."""
        manifest = await get_or_none(self._client, IDPInstance.type(), request.name)
        if manifest is None:
            return Result()
        environment = manifest["spec"]["environment"]
        if environment == self._facts.environment:
            await self._ensure_pipeline()
        await write_status(self._client, IDPInstance.type(), manifest, self._status(manifest))
        return Result(requeue_after=LOOK_AGAIN)

    async def _ensure_pipeline(self) -> None:
        """Create it only: what people changed in it stays."""
        if await get_or_none(self._client, PromotionPipeline.type(), PIPELINE) is not None:
            return
        try:
            wanted = default_pipeline(self._facts.environment)
            await self._client.create(PromotionPipeline.type(), wanted)
        except AlreadyExists:
            log.debug("somebody else created the pipeline")

    def _status(self, manifest: Manifest) -> IDPInstanceStatus:
        environment = manifest["spec"]["environment"]
        if environment != self._facts.environment:
            condition = false(
                "Ready",
                "OtherEnvironment",
                f"this instance serves {self._facts.environment}, not {environment}",
                remedy="Delete this object: every instance states its own.",
            )
            return IDPInstanceStatus(conditions=dated(manifest, condition, self._clock()))
        components = list(self._facts.components()) if self._facts.components else []
        return IDPInstanceStatus(
            version=self._facts.version,
            gateway=self._facts.gateway,
            public_key=self._facts.public_key,
            components=components,
            conditions=dated(manifest, _ready(components), self._clock()),
        )


class PipelineReconciler:
    """Reconciles PromotionPipelines: states their policy version."""

    def __init__(self, client: Client, clock: Clock = utc_now) -> None:
        self._client = client
        self._clock = clock

    def controller(self) -> Controller:
        """The controller."""
        watches = [Watch(PromotionPipeline.type())]
        return Controller("promotion-pipelines", self._client, self, watches, workers=1)

    async def __call__(self, request: Request) -> Result:
        """State the version, or that the object serves nothing."""
        manifest = await get_or_none(self._client, PromotionPipeline.type(), request.name)
        if manifest is None:
            return Result()
        status = PromotionPipelineStatus()
        try:
            spec: PromotionPipelineSpec = PromotionPipeline.parse(manifest).spec
            status.version = spec.version
            condition = _serves(request.name)
        except Invalid as error:
            remedy = "Correct the fields that are named."
            condition = false("Ready", "Invalid", error.message, remedy=remedy)
        status.conditions = dated(manifest, condition, self._clock())
        await write_status(self._client, PromotionPipeline.type(), manifest, status)
        return Result()


def _ready(components: Sequence[ComponentStatus]) -> Condition:
    ill = [c for c in components if not c.healthy]
    if not ill:
        return true("Ready", "AllHealthy", f"{len(components)} parts do their work")
    message = "; ".join(f"{c.name}: {c.message}" for c in ill)
    return false("Ready", "PartsFailed", message, remedy="Read the instance's log.")


def _serves(name: str) -> Condition:
    if name == PIPELINE:
        return true("Ready", "InForce", "it decides for every application of this instance")
    return false(
        "Ready",
        "NotUsed",
        f"only the object named {PIPELINE} is read",
        remedy=f"Move its rules into {PIPELINE}, and delete this one.",
    )
