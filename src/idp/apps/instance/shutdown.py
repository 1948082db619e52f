"""Stops what an instance leaves running on purpose when it ends: pods and the gateway."""

from __future__ import annotations

import asyncio

from idp.apps.platform.layout import InstanceLayout
from idp.embedded.gateway.process import stop_gateway
from idp.embedded.workloads.pods.orphans import stop_everything


async def stop_outliving(layouts: list[InstanceLayout]) -> None:
    """Stop the applications and gateways of instances that are down themselves, side by side."""
    await asyncio.gather(
        *(stop_everything(layout.workloads) for layout in layouts),
        *(stop_gateway(layout.gateway) for layout in layouts),
    )
