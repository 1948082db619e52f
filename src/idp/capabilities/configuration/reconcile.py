"""Gather, decide, deliver the ConfigMap, say so. Thin: the rules are in `decide` and `render`."""

from __future__ import annotations

from idp.capabilities.configuration.decide import deliverable
from idp.capabilities.configuration.kinds import (
    DIGEST_ANNOTATION,
    ApplicationConfiguration,
    ApplicationConfigurationStatus,
)
from idp.capabilities.configuration.render import config_map
from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import Clock, utc_now
from idp.kernel.conditions import false, set_condition
from idp.kernel.controller import Request, Result
from idp.kernel.errors import Invalid
from idp.kernel.manifest import owned_by
from idp.kernel.resource import Condition, Manifest
from idp.kernel.standard import CONFIG_MAP

FIELD_MANAGER = "idp-configuration"


class ConfigurationReconciler:
    """Delivers one ApplicationConfiguration as the ConfigMap of this environment."""

    def __init__(self, client: Client, environment: str, *, clock: Clock = utc_now) -> None:
        self._client = client
        self._environment = environment
        self._clock = clock

    async def __call__(self, request: Request) -> Result:
        """Reconcile the configuration of this name; a deleted one is garbage collected."""
        manifest = await get_or_none(
            self._client, ApplicationConfiguration.type(), request.name, request.namespace
        )
        if manifest is None or manifest["metadata"].get("deletionTimestamp"):
            return Result()
        try:
            configuration = ApplicationConfiguration.parse(manifest)
        except Invalid as error:
            remedy = "Change the fields named, or upgrade the platform."
            await self._write(manifest, false("Ready", "InvalidSpec", str(error), remedy=remedy))
            return Result()
        rendered = config_map(configuration, self._environment)
        live = await get_or_none(self._client, CONFIG_MAP, request.name, request.namespace)
        ready = deliverable(configuration, self._environment, rendered, live)
        if ready.status == "True":
            (owned,) = owned_by(manifest, [rendered])
            live = await self._client.apply(CONFIG_MAP, owned, field_manager=FIELD_MANAGER)
        await self._write(manifest, ready, delivered=live if ready.reason != "NameTaken" else None)
        return Result()

    async def _write(
        self, manifest: Manifest, ready: Condition, delivered: Manifest | None = None
    ) -> None:
        meta, before = manifest["metadata"], manifest.get("status") or {}
        generation = meta.get("generation", 0)
        ready = ready.model_copy(update={"observed_generation": generation})
        old = [Condition.model_validate(c) for c in before.get("conditions") or []]
        status = ApplicationConfigurationStatus(
            environment=self._environment,
            config_map=delivered["metadata"]["name"] if delivered else "",
            digest=_digest(delivered) if delivered else "",
            observed_generation=generation,
            conditions=set_condition(old, ready, now=self._clock().replace(microsecond=0)),
        )
        after = status.model_dump(mode="json", by_alias=True, exclude_none=True)
        if after != before:
            await self._client.patch(
                ApplicationConfiguration.type(),
                meta["name"],
                {"status": after},
                meta["namespace"],
                subresource="status",
            )


def _digest(config_map: Manifest) -> str:
    annotations = config_map["metadata"].get("annotations") or {}
    return str(annotations.get(DIGEST_ANNOTATION, ""))
