"""A large blob to the hub's registry and back, beside the speed of its digest."""

from __future__ import annotations

import hashlib
import secrets
import time

from benchmarks.figure import Figure, Peer
from benchmarks.stage import Stage
from idp.apps.platform.files import read_json
from idp.kernel.capability import Remote
from idp.protocols.oci.client import HttpRegistry

REPOSITORY = "demo/benchmark"
MEGABYTES = 60


async def measure(stage: Stage) -> list[Figure]:
    """Push and pull as the instance `development` does."""
    assert stage.set_up_seconds
    credential = read_json(stage.layout.instance("development").hub_credential)
    content = secrets.token_bytes(MEGABYTES * 10**6)
    started = time.monotonic()
    hashlib.sha256(content).hexdigest()
    sha256 = Peer("sha256 in one thread", MEGABYTES / (time.monotonic() - started))
    remote = Remote(stage.settings.hub_url, credential["name"], credential["password"])
    async with HttpRegistry(remote) as registry:
        started = time.monotonic()
        blob = await registry.push_blob(REPOSITORY, content, "application/octet-stream")
        pushed = MEGABYTES / (time.monotonic() - started)
        started = time.monotonic()
        async for _ in registry.stream_blob(REPOSITORY, blob.digest):
            pass
        pulled = MEGABYTES / (time.monotonic() - started)
    note = f"one blob of {MEGABYTES} MB; client and hub compute the digest"
    return [
        Figure("Registry: push", pushed, "MB/s", peer=sha256, note=note),
        Figure("Registry: pull", pulled, "MB/s", peer=sha256),
    ]
