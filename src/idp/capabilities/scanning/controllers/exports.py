"""Tells findings to DefectDojo when they changed: a document for each application, told anew until
it was taken."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy
from yarl import URL

from idp.capabilities.scanning.clients.defectdojo import Context, DefectDojo
from idp.capabilities.scanning.documents import defectdojo
from idp.capabilities.scanning.history.queries import StoredFinding, present_findings
from idp.capabilities.scanning.kinds import FindingsExport, FindingsExportStatus
from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import Clock, timestamp, utc_now
from idp.kernel.conditions import false, true
from idp.kernel.controller import Controller, Request, Result, Watch
from idp.kernel.errors import IdpError, Invalid, MissingPrerequisite
from idp.kernel.manifest import digest
from idp.kernel.resource import Condition, Manifest
from idp.kernel.standard import SECRET
from idp.kernel.status import dated, write_status

LOOK_AGAIN = 60.0
"""Seconds until the history is looked at again: scans come without an event here."""
RETRY = 300.0


class ExportReconciler:
    """Reconciles FindingsExports."""

    def __init__(
        self,
        client: Client,
        database: sqlalchemy.Engine,
        environment: str,
        networks: Sequence[str] = (),
        clock: Clock = utc_now,
    ) -> None:
        self._client = client
        self._database = database
        self._environment = environment
        self._networks = networks
        self._clock = clock

    def controller(self) -> Controller:
        """The controller."""
        watches = [Watch(FindingsExport.type())]
        return Controller("findings-exports", self._client, self, watches, workers=1)

    async def __call__(self, request: Request) -> Result:
        """Tell what changed."""
        manifest = await get_or_none(
            self._client, FindingsExport.type(), request.name, request.namespace
        )
        if manifest is None:
            return Result()
        now = self._clock()
        status = FindingsExportStatus.model_validate(manifest.get("status") or {})
        try:
            export = FindingsExport.parse(manifest)
            if export.spec.suspend:
                condition, again = true("Ready", "Suspended", "nothing is told"), None
            else:
                server = await self._server(export)
                await self._tell(export, server, status, now)
                said = f"{len(status.told)} applications are told to {server.url.host}"
                condition, again = true("Ready", "Told", said), LOOK_AGAIN
        except Invalid as error:
            condition, again = _failed(error, "Correct the fields that are named."), None
        except IdpError as error:
            condition, again = _failed(error, "It is tried again every five minutes."), RETRY
        status.conditions = dated(manifest, condition, now)
        await write_status(self._client, FindingsExport.type(), manifest, status)
        return Result(requeue_after=again)

    async def _server(self, export: FindingsExport) -> DefectDojo:
        name, namespace = export.spec.secret_name, export.namespace
        secret = await get_or_none(self._client, SECRET, name, namespace)
        values = {key: _value(secret, key) for key in ("url", "token")}
        missing = [key for key, value in values.items() if not value]
        if missing:
            raise MissingPrerequisite(
                f"the Secret {namespace}/{name} has no {' and no '.join(missing)}",
                remedy="Create it with the address and the API v2 key of DefectDojo.",
            )
        return DefectDojo(URL(values["url"]), values["token"], self._networks)

    async def _tell(
        self,
        export: FindingsExport,
        server: DefectDojo,
        status: FindingsExportStatus,
        now: datetime,
    ) -> None:
        """Tell each application whose document changed; what was taken is kept whatever follows."""
        found = await asyncio.to_thread(
            present_findings, self._database, export.namespace, timestamp(now)
        )
        for application, findings in found.items():
            document = defectdojo.write(findings)
            told = digest(document)
            if status.told.get(application) == told:
                continue
            await server.reimport(self._context(export, application, findings), document)
            status.told[application] = told
            status.told_at = now.replace(microsecond=0)

    def _context(
        self, export: FindingsExport, application: str, findings: Sequence[StoredFinding]
    ) -> Context:
        return Context(
            export.spec.product_type,
            f"{export.namespace}/{application}",
            self._environment,
            findings[0].last_image if findings else "",
        )


def _value(secret: Manifest | None, key: str) -> str:
    data = ((secret or {}).get("data") or {}).get(key, "")
    try:
        return base64.b64decode(data, validate=True).decode().strip()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _failed(error: IdpError, remedy: str) -> Condition:
    return false("Ready", type(error).__name__, error.message, remedy=error.remedy or remedy)
