"""Gather, decide, render, apply; then say what is true. Thin: the rules are in `decide`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import structlog

from idp.capabilities.applications.decide import Observed, Plan, owned_elsewhere, plan
from idp.capabilities.applications.decide.configuration import configuration_name
from idp.capabilities.applications.decide.pods import is_ready, running_image
from idp.capabilities.applications.decide.readiness import ready
from idp.capabilities.applications.kinds import WebApplication, WebApplicationStatus
from idp.capabilities.applications.render import RENDERED_TYPES, render
from idp.capabilities.applications.render.names import CONTAINER, NAME_LABEL, release
from idp.capabilities.configuration.kinds import ApplicationConfiguration
from idp.capabilities.promotion.kinds import Release
from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import Clock, utc_now
from idp.kernel.conditions import false, set_condition
from idp.kernel.controller import Request, Result
from idp.kernel.errors import Invalid, NotFound
from idp.kernel.manifest import MANAGED_BY, owned_by
from idp.kernel.resource import Condition, Manifest
from idp.kernel.standard import CONFIG_MAP, DEPLOYMENT, POD

log = structlog.get_logger(__name__)

FIELD_MANAGER = "idp-applications"
_TYPES = {resource_type.kind: resource_type for resource_type in RENDERED_TYPES}


@dataclass(frozen=True)
class Settings:
    """What the instance decides.

    Attributes:
        environment: Its name.
        gateway_port: Where its gateway listens.
        admission: Whether only images of admitted releases run.
        enforces: Access rules that some component enforces: `authorization`, `communication`.
    """

    environment: str
    gateway_port: int
    admission: bool = False
    enforces: frozenset[str] = frozenset()


class ApplicationReconciler:
    """Makes the objects of one WebApplication what its spec says."""

    def __init__(self, client: Client, settings: Settings, *, clock: Clock = utc_now) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock

    async def __call__(self, request: Request) -> Result:
        """Reconcile the application of this name; a deleted one is garbage collected."""
        manifest = await get_or_none(
            self._client, WebApplication.type(), request.name, request.namespace
        )
        if manifest is None or manifest["metadata"].get("deletionTimestamp"):
            return Result()
        try:
            application = WebApplication.parse(manifest)
        except Invalid as error:
            await self._write(manifest, _unreadable(error))
            return Result()
        observed = await self._gather(application)
        decided = plan(application, self._settings.environment, observed)
        if decided.roll_out:
            await self._roll_out(application, manifest, decided, observed.live)
        await self._write(manifest, await self._status(application, decided))
        return Result()

    async def _gather(self, application: WebApplication) -> Observed:
        namespace = application.namespace
        configuration = configuration_name(application)
        live = [
            await get_or_none(self._client, resource_type, application.name, namespace)
            for resource_type in RENDERED_TYPES
        ]
        return Observed(
            live=[manifest for manifest in live if manifest is not None],
            applications=(await self._client.list(WebApplication.type())).items,
            configuration=await get_or_none(
                self._client, ApplicationConfiguration.type(), configuration, namespace
            ),
            config_map=await get_or_none(self._client, CONFIG_MAP, configuration, namespace),
            releases=await self._releases(namespace),
            enforces=self._settings.enforces,
        )

    async def _releases(self, namespace: str) -> list[Manifest] | None:
        if not self._settings.admission:
            return None
        return (await self._client.list(Release.type(), namespace)).items

    async def _roll_out(
        self, application: WebApplication, owner: Manifest, decided: Plan, live: list[Manifest]
    ) -> None:
        rendered = render(
            application,
            environment=self._settings.environment,
            hosts=decided.hosts,
            configuration=decided.configuration,
        )
        for manifest in owned_by(owner, rendered):
            await self._client.apply(
                _TYPES[manifest["kind"]], manifest, field_manager=FIELD_MANAGER
            )
        await self._delete_others(live, keep={manifest["kind"] for manifest in rendered})

    async def _delete_others(self, live: list[Manifest], keep: set[str]) -> None:
        for manifest in live:
            if manifest["kind"] in keep:
                continue
            meta = manifest["metadata"]
            try:
                await self._client.delete(
                    _TYPES[manifest["kind"]], meta["name"], meta["namespace"], uid=meta["uid"]
                )
            except NotFound:
                continue
            log.info(
                "deleted", kind=manifest["kind"], namespace=meta["namespace"], name=meta["name"]
            )

    async def _status(self, application: WebApplication, decided: Plan) -> WebApplicationStatus:
        deployment = await get_or_none(
            self._client, DEPLOYMENT, application.name, application.namespace
        )
        if deployment is not None and owned_elsewhere(application, [deployment]):
            deployment = None
        pods = await self._pods(application) if deployment is not None else []
        readiness = ready(
            application,
            self._settings.environment,
            conditions_before=decided.conditions,
            hosts=decided.hosts,
            deployment=deployment,
            pods=pods,
        )
        url = f"http://{decided.hosts[0]}:{self._settings.gateway_port}" if decided.hosts else ""
        return WebApplicationStatus(
            url=url if deployment is not None else "",
            image=running_image(pods, CONTAINER),
            ready_replicas=sum(map(is_ready, pods)),
            release=release(application),
            conditions=[readiness, *decided.conditions],
        )

    async def _pods(self, application: WebApplication) -> list[Manifest]:
        labels = {**MANAGED_BY, NAME_LABEL: application.name}
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        listed = await self._client.list(POD, application.namespace, label_selector=selector)
        return listed.items

    async def _write(self, manifest: Manifest, status: WebApplicationStatus) -> None:
        generation = manifest["metadata"].get("generation", 0)
        before = manifest.get("status") or {}
        status.observed_generation = generation
        stated = [
            c.model_copy(update={"observed_generation": generation}) for c in status.conditions
        ]
        status.conditions = self._dated(before.get("conditions") or [], stated)
        after = status.model_dump(mode="json", by_alias=True, exclude_none=True)
        if after == before:
            return
        await self._client.patch(
            WebApplication.type(),
            manifest["metadata"]["name"],
            {"status": after},
            manifest["metadata"]["namespace"],
            subresource="status",
        )

    def _dated(self, before: list[Manifest], after: Iterable[Condition]) -> list[Condition]:
        """Keep the transition time of what did not change; drop conditions no longer stated."""
        now = self._clock().replace(microsecond=0)
        old = {c["type"]: Condition.model_validate(c) for c in before}
        return [set_condition([old[c.type]] if c.type in old else [], c, now=now)[0] for c in after]


def _unreadable(error: Invalid) -> WebApplicationStatus:
    """A stored spec that the model refuses, as after a downgrade: touch nothing, say why."""
    remedy = "Change the fields named, or upgrade the platform."
    return WebApplicationStatus(
        conditions=[
            false(type, "InvalidSpec", str(error), remedy=remedy) for type in ("Ready", "Accepted")
        ]
    )
