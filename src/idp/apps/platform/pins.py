"""What an instance has pinned: the public keys in `trusted.json`, the authorities.

Environment -> PEM text, or a list of keys with their times once the environment has rotated. The
instance reads the file again when it changed: a key that is revoked counts for nothing at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from idp.apps.platform.files import read_json, write_json
from idp.apps.platform.layout import Layout
from idp.capabilities.signing.kinds import InstanceTrust
from idp.kernel.client import Client
from idp.kernel.clock import timestamp
from idp.kernel.trust import PinnedKey

_KEYS: TypeAdapter[dict[str, str | tuple[PinnedKey, ...]]] = TypeAdapter(
    dict[str, str | tuple[PinnedKey, ...]]
)


class PinnedFile(Mapping[str, str | Sequence[PinnedKey]]):
    """Fulfils `idp.kernel.trust.Keys` from the file as it is now.

    Args:
        path: Of the file; one that is absent pins nobody.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._keys: Mapping[str, str | Sequence[PinnedKey]] = {}

    def __getitem__(self, holder: str) -> str | Sequence[PinnedKey]:
        return self._current()[holder]

    def __iter__(self) -> Iterator[str]:
        return iter(self._current())

    def __len__(self) -> int:
        return len(self._current())

    def _current(self) -> Mapping[str, str | Sequence[PinnedKey]]:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return {}
        stamp = (found.st_mtime_ns, found.st_ino)
        if stamp != self._stamp:
            self._keys, self._stamp = read_pins(self._path), stamp
        return self._keys


def read_pins(path: Path) -> dict[str, str | tuple[PinnedKey, ...]]:
    """What the file pins; empty when it is absent."""
    return _KEYS.validate_python(read_json(path) or {})


def instance_trust(layout: Layout, environment: str, client: Client) -> InstanceTrust:
    """What an instance trusts.

    Args:
        layout: The data folder.
        environment: Which instance.
        client: Its API, with the rights of who asks.
    """
    folders = layout.instance(environment)
    return InstanceTrust(
        client, PinnedFile(folders.trusted_keys), read_json(folders.authorities) or {}
    )


def pin(path: Path, environment: str, keys: Sequence[PinnedKey]) -> None:
    """Pin the keys of one environment; nothing is written when they are pinned already."""
    present = read_json(path) or {}
    wanted = [_body(key) for key in keys]
    if present.get(environment) != wanted:
        write_json(path, {**present, environment: wanted})


def _body(key: PinnedKey) -> dict[str, Any]:
    body: dict[str, Any] = {"public_key": key.public_key}
    for name in ("not_before", "not_after"):
        moment = getattr(key, name)
        if moment is not None:
            body[name] = timestamp(moment)
    if key.revoked is not None:
        body["revoked"] = {"reason": key.revoked.reason}
        if key.revoked.since is not None:
            body["revoked"]["since"] = timestamp(key.revoked.since)
    return body
