"""Bearer tokens of people and programs, hashed at rest in one JSON file.

A token is 256 random bits, so one SHA-256 is enough to keep it from whoever reads the file (a slow
hash is for guessable passwords). The file is read again when it changes on disk: a token made or
revoked by another process counts from the next request on.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson

from idp.embedded.apiserver.access.files import replace_private
from idp.embedded.apiserver.access.identity import UserInfo
from idp.kernel.clock import Clock, parse_timestamp, timestamp, utc_now
from idp.kernel.errors import MissingPrerequisite, NotFound

_PREFIX = "idp_"


@dataclass(frozen=True, slots=True)
class StaticToken:
    """What is known of a token; the token itself is not kept.

    Attributes:
        id: Names the token when it is revoked.
        sha256: Hex digest of the token.
        user: The user it stands for.
        groups: That user's groups.
        uid: That user's uid, may be empty.
        created: RFC 3339.
        expires: RFC 3339; empty for a token that does not expire.
    """

    id: str
    sha256: str
    user: str
    groups: tuple[str, ...]
    uid: str
    created: str
    expires: str


class StaticTokens:
    """The tokens of one file. Safe to share between threads."""

    def __init__(self, path: Path, *, clock: Clock = utc_now) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._read_at: tuple[int, int, int] | None = None
        self._by_hash: dict[str, StaticToken] = {}

    def create(
        self,
        user: str,
        groups: Sequence[str] = (),
        *,
        uid: str = "",
        lifetime: timedelta | None = None,
    ) -> str:
        """Make a token; it is shown only now."""
        token = _PREFIX + secrets.token_urlsafe(32)
        now = self._clock()
        record = StaticToken(
            id=secrets.token_hex(5),
            sha256=_digest(token),
            user=user,
            groups=tuple(groups),
            uid=uid,
            created=timestamp(now),
            expires=timestamp(now + lifetime) if lifetime is not None else "",
        )
        with self._lock:
            self._refresh()
            self._write([*self._by_hash.values(), record])
        return token

    def list(self) -> list[StaticToken]:
        """All tokens, oldest first."""
        with self._lock:
            self._refresh()
            return list(self._by_hash.values())

    def revoke(self, id: str) -> None:
        """Make a token invalid. Raises `NotFound`."""
        with self._lock:
            self._refresh()
            kept = [token for token in self._by_hash.values() if token.id != id]
            if len(kept) == len(self._by_hash):
                raise NotFound(f'token "{id}" not found')
            self._write(kept)

    def user_for(self, token: str, audiences: Sequence[str] = ()) -> UserInfo | None:
        """The user of a token; None when it is not one of these, revoked or expired.

        These tokens are for the API server alone: with `audiences` the answer is always None.
        """
        if audiences:
            return None
        with self._lock:
            self._refresh()
            found = self._by_hash.get(_digest(token))
        if found is None:
            return None
        if found.expires and parse_timestamp(found.expires) <= self._clock():
            return None
        return UserInfo(found.user, found.uid, found.groups)

    def _refresh(self) -> None:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            self._by_hash, self._read_at = {}, None
            return
        seen = (status.st_ino, status.st_mtime_ns, status.st_size)
        if seen == self._read_at:
            return
        try:
            records = [_record(item) for item in orjson.loads(self._path.read_bytes())]
        except (ValueError, TypeError) as error:
            raise MissingPrerequisite(
                f"the token file {self._path.name} cannot be read: {error}",
                remedy="Restore it from a backup, or remove it and create the tokens anew.",
            ) from error
        self._by_hash, self._read_at = {record.sha256: record for record in records}, seen

    def _write(self, records: Sequence[StaticToken]) -> None:
        content = orjson.dumps([asdict(r) for r in records], option=orjson.OPT_INDENT_2)
        replace_private(self._path, content)
        self._refresh()


def _record(item: dict[str, Any]) -> StaticToken:
    return StaticToken(**{**item, "groups": tuple(item.get("groups", ()))})


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
