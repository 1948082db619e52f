"""Stops what an instance leaves running on purpose when it ends: pods and the gateway."""

from __future__ import annotations

import asyncio

from idp.apps.platform.layout import InstanceLayout
from idp.embedded.gateway.process import stop_gateway
from idp.embedded.workloads.pods.orphans import stop_everything


def stop_outliving(layout: InstanceLayout) -> None:
    """Stop the applications and the gateway of an instance that is down itself."""
    asyncio.run(stop_everything(layout.folder / "workloads"))
    stop_gateway(layout.folder / "gateway")
