"""Rotates and revokes the signing keys of instances, and pins them at all instances.

One at a time on a machine: the pins of an instance are one file, which two could overwrite. What
was done stands in the audit of the environment whose key it is; when that was interrupted, it is
written down by who finishes it.
"""

from __future__ import annotations

import fcntl
import getpass
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise

from idp.apps.platform.layout import Layout
from idp.apps.platform.pins import pin
from idp.apps.platform.settings import PlatformSettings, require_settings
from idp.capabilities.signing.ring import (
    RING_FILE,
    Publish,
    Ring,
    RingKey,
    converge,
    read_ring,
    revoke,
    rotate,
)
from idp.kernel.audit import AuditLog
from idp.kernel.audit_entry import AuditEntry
from idp.kernel.clock import timestamp
from idp.kernel.database import open_database
from idp.kernel.errors import NotFound
from idp.kernel.trust import PinnedKey


def list_keys(layout: Layout, environment: str) -> Ring:
    """The keys of an environment, oldest first; an interrupted rotation is finished before."""
    settings = _settings(layout, environment)
    with _alone(layout):
        folder = layout.instance(environment).keys
        converge(folder, _publisher(layout, settings, environment))
        _record(layout, environment)
        return read_ring(folder)


def rotate_key(layout: Layout, environment: str, now: datetime, overlap: timedelta) -> RingKey:
    """See `ring.rotate`."""
    settings = _settings(layout, environment)
    with _alone(layout):
        publish = _publisher(layout, settings, environment)
        key = rotate(layout.instance(environment).keys, now, overlap, publish)
        _record(layout, environment)
        return key


def revoke_key(
    layout: Layout, environment: str, identity: str, reason: str, since: datetime | None
) -> RingKey:
    """See `ring.revoke`."""
    settings = _settings(layout, environment)
    with _alone(layout):
        publish = _publisher(layout, settings, environment)
        key = revoke(layout.instance(environment).keys, identity, reason, since, publish)
        _record(layout, environment)
        return key


def settle_keys(layout: Layout, settings: PlatformSettings) -> None:
    """Finish what was interrupted, of all instances."""
    with _alone(layout):
        for environment in settings.instances:
            folder = layout.instance(environment).keys
            converge(folder, _publisher(layout, settings, environment))
            _record(layout, environment)


def _record(layout: Layout, environment: str) -> None:
    """Write down what was done to the keys and is not in the audit yet."""
    folders = layout.instance(environment)
    if not (folders.keys / RING_FILE).exists():
        return
    # All slices are loaded for their migrations: only where a key was ever replaced.
    from idp.apps.capabilities import capabilities

    migrations = [path for capability in capabilities() for path in capability.migrations]
    database = open_database(f"sqlite:///{folders.history}", migrations)
    audit = AuditLog(database)
    for entry in ring_entries(read_ring(folders.keys), f"machine:{getpass.getuser()}"):
        known = audit.search(text=entry.target)
        if not any((one.action, one.target) == (entry.action, entry.target) for one in known):
            audit.append_all([entry])
    database.dispose()


def ring_entries(ring: Ring, actor: str) -> list[AuditEntry]:
    """What was done to the keys of a ring, as the audit tells it. Pure.

    Args:
        ring: The keys.
        actor: Who did it, as far as the machine knows.
    """
    entries = []
    for before, key in pairwise(ring.keys):
        facts = {"replaces": before.id, **_times(notBefore=key.not_before)}
        facts |= _times(formerUntil=before.not_after)
        entries.append(AuditEntry(actor, "rotate signingkeys", key.id, facts))
    for key in ring.keys:
        if key.revoked is not None:
            facts = {"reason": key.revoked.reason, **_times(since=key.revoked.since)}
            entries.append(AuditEntry(actor, "revoke signingkeys", key.id, facts))
    return entries


def _times(**moments: datetime | None) -> dict[str, str]:
    return {name: timestamp(moment) for name, moment in moments.items() if moment is not None}


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
