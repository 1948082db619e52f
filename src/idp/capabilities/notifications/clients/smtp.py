"""SMTP in a thread: to the addresses that were checked, under the name that TLS proves."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
from email.message import EmailMessage
from typing import Any

from idp.capabilities.notifications.clients.egress import Egress
from idp.capabilities.notifications.kinds import EmailSettings
from idp.kernel.errors import IdpError, InvalidInput, Unavailable

SECONDS = 20.0


class SmtpMailer:
    """One connection for each e-mail.

    Args:
        egress: Which servers may be reached.
        tls: What server certificates are checked by; None for the system's.
    """

    def __init__(self, egress: Egress, tls: ssl.SSLContext | None = None) -> None:
        self._egress = egress
        self._tls = tls

    async def send(self, mail: EmailMessage, settings: EmailSettings, password: str) -> None:
        """See `ports.Mailer`."""
        addresses = await self._egress.addresses(settings.host, settings.port)
        await asyncio.to_thread(self._send, mail, settings, password, addresses[0])

    def _send(
        self, mail: EmailMessage, settings: EmailSettings, password: str, address: str
    ) -> None:
        try:
            with self._connection(settings, address) as server:
                if settings.security == "starttls":
                    server.starttls(context=self._context())
                if settings.username:
                    server.login(settings.username, password)
                if refused := server.send_message(mail):
                    raise Unavailable(f"{settings.host} refused {', '.join(sorted(refused))}")
        except smtplib.SMTPResponseException as error:
            raise _answer(settings.host, error.smtp_code, type(error).__name__) from None
        except smtplib.SMTPRecipientsRefused as error:
            code = max(code for code, _ in error.recipients.values())
            raise _answer(settings.host, code, "the recipients are refused") from None
        except ssl.SSLCertVerificationError as error:
            raise InvalidInput(
                f"the certificate of {settings.host} is not trusted: {error.verify_message}",
                remedy="Name the server as its certificate does.",
            ) from None
        except (smtplib.SMTPException, OSError) as error:
            raise Unavailable(f"{settings.host}: {type(error).__name__}") from None

    def _connection(self, settings: EmailSettings, address: str) -> smtplib.SMTP:
        place = {"host": settings.host, "port": settings.port, "timeout": SECONDS}
        if settings.security == "tls":
            return _Tls(address, **place, context=self._context())
        return _Plain(address, **place)

    def _context(self) -> ssl.SSLContext:
        return self._tls or ssl.create_default_context()


class _Plain(smtplib.SMTP):
    """Connects to an address that was checked; `host` is what it is called."""

    def __init__(self, address: str, **place: Any) -> None:
        self._address = address
        super().__init__(**place, local_hostname="idp.localhost")

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return socket.create_connection((self._address, port), timeout)


class _Tls(smtplib.SMTP_SSL):
    """The same with TLS from the first byte."""

    def __init__(self, address: str, **place: Any) -> None:
        self._address = address
        super().__init__(**place, local_hostname="idp.localhost")

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = socket.create_connection((self._address, port), timeout)
        return self.context.wrap_socket(plain, server_hostname=host)


def _answer(host: str, code: int, what: str) -> IdpError:
    """4xx may pass, 5xx will not (RFC 5321, 4.2.1)."""
    if 400 <= code < 500:
        return Unavailable(f"{host} answered {code}: {what}")
    return InvalidInput(
        f"{host} answered {code}: {what}",
        remedy="Correct the user name, the password or the recipients of the channel.",
    )
