"""What steps read of their pipeline: earlier steps, the release, the promotion, the rules.

A step trusts an earlier one only when its object says so: the right `uses`, the same promotion,
and `Succeeded`. Its status can be written by the platform alone, so a step object that somebody
made up proves nothing until the platform has really done that step.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from idp.capabilities.environments.kinds import (
    IDPInstance,
    IDPInstanceSpec,
    PromotionPipeline,
)
from idp.capabilities.promotion.decide.exceptions import Exemption
from idp.capabilities.promotion.decide.rules import Rules
from idp.capabilities.promotion.kinds import PipelineStep, Promotion, Release
from idp.capabilities.scanning.kinds import (
    PROFILE,
    SecurityProfile,
    VulnerabilityException,
)
from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import parse_timestamp
from idp.kernel.errors import MissingPrerequisite, NotFound
from idp.kernel.step import StepRun

PIPELINE = "default"
"""Name of the PromotionPipeline that serves every application of an instance."""


class UnprovenStep(MissingPrerequisite):
    """A step stands on an earlier one that did not succeed, or is another's."""

    code = "UnprovenStep"


class PipelineReader:
    """Reads the API server; raises `UnprovenStep` and `NotFound`, which end a step."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def outputs(self, run: StepRun, name: str, uses: str) -> dict[str, Any]:
        """Outputs of an earlier step of the same pipeline.

        Args:
            run: The step that asks.
            name: Of the earlier step's object.
            uses: What it must be.
        """
        manifest = await get_or_none(self._client, PipelineStep.type(), name, run.namespace)
        if manifest is None:
            raise UnprovenStep(f"there is no step {name}, on which this one stands")
        step = PipelineStep.parse(manifest)
        promotion = run.manifest["spec"].get("promotion", "")
        if step.spec.uses != uses:
            raise UnprovenStep(f"step {name} is a {step.spec.uses}, not the {uses} that is needed")
        if step.spec.promotion != promotion:
            raise UnprovenStep(f"step {name} belongs to another promotion")
        if step.status is None or step.status.phase != "Succeeded":
            phase = step.status.phase if step.status else "Pending"
            raise UnprovenStep(f"step {name} has not succeeded: it is {phase}")
        return step.status.outputs

    async def release(self, run: StepRun, name: str) -> Release:
        """A release of the step's namespace."""
        manifest = await get_or_none(self._client, Release.type(), name, run.namespace)
        if manifest is None:
            raise NotFound(
                f"there is no release {name} in namespace {run.namespace}",
                remedy="`idp-cli release list APPLICATION` shows the releases that are known here.",
            )
        return Release.parse(manifest)

    async def promotion(self, run: StepRun) -> Promotion:
        """The promotion that a step belongs to."""
        name = run.manifest["spec"].get("promotion", "")
        manifest = await get_or_none(self._client, Promotion.type(), name, run.namespace)
        if not name or manifest is None:
            raise UnprovenStep(f"step {run.name} belongs to no promotion")
        return Promotion.parse(manifest)

    async def instance(self, environment: str) -> IDPInstanceSpec:
        """What the instance of an environment says of itself."""
        manifest = await get_or_none(self._client, IDPInstance.type(), environment)
        if manifest is None:
            raise NotFound(
                f"there is no IDPInstance {environment}, so it is not known what images it can run",
                remedy="Restart the instance: it states itself when it starts.",
            )
        return IDPInstance.parse(manifest).spec

    async def rules_of(self, policy_version: object) -> Rules:
        """The rules in force, when they are still those that an earlier step decided by.

        Raises:
            UnprovenStep: They changed meanwhile: what was decided by the old ones is void.
        """
        rules = await self.rules()
        if policy_version != rules.policy_version:
            raise UnprovenStep(
                "the rules of the PromotionPipeline or the SecurityProfile changed during this "
                "promotion",
                remedy="Start the promotion again: it is judged by the new rules.",
            )
        return rules

    async def rules(self) -> Rules:
        """The rules that are in force in this instance."""
        pipeline = await get_or_none(self._client, PromotionPipeline.type(), PIPELINE)
        if pipeline is None:
            raise NotFound(
                f"this instance has no PromotionPipeline {PIPELINE}, so nothing may pass",
                remedy="The instance makes its default pipeline anew: start again in a minute.",
            )
        profile = await get_or_none(self._client, SecurityProfile.type(), PROFILE)
        if profile is None:
            raise NotFound(
                f"this instance has no SecurityProfile {PROFILE}, so nothing may pass",
                remedy="The instance makes its default profile anew: start again in a minute.",
            )
        return Rules(PromotionPipeline.parse(pipeline).spec, SecurityProfile.parse(profile).spec)

    async def demand_standing(
        self, decided: Mapping[str, Any], namespace: str, now: datetime
    ) -> None:
        """Check that what a verdict stands on is still there.

        Args:
            decided: With the verdict's `validUntil` and `exceptions`.
            namespace: Of the exceptions.
            now: The present.

        Raises:
            UnprovenStep: Its evidence is too old by now, or an exception was revoked.
        """
        again = "Start the promotion again: it is judged anew."
        until = decided.get("validUntil")
        if until and parse_timestamp(until) <= now:
            raise UnprovenStep(
                f"the verdict held until {until}: what it stands on is too old", remedy=again
            )
        present = {exemption.uid for exemption in await self.exemptions(namespace)}
        for exception in decided.get("exceptions") or []:
            if exception["uid"] not in present:
                raise UnprovenStep(
                    f"exception {exception['name']}, on which the verdict stands, was revoked",
                    remedy=again,
                )

    async def exemptions(self, namespace: str) -> list[Exemption]:
        """All exceptions of a namespace, those that do not count included."""
        listed = await self._client.list(VulnerabilityException.type(), namespace)
        return [Exemption.of(VulnerabilityException.parse(body)) for body in listed.items]
