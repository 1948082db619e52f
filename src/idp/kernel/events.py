"""Events that are told once."""

from __future__ import annotations

import hashlib

from idp.kernel.client import Client
from idp.kernel.clock import timestamp, utc_now
from idp.kernel.errors import AlreadyExists, NotFound
from idp.kernel.resource import Manifest
from idp.kernel.standard import EVENT, NAMESPACE


async def warn(
    client: Client, namespace: str, *, component: str, subject: str, reason: str, message: str
) -> None:
    """Create a warning, unless the same one was told before.

    Args:
        client: The instance's API.
        namespace: Where it is told; `default` when there is no such namespace.
        component: Who tells it, such as `idp-promotion`.
        subject: What it is about, for a name that is always the same.
        reason: CamelCase word for programs.
        message: For people.
    """
    name = f"{reason.lower()}-{hashlib.sha256(f'{subject} {message}'.encode()).hexdigest()[:16]}"
    for place in (namespace, "default"):
        try:
            await client.create(EVENT, _event(name, place, component, reason, message))
        except AlreadyExists:
            return
        except NotFound:
            continue
        return


def _event(name: str, namespace: str, component: str, reason: str, message: str) -> Manifest:
    now = timestamp(utc_now())
    return {
        "metadata": {"name": name, "namespace": namespace},
        "type": "Warning",
        "reason": reason,
        "message": message[:1024],
        "involvedObject": {
            "apiVersion": NAMESPACE.api_version,
            "kind": NAMESPACE.kind,
            "name": namespace,
            "namespace": namespace,
        },
        "source": {"component": component},
        "reportingComponent": component,
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }
