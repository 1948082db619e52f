"""Runs an instance: `python -m idp.apps.instance DATA ENVIRONMENT`."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

import structlog

from idp.apps.backup.hold import used
from idp.apps.backup.swap import settle
from idp.apps.capabilities import capabilities
from idp.apps.instance.bootstrap import bootstrap
from idp.apps.instance.compose import Machine, build_parts
from idp.apps.instance.control_planes.choose import open_control_plane
from idp.apps.instance.control_planes.ports import Place
from idp.apps.platform.child import run_process, until_stopped
from idp.apps.platform.files import read_json
from idp.apps.platform.layout import Layout
from idp.apps.platform.oidc import oidc_issuer
from idp.apps.platform.settings import require_settings
from idp.capabilities.signing.log import SqlLog
from idp.capabilities.signing.ring import active_signer
from idp.capabilities.signing.timestamps import StoredTimestamps, http_authority
from idp.kernel.audit import AuditLog
from idp.kernel.database import open_database
from idp.kernel.logging import configure_logging
from idp.protocols.signing.transparency.log import LoggedKey

log = structlog.get_logger(__name__)


async def run(layout: Layout, environment: str) -> None:
    """Run until stopped. Applications and the gateway go on when the instance stops."""
    settings, folders = require_settings(layout), layout.instance(environment)
    migrations = [path for capability in capabilities() for path in capability.migrations]
    database = open_database(f"sqlite:///{folders.history}", migrations)
    port, audit = settings.instances[environment].api, AuditLog(database)
    oidc = oidc_issuer(settings.oidc)
    place = Place(layout, environment, port, settings.control_plane, audit, oidc)
    # Opening the key takes a while on purpose (scrypt); meanwhile the rest comes up.
    opening = asyncio.create_task(asyncio.to_thread(active_signer, folders.keys))
    async with open_control_plane(place) as control_plane:
        await bootstrap(control_plane.client, environment, tuple(settings.instances))
        await control_plane.publish()
        key = await opening
        pinned = tuple((read_json(folders.authorities) or {}).get("timestamps", ()))
        ask = http_authority(f"{settings.hub_url}/signing/timestamp")
        timestamps = StoredTimestamps(database, ask, pinned) if pinned else None
        signer = LoggedKey(key, SqlLog(database, key, environment), timestamps)
        machine = Machine(layout, settings, environment, control_plane, database, signer)
        parts = build_parts(machine)
        log.info("instance ready", environment=environment)
        running = asyncio.create_task(parts.run())
        await until_stopped()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
    database.dispose()


def main() -> None:
    """Start."""
    configure_logging(readable=False)
    layout, environment = Layout(Path(sys.argv[1])), sys.argv[2]
    folder = layout.instance(environment).folder
    with used(folder):  # a restore that is at work is waited for
        settle(folder)
        run_process(run(layout, environment))


if __name__ == "__main__":
    main()
