"""What an application is told in each environment, side by side, and who may call whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import ConfigDict

from idp.apps.hub.instances import Instances
from idp.apps.hub.views.board import InstanceState, instance_state
from idp.apps.hub.views.fields import leaves
from idp.apps.hub.views.gather import Listed, gather, listing
from idp.apps.hub.views.model import View
from idp.capabilities.applications.kinds import WebApplication
from idp.capabilities.configuration.kinds import CONFIGURATION_KEY, ApplicationConfiguration
from idp.kernel.access import Principal
from idp.kernel.errors import IdpError, NotFound
from idp.kernel.resource import Manifest
from idp.kernel.standard import CONFIG_MAP
from idp.kernel.strict_yaml import load_documents


class EnvironmentSettings(View):
    """An application's settings in one environment.

    Attributes:
        environment: The instance.
        manifest: The WebApplication as it is there; None when it is not.
        application: Its spec by path.
        configuration: The delivered values by path.
        message: Where the values come from, or why there are none.
    """

    environment: str
    manifest: dict[str, Any] | None = None
    application: dict[str, str]
    configuration: dict[str, str]
    message: str = ""


class CallView(View):
    """Whether one application may call another of its namespace.

    Attributes:
        environment: Where.
        source: Who calls.
        destination: Who is called.
        allowed: `stated`: it is on the caller's list; `open`: the caller has no list; `denied`: it
            is on the list of those that the caller must never call.
    """

    environment: str
    source: str
    destination: str
    allowed: Literal["stated", "open", "denied"]


class ApplicationSettings(View):
    """The settings of an application.

    Attributes:
        instances: How each instance answered.
        environments: In the order of promotion.
        calls: From and to the application.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "environments": [
                        {
                            "environment": "uat",
                            "application": {"replicas": "2"},
                            "configuration": {"greeting": "hello"},
                            "message": "ConfigMap hello-config holds the values of uat.",
                        }
                    ],
                    "calls": [
                        {
                            "environment": "uat",
                            "source": "shop",
                            "destination": "hello",
                            "allowed": "stated",
                        }
                    ],
                }
            ]
        }
    )

    instances: list[InstanceState]
    environments: list[EnvironmentSettings]
    calls: list[CallView]


async def application_settings(
    instances: Instances, principal: Principal, namespace: str, name: str
) -> ApplicationSettings:
    """Ask every instance what it tells the application.

    Raises:
        NotFound: No instance that answered has it.
    """
    kinds = (WebApplication.type(), ApplicationConfiguration.type(), CONFIG_MAP)
    answers = await gather(instances, principal, listing(*kinds, namespace=namespace))
    listed = {e: {} if isinstance(a, IdpError) else a for e, a in answers.items()}
    found = describe(listed, name)
    if all(place.manifest is None for place in found):
        raise NotFound(
            f"no environment has the application {namespace}/{name} yet",
            remedy="A release arrives by promotion; the board shows how far it is.",
        )
    return ApplicationSettings(
        instances=[instance_state(e, answer) for e, answer in answers.items()],
        environments=found,
        calls=calls(listed, name),
    )


def describe(listed: Mapping[str, Listed], name: str) -> list[EnvironmentSettings]:
    """The settings in each environment. Pure."""
    return [_settings(environment, objects, name) for environment, objects in listed.items()]


def _settings(environment: str, objects: Listed, name: str) -> EnvironmentSettings:
    manifest = _named(objects, WebApplication.type().kind, name)
    view = EnvironmentSettings(environment=environment, application={}, configuration={})
    if manifest is None:
        return view
    view.manifest = _shown(manifest)
    view.application = dict(leaves("", manifest["spec"]))
    wanted = manifest["spec"].get("configuration") or f"{name}-config"
    declared = _named(objects, ApplicationConfiguration.type().kind, wanted)
    if declared is None:
        view.message = "It declares no configuration."
        return view
    status = declared.get("status") or {}
    conditions = status.get("conditions") or [{}]
    view.message = str(conditions[0].get("message", ""))
    held = _named(objects, CONFIG_MAP.kind, str(status.get("configMap", "")))
    text = ((held or {}).get("data") or {}).get(CONFIGURATION_KEY, "")
    for values in load_documents(text.encode(), name=CONFIGURATION_KEY):
        view.configuration.update(leaves("", values or {}))
    return view


def _named(objects: Listed, kind: str, name: str) -> Manifest | None:
    return next((m for m in objects.get(kind, ()) if m["metadata"]["name"] == name), None)


def _shown(manifest: Manifest) -> Manifest:
    """A manifest without the API's bookkeeping."""
    metadata = {k: v for k, v in manifest["metadata"].items() if k != "managedFields"}
    return {**manifest, "metadata": metadata}


def calls(listed: Mapping[str, Listed], name: str) -> list[CallView]:
    """Who may call the application, and whom it may call, within its namespace. Pure."""
    found = []
    for environment, objects in listed.items():
        known = {m["metadata"]["name"]: m for m in objects.get(WebApplication.type().kind, ())}
        if name not in known:
            continue
        for other in sorted(known):
            if other == name:
                continue
            for source, destination in ((name, other), (other, name)):
                allowed = _allowed(known[source]["spec"], destination)
                if allowed is not None:
                    found.append(
                        CallView(
                            environment=environment,
                            source=source,
                            destination=destination,
                            allowed=allowed,
                        )
                    )
    return found


def _allowed(spec: Manifest, destination: str) -> Literal["stated", "open", "denied"] | None:
    """What the caller's spec says of a destination; None when its list leaves it out."""
    communication = spec.get("communication") or {}
    if destination in (communication.get("deniedDestinations") or []):
        return "denied"
    stated = communication.get("allowedDestinations")
    if stated is None:
        return "open"
    return "stated" if destination in stated else None
