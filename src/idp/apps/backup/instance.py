"""Instances of the platform: found by their environment, stopped and awaited for a restore."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path

from idp.apps.backup.archive import Manifest
from idp.apps.backup.contents import Source, authorities_in
from idp.apps.backup.restore import restore
from idp.apps.platform.layout import Layout
from idp.apps.platform.processes import is_running, processes
from idp.apps.platform.readiness import parts
from idp.apps.platform.settings import require_settings
from idp.apps.platform.setup import add_authorities
from idp.kernel.errors import DeadlineExceeded, InvalidInput, NotFound, Unavailable

_READY_SECONDS = 90.0


def instance_of(layout: Layout, environment: str) -> Source:
    """What an environment's backup consists of.

    Raises:
        NotFound: There is no such environment.
        InvalidInput: Its objects are in another control plane.
    """
    settings = require_settings(layout)
    known, kind = settings.instances, settings.control_plane.kind
    if environment not in known:
        raise NotFound(
            f"there is no environment {environment}", remedy=f"There are: {', '.join(known)}."
        )
    if kind != "embedded":
        raise InvalidInput(
            f"the objects of {environment} are not the platform's to back up: its control plane is "
            f"{kind}",
            remedy="Take a snapshot of its etcd: `etcdctl snapshot save FILE`.",
        )
    return Source("instance", environment, layout.instance(environment).folder)


def restore_instance(layout: Layout, source: Source, file: Path, *, force: bool) -> Manifest:
    """Restore an instance; when the platform runs, it is stopped for it and awaited again.

    The hub's authorities are pinned beside those of the backup, which may be another hub's: else
    the instance would refuse the time stamps that it gets now, and sign nothing.
    """

    def trust_the_hub(unpacked: Path) -> None:
        add_authorities(authorities_in(unpacked), layout, require_settings(layout))

    return restore(
        source,
        file,
        force=force,
        unpacked=trust_the_hub,
        stop=lambda: _stop(layout, source.name),
        started=lambda: _await(layout, source.name),
    )


def _stop(layout: Layout, environment: str) -> None:
    """End the process; the one that the supervisor starts next waits for the folder."""
    for process in processes(layout):
        if process.name == environment and process.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGTERM)


def _await(layout: Layout, environment: str) -> None:
    if not is_running(layout):
        return
    settings, deadline = require_settings(layout), time.monotonic() + _READY_SECONDS
    while True:
        found = next(p for p in asyncio.run(parts(layout, settings)) if p.name == environment)
        if found.state == "running":
            return
        if found.hopeless:
            raise Unavailable(
                f"{environment} does not start on the backup; its former state is back: "
                f"{found.message}",
                remedy=found.remedy or None,
            )
        if time.monotonic() > deadline:
            raise DeadlineExceeded(
                f"{environment} is not ready after {_READY_SECONDS:.0f} s on the backup; its "
                f"former state is back: {found.message}",
                remedy=f"Look at {layout.log(environment)}.",
            )
        time.sleep(0.1)
