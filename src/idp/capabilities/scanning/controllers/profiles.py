"""Makes the default SecurityProfile, and states what is true of profiles."""

from __future__ import annotations

import structlog

from idp.capabilities.environments.kinds import IDPInstance
from idp.capabilities.scanning.kinds import (
    PROFILE,
    SecurityProfile,
    SecurityProfileSpec,
    SecurityProfileStatus,
)
from idp.capabilities.scanning.render import default_profile
from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import Clock, utc_now
from idp.kernel.conditions import false, true
from idp.kernel.controller import Controller, Request, Result, Watch
from idp.kernel.errors import AlreadyExists, Invalid
from idp.kernel.resource import Condition
from idp.kernel.status import dated, write_status

log = structlog.get_logger(__name__)

_DEFAULT = Request("", PROFILE)


class ProfileReconciler:
    """Reconciles SecurityProfiles; the default one is created only: what people changed stays."""

    def __init__(self, client: Client, environment: str, clock: Clock = utc_now) -> None:
        self._client = client
        self._environment = environment
        self._clock = clock

    def controller(self) -> Controller:
        """The controller: IDPInstance calls it first, a deleted profile comes back."""
        watches = [
            Watch(SecurityProfile.type()),
            Watch(IDPInstance.type(), lambda _: [_DEFAULT]),
        ]
        return Controller("security-profiles", self._client, self, watches, workers=1)

    async def __call__(self, request: Request) -> Result:
        """State the version, or that the object serves nothing."""
        manifest = await get_or_none(self._client, SecurityProfile.type(), request.name)
        if manifest is None:
            if request == _DEFAULT:
                await self._make_default()
            return Result()
        status = SecurityProfileStatus()
        try:
            spec: SecurityProfileSpec = SecurityProfile.parse(manifest).spec
            status.version = spec.version
            condition = _serves(request.name)
        except Invalid as error:
            remedy = "Correct the fields that are named; until then nothing passes."
            condition = false("Ready", "Invalid", error.message, remedy=remedy)
        status.conditions = dated(manifest, condition, self._clock())
        await write_status(self._client, SecurityProfile.type(), manifest, status)
        return Result()

    async def _make_default(self) -> None:
        try:
            await self._client.create(SecurityProfile.type(), default_profile(self._environment))
        except AlreadyExists:
            log.debug("somebody else created the profile")


def _serves(name: str) -> Condition:
    if name == PROFILE:
        return true("Ready", "InForce", "it decides for every application of this instance")
    return false(
        "Ready",
        "NotUsed",
        f"only the object named {PROFILE} is read",
        remedy=f"Move its rules into {PROFILE}, and delete this one.",
    )
