"""The instances: what each consists of and how it is."""

from __future__ import annotations

from collections.abc import Sequence

from idp.apps.hub.instances import Instances
from idp.apps.hub.views.board import InstanceState, instance_state
from idp.apps.hub.views.gather import gather, listing
from idp.apps.hub.views.model import View
from idp.capabilities.applications.kinds import WebApplication
from idp.capabilities.environments.kinds import IDPInstance, PromotionPipeline
from idp.capabilities.scanning.kinds import PROFILE, SecurityProfile
from idp.kernel.access import Principal
from idp.kernel.conditions import condition_of
from idp.kernel.errors import IdpError
from idp.kernel.resource import Manifest


class ComponentView(View):
    """A part of an instance.

    Attributes:
        name: Such as `gateway`.
        healthy: Whether it does its work.
        message: What is wrong, or what it does.
    """

    name: str
    healthy: bool
    message: str = ""


class GateView(View):
    """The rules before an environment.

    Attributes:
        previous: Environment that must have verified a release; empty for the first.
        automatic: Whether promotions start by themselves.
        approvals: How many people must approve.
        blocks: Severities of findings that block, such as `critical`.
        needs_approval: Severities of findings that an approver must accept.
    """

    previous: str = ""
    automatic: bool = True
    approvals: int = 0
    blocks: Sequence[str] = ()
    needs_approval: Sequence[str] = ()


class InstanceView(View):
    """One instance.

    Attributes:
        state: How it answered.
        ready: Whether all its parts do their work.
        message: What is wrong, or that all is well.
        remedy: What to do.
        version: Of the platform.
        gateway: Where applications answer.
        applications: How many are deployed, as far as the caller may look.
        components: Its parts.
        gate: The rules before it; None while they are not known.
    """

    state: InstanceState
    ready: bool = False
    message: str = ""
    remedy: str = ""
    version: str = ""
    gateway: str = ""
    applications: int = 0
    components: list[ComponentView]
    gate: GateView | None = None


async def platform(instances: Instances, principal: Principal) -> list[InstanceView]:
    """Ask every instance how it is."""
    kinds = (
        IDPInstance.type(),
        PromotionPipeline.type(),
        SecurityProfile.type(),
        WebApplication.type(),
    )
    answers = await gather(instances, principal, listing(*kinds))
    found = []
    for environment, answer in answers.items():
        state = instance_state(environment, answer)
        if isinstance(answer, IdpError):
            found.append(InstanceView(state=state, message=state.error, components=[]))
            continue
        deployed = len(answer[WebApplication.type().kind])
        view = InstanceView(state=state, applications=deployed, components=[])
        for manifest in answer[IDPInstance.type().kind]:
            status, ready = manifest.get("status") or {}, condition_of(manifest, "Ready") or {}
            view.ready = ready.get("status") == "True"
            view.message, view.remedy = ready.get("message", ""), ready.get("remedy", "")
            view.version, view.gateway = status.get("version", ""), status.get("gateway", "")
            view.components = [ComponentView(**part) for part in status.get("components") or []]
        for manifest in answer[PromotionPipeline.type().kind]:
            if manifest["metadata"]["name"] == "default":
                profiles = answer[SecurityProfile.type().kind]
                view.gate = _gate(PromotionPipeline.parse(manifest), _severities(profiles))
        found.append(view)
    return found


def _severities(profiles: Sequence[Manifest]) -> dict[str, str]:
    """Severity -> what a finding of it means, by the profile in force; empty without one."""
    for manifest in profiles:
        if manifest["metadata"]["name"] == PROFILE:
            return dict(SecurityProfile.parse(manifest).spec.severity.model_dump())
    return {}


def _gate(pipeline: PromotionPipeline, severities: dict[str, str]) -> GateView:
    rules = pipeline.spec
    return GateView(
        previous=rules.previous or "",
        automatic=rules.automatic,
        approvals=rules.approval.required,
        blocks=[name for name, action in severities.items() if action == "deny"],
        needs_approval=[name for name, action in severities.items() if action == "approve"],
    )
