"""`GET /snapshot`: a copy of the database, for backups of a server that runs.

Only this process can read the file, as it holds SQLite's exclusive lock. The copy holds every
Secret: a right to the path is a right to everything, and only administrators have it. Each
snapshot is audited.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from aiohttp import web

from idp.embedded.apiserver.access.identity import UserInfo
from idp.embedded.apiserver.audit import Auditor
from idp.embedded.apiserver.storage.store import Store
from idp.kernel.audit_entry import AuditEntry

PATH = "snapshot"
_PREFIX = ".snapshot-"
_CHUNK = 256 * 1024


class SnapshotPage:
    """Streams snapshots, one at a time: each needs as much of the disk as the database."""

    def __init__(self, store: Store, auditor: Auditor | None, folder: Path) -> None:
        self._store = store
        self._auditor = auditor
        self._folder = folder
        self._one = asyncio.Lock()
        for left in folder.glob(f"{_PREFIX}*"):  # of a server that was killed meanwhile
            shutil.rmtree(left, ignore_errors=True)

    async def answer(
        self, http: web.BaseRequest, parts: Sequence[str], user: UserInfo
    ) -> web.StreamResponse | None:
        """Make and send a snapshot; None for other paths and methods."""
        if list(parts) != [PATH] or http.method != "GET":
            return None
        async with self._one:
            with tempfile.TemporaryDirectory(dir=self._folder, prefix=_PREFIX) as folder:
                path = Path(folder) / "objects.db"
                await self._store.snapshot(path)
                if self._auditor is not None:
                    actor = (user.impersonator or user).name
                    facts = {"code": 200, "from": http.remote or ""}
                    await self._auditor.record(AuditEntry(actor, "get /snapshot", "", facts))
                return await _send(http, path)


async def _send(http: web.BaseRequest, path: Path) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/vnd.sqlite3"})
    response.content_length = path.stat().st_size
    await response.prepare(http)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            await response.write(chunk)
    await response.write_eof()
    return response
