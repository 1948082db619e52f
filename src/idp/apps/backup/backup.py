"""Makes a backup of an instance or a server alone, running or stopped."""

from __future__ import annotations

import http.client
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from ssl import SSLContext
from urllib.parse import urlsplit

from idp.apps.backup.archive import Manifest, describe, write
from idp.apps.backup.contents import Source, identity
from idp.apps.backup.hold import alone, is_used
from idp.embedded.apiserver.storage.database import check_database
from idp.kernel.clock import timestamp, utc_now
from idp.kernel.errors import MissingPrerequisite, Unavailable
from idp.kernel.files import PRIVATE
from idp.kernel.kubeconfig import settings_from_kubeconfig, tls_context

_SECONDS = 600.0
_CHUNK = 1024 * 1024


def back_up(source: Source, file: Path) -> Manifest:
    """Write a backup.

    Of a server that runs, the objects are those of one moment, and writes go on meanwhile. The
    history is copied after them, so that every change in the backup has its audit record there.

    Raises:
        MissingPrerequisite: There is nothing to back up, or no room for it; a database is damaged.
        AlreadyExists: The file is there.
        Unavailable: The running server does not answer.
    """
    authority = source.place("apiserver/ca.pem")
    if not authority.exists() or not source.place("apiserver/objects.db").exists():
        raise MissingPrerequisite(
            f"there is nothing to back up in {source.folder}",
            remedy="Give the folder, or the environment, of a server that has run once.",
        )
    try:
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=".backup-") as folder:
            files = _collected(source, Path(folder))
            owner = identity(files["apiserver/ca.pem"].read_bytes())
            now = timestamp(utc_now())
            manifest = describe(files, source.kind, source.name, owner, now)
            write(file, manifest, files)
    except OSError as error:
        raise MissingPrerequisite(
            f"the backup cannot be written to {file.parent}: {error}",
            remedy="Choose a folder that exists and has room for twice the database.",
        ) from error
    return manifest


def _collected(source: Source, folder: Path) -> dict[str, Path]:
    """Copies of all files, by their names in the archive."""
    found = {}
    for name in source.databases():
        target = found[name] = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch(PRIVATE)
        if name == "apiserver/objects.db":
            _copy_objects(source, target)
            check_database(target)
        else:
            _copy_database(source.place(name), target)
    for name in source.files():
        target = found[name] = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source.place(name), target)
    return found


def _copy_objects(source: Source, target: Path) -> None:
    if is_used(source.folder):
        _download(source.folder / "kubeconfig", target)
        return
    with alone(source.folder, lambda: None, seconds=_SECONDS):
        _copy_database(source.place("apiserver/objects.db"), target)


def _copy_database(path: Path, target: Path) -> None:
    """Copy and check a database that others may be writing to."""
    try:
        with (
            closing(sqlite3.connect(path, timeout=10)) as present,
            closing(sqlite3.connect(target)) as copy,
        ):
            present.backup(copy)
            # One file, without the log of a writer beside it.
            copy.execute("PRAGMA journal_mode=DELETE")
            problem = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        problem = str(error)
    if problem != "ok":
        raise MissingPrerequisite(
            f"{path} cannot be backed up, it is damaged: {problem}",
            remedy="Restore an older backup.",
        )


def _download(kubeconfig: Path, target: Path) -> None:
    """Ask the server for a copy of its database: nobody else can read it while it runs."""
    settings = settings_from_kubeconfig(kubeconfig)
    context = tls_context(settings)
    assert isinstance(context, SSLContext)
    address = urlsplit(settings.server)
    connection = http.client.HTTPSConnection(
        address.hostname or "", address.port, timeout=_SECONDS, context=context
    )
    try:
        with closing(connection), target.open("wb") as output:
            connection.request("GET", "/snapshot")
            answer = connection.getresponse()
            if answer.status != 200:
                text = answer.read(4096).decode(errors="replace")
                raise Unavailable(f"the server gives no copy of its database: {text}")
            shutil.copyfileobj(answer, output, _CHUNK)
            if answer.length:
                raise Unavailable("the server hung up while it sent its database")
    except (OSError, http.client.HTTPException) as error:
        raise Unavailable(
            f"{settings.server} does not answer: {error}",
            remedy="Look at `idp-cli status`, then try again.",
        ) from error
