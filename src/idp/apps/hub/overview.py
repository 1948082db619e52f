"""Every application in every environment, as the caller may see it.

The instances are asked side by side, each within a deadline; one that does not answer shows as such
and holds up nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, Field

from idp.apps.hub.instances import Instances
from idp.apps.hub.views.gather import DEADLINE_SECONDS, Listed, gather, listing
from idp.capabilities.applications.kinds import WebApplication
from idp.capabilities.promotion.kinds import Promotion, Release
from idp.kernel.access import Principal
from idp.kernel.conditions import condition_of
from idp.kernel.errors import IdpError
from idp.kernel.resource import Manifest, ResourceType

Health = Literal["Healthy", "Progressing", "Degraded", "Missing", "Unknown"]


class ApplicationRow(BaseModel):
    """One application in one environment.

    Attributes:
        namespace: Where it lives.
        application: Its name.
        environment: The instance.
        release: Version of the release that is deployed; empty when none is.
        digest: Digest of the image that the ready replicas run; empty while none is ready.
        url: Where it answers.
        health: `Missing` when it is not deployed there, `Unknown` when the instance is silent.
        message: What is wrong, or what is waited for.
        remedy: What to do.
        promotion: Promotion that is under way, if any.
    """

    namespace: str
    application: str
    environment: str
    release: str = ""
    digest: str = ""
    url: str = ""
    health: Health = "Missing"
    message: str = ""
    remedy: str = ""
    promotion: str = ""


class InstanceAnswer(BaseModel):
    """What one instance answered.

    Attributes:
        environment: The instance.
        error: Why it did not answer; empty when it did.
    """

    environment: str
    error: str = ""


class Overview(BaseModel):
    """All rows, and which instances they come from.

    Attributes:
        applications: By namespace, name, and the order of promotion.
        instances: How each instance answered.
    """

    applications: list[ApplicationRow] = Field(default_factory=list)
    instances: list[InstanceAnswer] = Field(default_factory=list)


_KINDS: tuple[ResourceType, ...] = (WebApplication.type(), Release.type(), Promotion.type())


async def overview(
    instances: Instances, principal: Principal, *, deadline: float = DEADLINE_SECONDS
) -> Overview:
    """Ask every instance with the caller's rights."""
    answers = await gather(instances, principal, listing(*_KINDS), deadline=deadline)
    errors = {
        environment: answer.message if isinstance(answer, IdpError) else ""
        for environment, answer in answers.items()
    }
    listed: dict[str, Listed] = {
        environment: {} if isinstance(answer, IdpError) else answer
        for environment, answer in answers.items()
    }
    return Overview(
        applications=rows(listed, errors),
        instances=[InstanceAnswer(environment=e, error=m) for e, m in errors.items()],
    )


def rows(listed: Mapping[str, Listed], errors: Mapping[str, str]) -> list[ApplicationRow]:
    """A row for each application and environment, also where it is not deployed. Pure."""
    names = {
        (manifest["metadata"]["namespace"], manifest["metadata"]["name"])
        for objects in listed.values()
        for manifest in objects.get("WebApplication", ())
    }
    return [
        _row(namespace, name, environment, objects, errors.get(environment, ""))
        for namespace, name in sorted(names)
        for environment, objects in listed.items()
    ]


def _row(
    namespace: str, name: str, environment: str, objects: Listed, error: str
) -> ApplicationRow:
    row = ApplicationRow(namespace=namespace, application=name, environment=environment)
    if error:
        return row.model_copy(update={"health": "Unknown", "message": error})
    row.promotion = _under_way(namespace, name, objects.get("Promotion", ()))
    for manifest in objects.get("WebApplication", ()):
        meta = manifest["metadata"]
        if (meta["namespace"], meta["name"]) == (namespace, name):
            return _describe(row, manifest)
    return row


def _under_way(namespace: str, name: str, promotions: Sequence[Manifest]) -> str:
    for promotion in promotions:
        if (
            promotion["metadata"]["namespace"] == namespace
            and promotion["spec"]["application"] == name
            and (promotion.get("status") or {}).get("phase", "Pending") in ("Pending", "Running")
        ):
            return str(promotion["metadata"]["name"])
    return ""


def _describe(row: ApplicationRow, manifest: Manifest) -> ApplicationRow:
    status = manifest.get("status") or {}
    ready = condition_of(manifest, "Ready") or {}
    current = ready.get("observedGeneration", 0) >= manifest["metadata"].get("generation", 0)
    return row.model_copy(
        update={
            "release": status.get("release", ""),
            "digest": status.get("image", "").rpartition("@")[2],
            "url": status.get("url", ""),
            "health": health(ready.get("status", ""), ready.get("reason", ""), current=current),
            "message": ready.get("message", ""),
            "remedy": ready.get("remedy", ""),
        }
    )


def health(ready: str, reason: str, *, current: bool) -> Health:
    """Health from the `Ready` condition; one of an older generation says nothing. Pure."""
    if not current or ready in ("", "Unknown"):
        return "Progressing"
    if ready == "True":
        return "Healthy"
    if reason in ("NothingToRun", "WaitingForBuild"):
        return "Missing"
    return "Progressing" if reason in ("Progressing", "RollingOut", "Starting") else "Degraded"
