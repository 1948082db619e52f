"""Rotates and revokes the signing keys of instances, and pins them at all instances.

One at a time on a machine: the pins of an instance are one file, which two could overwrite.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from idp.apps.platform.layout import Layout
from idp.apps.platform.pins import pin
from idp.apps.platform.settings import PlatformSettings, require_settings
from idp.capabilities.signing.ring import (
    Publish,
    Ring,
    RingKey,
    converge,
    read_ring,
    revoke,
    rotate,
)
from idp.kernel.errors import NotFound
from idp.kernel.trust import PinnedKey


def list_keys(layout: Layout, environment: str) -> Ring:
    """The keys of an environment, oldest first; an interrupted rotation is finished before."""
    settings = _settings(layout, environment)
    with _alone(layout):
        folder = layout.instance(environment).keys
        converge(folder, _publisher(layout, settings, environment))
        return read_ring(folder)


def rotate_key(layout: Layout, environment: str, now: datetime, overlap: timedelta) -> RingKey:
    """See `ring.rotate`."""
    settings = _settings(layout, environment)
    with _alone(layout):
        publish = _publisher(layout, settings, environment)
        return rotate(layout.instance(environment).keys, now, overlap, publish)


def revoke_key(
    layout: Layout, environment: str, identity: str, reason: str, since: datetime | None
) -> RingKey:
    """See `ring.revoke`."""
    settings = _settings(layout, environment)
    with _alone(layout):
        publish = _publisher(layout, settings, environment)
        return revoke(layout.instance(environment).keys, identity, reason, since, publish)


def settle_keys(layout: Layout, settings: PlatformSettings) -> None:
    """Finish what was interrupted, of all instances."""
    with _alone(layout):
        for environment in settings.instances:
            folder = layout.instance(environment).keys
            converge(folder, _publisher(layout, settings, environment))


def _publisher(layout: Layout, settings: PlatformSettings, environment: str) -> Publish:
    def publish(keys: Sequence[PinnedKey]) -> None:
        for instance in settings.instances:
            pin(layout.instance(instance).trusted_keys, environment, keys)

    return publish


def _settings(layout: Layout, environment: str) -> PlatformSettings:
    settings = require_settings(layout)
    if environment not in settings.instances:
        raise NotFound(
            f"there is no environment {environment!r}",
            remedy=f"The environments are {', '.join(settings.instances)}.",
        )
    return settings


@contextmanager
def _alone(layout: Layout) -> Iterator[None]:
    with (layout.folder / "signing-keys.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
