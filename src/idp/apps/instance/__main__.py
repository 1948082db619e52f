"""Runs an instance: `python -m idp.apps.instance DATA ENVIRONMENT`."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

import structlog

from idp.apps.capabilities import capabilities
from idp.apps.instance.bootstrap import bootstrap
from idp.apps.instance.compose import Machine, build_parts
from idp.apps.instance.groups import HUB, HUB_GROUP
from idp.apps.instance.people import PeopleLog
from idp.apps.platform.child import run_process, until_stopped
from idp.apps.platform.layout import Layout
from idp.apps.platform.settings import require_settings
from idp.capabilities.signing.keys import open_signer
from idp.capabilities.signing.log import SqlLog
from idp.embedded.apiserver.server import ApiServer, ApiServerSettings
from idp.embedded.workloads.pods.logs import PodLogs
from idp.kernel.audit import AuditLog
from idp.kernel.database import open_database
from idp.kernel.logging import configure_logging
from idp.protocols.signing.transparency.log import LoggedKey

log = structlog.get_logger(__name__)

CONTROLLER_USER = "system:idp-controllers"
ADMINISTRATOR = "system:masters"


async def run(layout: Layout, environment: str) -> None:
    """Run until stopped. Applications and the gateway go on when the instance stops."""
    settings, folders = require_settings(layout), layout.instance(environment)
    migrations = [path for capability in capabilities() for path in capability.migrations]
    database = open_database(f"sqlite:///{folders.history}", migrations)
    api = ApiServer(
        ApiServerSettings(data=folders.apiserver, port=settings.instances[environment].api),
        audit=PeopleLog(AuditLog(database)),
        pod_logs=PodLogs(folders.workloads),
    )
    # Opening the key takes a while on purpose (scrypt); meanwhile the rest comes up.
    opening = asyncio.create_task(asyncio.to_thread(open_signer, folders.keys))
    async with api:
        client = api.client(CONTROLLER_USER, (ADMINISTRATOR,))
        await bootstrap(client, environment, tuple(settings.instances))
        api.kubeconfig("admin", (ADMINISTRATOR,), path=folders.kubeconfig)
        api.kubeconfig(HUB, (HUB_GROUP,), path=folders.hub_kubeconfig)
        key = await opening
        signer = LoggedKey(key, SqlLog(database, key, environment))
        machine = Machine(layout, settings, environment, client, database, signer)
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
    run_process(run(Layout(Path(sys.argv[1])), sys.argv[2]))


if __name__ == "__main__":
    main()
