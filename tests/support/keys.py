"""Signing keys as instances have them: each with a transparency log."""

from __future__ import annotations

from idp.protocols.signing.keys import PrivateKey
from idp.protocols.signing.transparency.log import LoggedKey, MemoryLog


def logged_key(environment: str) -> LoggedKey:
    """A new key of an environment."""
    key = PrivateKey.generate()
    return LoggedKey(key, MemoryLog(key, environment))
