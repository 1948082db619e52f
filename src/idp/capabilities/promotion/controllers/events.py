"""Warnings of this area."""

from __future__ import annotations

from idp.kernel import events
from idp.kernel.client import Client


async def warn(client: Client, namespace: str, *, subject: str, reason: str, message: str) -> None:
    """Tell it once; the arguments are those of `idp.kernel.events.warn`."""
    await events.warn(
        client,
        namespace,
        component="idp-promotion",
        subject=subject,
        reason=reason,
        message=message,
    )
