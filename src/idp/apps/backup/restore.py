"""Restores a backup: checked first, swapped in as a whole, taken back when it does not start."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from idp.apps.backup import swap
from idp.apps.backup.archive import Manifest, read
from idp.apps.backup.contents import Source, identity
from idp.apps.backup.hold import alone
from idp.apps.capabilities import capabilities
from idp.embedded.apiserver.storage.database import check_database, raise_version
from idp.kernel.database import open_database
from idp.kernel.errors import Conflict, IdpError, MissingPrerequisite

_STAGING = ".restoring"
_STOP_SECONDS = 60.0
_UNKNOWN_VERSIONS = 1_000_000_000
"""By how much resource versions are raised when the present database cannot be read."""


def restore(
    source: Source,
    file: Path,
    *,
    force: bool,
    stop: Callable[[], None],
    started: Callable[[], None],
    unpacked: Callable[[Path], None] = lambda folder: None,
) -> Manifest:
    """Put a backup in the place of the present state.

    Args:
        source: What is restored.
        file: The backup.
        force: Also take the backup of another instance.
        stop: Makes the server that uses the folder end; called until it has.
        started: Returns when the server answers again; raises an `IdpError` when it does not. Then
            the former state is put back.
        unpacked: Called with the checked content of the backup before it is taken; may adapt it.

    Raises:
        VerificationFailed: The backup is damaged.
        MissingPrerequisite: A newer version wrote it, or a database in it is damaged.
        Conflict: It is of something else.
        IdpError: What `stop` or `started` raised; everything is as it was.
    """
    staging = source.folder / _STAGING
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True, mode=0o700)
    try:
        manifest = read(file, staging)
        _check(source, manifest, file, force=force)
        highest = _check_databases(staging)
        unpacked(staging)
        with alone(source.folder, stop, seconds=_STOP_SECONDS):
            swap.settle(source.folder)
            objects = staging / "apiserver" / "objects.db"
            raise_version(objects, max(highest, _present_version(source)))
            new = staging if source.kind == "instance" else staging / "apiserver"
            swap.replace(source.folder, new, _present(source))
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    try:
        started()
    except IdpError:
        with alone(source.folder, stop, seconds=_STOP_SECONDS):
            swap.put_back(source.folder)
        raise
    swap.keep(source.folder)
    return manifest


def _check(source: Source, manifest: Manifest, file: Path, *, force: bool) -> None:
    if manifest.kind != source.kind:
        raise Conflict(
            f"{file} is a backup of kind {manifest.kind}, not {source.kind}",
            remedy="`idp-cli instance restore` is for environments, `idp-cli apiserver restore` "
            "for the folder of a server alone.",
        )
    authority = source.place("apiserver/ca.pem")
    if force or not authority.exists():
        return
    if identity(authority.read_bytes()) != manifest.identity:
        of = f"another instance ({manifest.name})" if manifest.name else "another server"
        raise Conflict(
            f"{file} is a backup of {of}: its certificate authority is not the one in "
            f"{source.folder}",
            remedy="With --force it is restored nevertheless, its authority and keys included.",
        )


def _check_databases(staging: Path) -> int:
    """Open what was unpacked as a start would; gives the highest resource version."""
    highest = check_database(staging / "apiserver" / "objects.db")
    history = staging / "history.db"
    if history.exists():
        migrations = [path for capability in capabilities() for path in capability.migrations]
        open_database(f"sqlite:///{history}", migrations).dispose()
    return highest


def _present(source: Source) -> Iterable[str]:
    """Names, at the top of the folder, of what belongs to the present state."""
    if source.kind == "instance":
        return ("apiserver", "history.db", "history.db-wal", "history.db-shm", "keys")
    files = [Path(name).name for name in source.files()]
    return ("objects.db", "objects.db-wal", "objects.db-shm", *files)


def _present_version(source: Source) -> int:
    """The highest resource version that was given out, or one that is certainly higher."""
    path = source.place("apiserver/objects.db")
    if not path.exists():
        return 0
    try:
        return check_database(path)
    except MissingPrerequisite:
        return _UNKNOWN_VERSIONS
