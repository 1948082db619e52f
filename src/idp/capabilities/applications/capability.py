"""Builds the capability `applications`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from idp.capabilities.applications.kinds import WebApplication
from idp.capabilities.applications.reconcile import ApplicationReconciler, Settings
from idp.capabilities.applications.render import RENDERED_TYPES
from idp.capabilities.applications.render.names import NAME_LABEL
from idp.capabilities.applications.watches import ApplicationIndex, release_changed
from idp.capabilities.configuration.kinds import ApplicationConfiguration
from idp.capabilities.promotion.kinds import Release
from idp.kernel.capability import Capability, Context
from idp.kernel.client import Client
from idp.kernel.controller import Controller, Request, Runnable, Watch, owner_of
from idp.kernel.errors import InvalidInput
from idp.kernel.resource import Manifest
from idp.kernel.standard import CONFIG_MAP, POD

_MANAGED = "app.kubernetes.io/managed-by=idp"


def settings(context: Context) -> Settings:
    """Read `options["admission"]` (`enforce` or `off`) and `options["enforces"]` (a list).

    Raises:
        InvalidInput: `admission` is something else: a misspelt gate must not stand open.
    """
    admission = context.options.get("admission", "off")
    if admission not in ("enforce", "off"):
        raise InvalidInput(
            f"option admission is {admission!r}", remedy="Set it to `enforce` or `off`."
        )
    return Settings(
        environment=context.environment,
        gateway_port=context.gateway_port,
        admission=admission == "enforce",
        enforces=frozenset(context.options.get("enforces", ())),
    )


def application_controller(client: Client, settings: Settings) -> Controller:
    """The controller of WebApplications, with every watch that may change one's state."""
    index = ApplicationIndex(settings.environment)
    watches = [
        Watch(WebApplication.type(), index.application_changed),
        Watch(ApplicationConfiguration.type(), index.configuration_changed),
        Watch(CONFIG_MAP, index.configuration_changed, label_selector=_MANAGED),
        Watch(POD, _application_of_pod, label_selector=_MANAGED),
        *(Watch(t, owner_of("WebApplication"), label_selector=_MANAGED) for t in RENDERED_TYPES),
    ]
    if settings.admission:
        watches.append(Watch(Release.type(), release_changed))
    return Controller("applications", client, ApplicationReconciler(client, settings), watches)


def _application_of_pod(pod: Manifest) -> Iterable[Request]:
    meta = pod["metadata"]
    name = (meta.get("labels") or {}).get(NAME_LABEL)
    return [Request(meta["namespace"], name)] if name else []


def controllers(context: Context) -> Sequence[Runnable]:
    """What runs inside an instance."""
    return [application_controller(context.client, settings(context))]


CAPABILITY = Capability(name="applications", kinds=(WebApplication,), controllers=controllers)
