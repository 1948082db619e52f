"""The two ways out."""

from __future__ import annotations

from collections.abc import Mapping
from email.message import EmailMessage
from typing import Protocol

from idp.capabilities.notifications.kinds import EmailSettings


class Poster(Protocol):
    """Sends HTTP requests."""

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Post; returns when the receiver said 2xx.

        Raises:
            IdpError: It did not; retryable when it may later.
        """
        ...


class Mailer(Protocol):
    """Hands e-mail to a server."""

    async def send(self, mail: EmailMessage, settings: EmailSettings, password: str) -> None:
        """Send; returns when the server took it for every recipient.

        Raises:
            IdpError: It did not; retryable when it may later.
        """
        ...
