"""Against aiosmtpd, a real SMTP server."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from idp.capabilities.notifications.clients.egress import Egress
from idp.capabilities.notifications.clients.smtp import SmtpMailer
from idp.capabilities.notifications.kinds import EmailSettings
from idp.capabilities.notifications.shapes.email import mail
from idp.kernel.errors import Forbidden, IdpError, InvalidInput, Unavailable


class Inbox:
    def __init__(self) -> None:
        self.received: list[Any] = []
        self.answer = "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        if self.answer.startswith("250"):
            self.received.append(envelope)
        return self.answer


@pytest.fixture
def server() -> Iterator[Controller]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(Inbox(), hostname="127.0.0.1", port=port)
    controller.start()
    yield controller
    controller.stop()


def settings(server: Controller, **changes: Any) -> EmailSettings:
    facts = {
        "host": "127.0.0.1",
        "port": server.port,
        "security": "none",
        "sender": "idp@corp.example",
        "recipients": ["a@b.example", "c@d.example"],
        **changes,
    }
    return EmailSettings.model_validate(facts)


LOOPBACK = SmtpMailer(Egress(["127.0.0.0/8"]))


async def test_it_arrives(server: Controller, make_message: Any) -> None:
    where = settings(server)
    await LOOPBACK.send(mail(make_message(), where), where, "")
    (envelope,) = server.handler.received
    assert envelope.rcpt_tos == ["a@b.example", "c@d.example"]
    assert b"Message-ID: <0123456789abcdef0123456789abcdef@corp.example>" in envelope.content


@pytest.mark.parametrize(
    ("answer", "error"),
    [("451 try later", Unavailable), ("554 never", InvalidInput)],
)
async def test_the_code_says_whether_to_try_again(
    server: Controller, make_message: Any, answer: str, error: type[IdpError]
) -> None:
    server.handler.answer = answer
    where = settings(server)
    with pytest.raises(error):
        await LOOPBACK.send(mail(make_message(), where), where, "")


async def test_without_tls_nothing_is_said_where_tls_is_demanded(
    server: Controller, make_message: Any
) -> None:
    where = settings(server, security="starttls", username="u")
    with pytest.raises(Unavailable):
        await LOOPBACK.send(mail(make_message(), where), where, "s3cret")
    assert server.handler.received == []


async def test_a_server_on_a_private_address_is_not_reached(
    server: Controller, make_message: Any
) -> None:
    where = settings(server)
    with pytest.raises(Forbidden):
        await SmtpMailer(Egress()).send(mail(make_message(), where), where, "")
    assert server.handler.received == []
