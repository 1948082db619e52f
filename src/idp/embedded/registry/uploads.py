"""Blobs in the making.

An upload is one file, `_uploads/<id>`, as long as what was received: there is no other state, so
an upload goes on after a restart. A lock on the file keeps two requests from writing at once.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from typing import BinaryIO

from idp.embedded.registry.content import file_digest, flush
from idp.embedded.registry.errors import UploadIsBusy, bad_request, missing
from idp.embedded.registry.lock import storage_lock
from idp.embedded.registry.repositories import Repository
from idp.kernel.errors import NotFound
from idp.kernel.files import create_file, make_folder

_ID = re.compile(r"[0-9a-f]{32}")


class Upload:
    """One upload of one repository. All methods block: call them in a thread.

    Args:
        repository: Where the blob will be.
        identifier: As `start` gave it.

    Raises:
        NotFound: There is no such upload.
    """

    def __init__(self, repository: Repository, identifier: str) -> None:
        self.repository = repository
        self.identifier = identifier
        self.path = repository.folder / "_uploads" / identifier
        if not _ID.fullmatch(identifier) or not self.path.is_file():
            raise self._gone()

    @classmethod
    def start(cls, repository: Repository) -> Upload:
        """Begin an upload."""
        identifier = secrets.token_hex(16)
        folder = repository.folder / "_uploads"
        make_folder(folder)
        (folder / identifier).touch(mode=0o600, exist_ok=False)
        return cls(repository, identifier)

    def size(self) -> int:
        """Bytes received so far."""
        return self.path.stat().st_size

    @contextlib.contextmanager
    def writing(self) -> Iterator[BinaryIO]:
        """The file, positioned at its end, for one writer at a time.

        Raises:
            UploadIsBusy: Another request writes to it.
        """
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND)  # never made anew
        except FileNotFoundError as error:
            raise self._gone() from error
        with os.fdopen(descriptor, "ab", buffering=0) as file:
            if not _lock(descriptor):
                raise UploadIsBusy(
                    "another request writes to this upload",
                    remedy="Wait for it to end, or start a new upload.",
                    details={"code": "BLOB_UPLOAD_INVALID"},
                )
            if not self.path.exists():  # it ended between the opening and the lock
                raise self._gone()
            yield file

    def finish(self, digest: str) -> None:
        """Make the received bytes a blob of the repository.

        Raises:
            InvalidInput: `DIGEST_INVALID`: they are other bytes; they are dropped.
            NotFound: The upload ended meanwhile.
        """
        with self.writing():
            actual = file_digest(self.path)
            if actual != digest:
                self.cancel()
                raise bad_request(
                    "DIGEST_INVALID",
                    f"the received bytes have digest {actual}, not {digest}; they were dropped",
                    "Send the content again.",
                )
            flush(self.path)
            with storage_lock(self.repository.store.data):
                self.repository.store.adopt(self.path, digest)
                create_file(self.repository.link("_blobs", digest), b"")

    def cancel(self) -> None:
        """Drop what was received."""
        self.path.unlink(missing_ok=True)

    def _gone(self) -> NotFound:
        return missing(
            "BLOB_UPLOAD_UNKNOWN",
            f"{self.repository.name} has no such upload: it ended, was cancelled or never began",
            "Start a new upload.",
        )


def drop_dead_uploads(repository: Repository, oldest: float) -> int:
    """Remove uploads that nobody has written to since `oldest` (seconds since the epoch).

    Returns:
        How many.
    """
    folder = repository.folder / "_uploads"
    dropped = 0
    for path in folder.iterdir() if folder.is_dir() else ():
        with path.open("rb") as file:
            if path.stat().st_mtime < oldest and _lock(file.fileno()):
                path.unlink()
                dropped += 1
    return dropped


def _lock(descriptor: int) -> bool:
    """Whether the file is ours now; the lock ends when it is closed."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
