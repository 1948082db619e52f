"""Continue tokens: where the next page of a list starts.

They hold what the real server's hold, a version and the last object that was sent, so nothing needs
to be remembered for them. A code from a key of this process binds each to its own list: a token is
no way to ask for a state or a place that was not listed before.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from dataclasses import dataclass

import orjson

from idp.kernel.errors import InvalidInput

Place = tuple[str, str]
"""Namespace and name of an object."""

_FORMAT = "meta.k8s.io/v1"


@dataclass(frozen=True, slots=True)
class Start:
    """Where a page starts.

    Attributes:
        version: Of the state that is listed.
        after: The last object of the page before.
        proved: This process gave it out, for this list.
    """

    version: int
    after: Place
    proved: bool = True


class ContinueTokens:
    """Writes and reads tokens."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def write(self, listed: tuple[str, str], start: Start) -> str:
        """The token of a list, which is told by resource and namespace."""
        place = "/".join(start.after)
        code = self._code(listed, start.version, place)
        token = {"v": _FORMAT, "rv": start.version, "start": place, "code": code}
        return base64.urlsafe_b64encode(orjson.dumps(token)).decode().rstrip("=")

    def read(self, listed: tuple[str, str], token: str) -> Start:
        """What a token says, and whether it is to be believed.

        Raises:
            InvalidInput: It is no token.
        """
        try:
            read = orjson.loads(base64.urlsafe_b64decode(token.encode() + b"=" * (-len(token) % 4)))
            version, place, code = read["rv"], read["start"], read["code"]
        except (ValueError, binascii.Error, KeyError, TypeError) as error:
            raise invalid_token("it was not given by this server") from error
        if type(version) is not int or not isinstance(place, str) or not isinstance(code, str):
            raise invalid_token("it was not given by this server")
        expected = self._code(listed, version, place)
        namespace, _, name = place.partition("/")
        proved = hmac.compare_digest(code.encode(), expected.encode())
        return Start(version, (namespace, name), proved)

    def _code(self, listed: tuple[str, str], version: int, place: str) -> str:
        return hmac.digest(self._key, orjson.dumps([*listed, version, place]), "sha256").hex()


def invalid_token(problem: str) -> InvalidInput:
    """The error for a token that continues nothing here."""
    return InvalidInput(f"invalid continue token: continue key is not valid: {problem}")
