"""An operator as users of kopf write them; `kopf run` starts it."""

from __future__ import annotations

from typing import Any

import kopf

LAMPS = ("kopf.example", "v1", "lamps")


@kopf.on.create(*LAMPS)
def created(body: kopf.Body, patch: kopf.Patch, **_: Any) -> None:
    """Light the lamp."""
    patch.status["colour"] = body["spec"]["colour"]
    patch.status["handled"] = "create"
    kopf.event(body, type="Normal", reason="Lit", message="the lamp is lit")


@kopf.on.update(*LAMPS)
def updated(body: kopf.Body, patch: kopf.Patch, **_: Any) -> None:
    """Change the colour."""
    patch.status["colour"] = body["spec"]["colour"]
    patch.status["handled"] = "update"


@kopf.on.resume(*LAMPS)
def resumed(patch: kopf.Patch, **_: Any) -> None:
    """Seen again after a restart."""
    patch.status["resumed"] = True


@kopf.on.delete(*LAMPS)
def deleted(**_: Any) -> None:
    """kopf keeps the lamp by its finalizer until this was called."""
