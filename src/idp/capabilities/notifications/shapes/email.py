"""An e-mail (RFC 5322). Its `Message-ID` is the message's id: servers and readers that see it twice
show it once.
"""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from idp.capabilities.notifications.kinds import EmailSettings
from idp.capabilities.notifications.message import Message
from idp.kernel.clock import parse_timestamp


def mail(message: Message, settings: EmailSettings) -> EmailMessage:
    """The e-mail; plain text."""
    made = EmailMessage(policy=SMTP)
    made["Message-ID"] = f"<{message.id}@{settings.sender.rpartition('@')[2]}>"
    made["Date"] = format_datetime(parse_timestamp(message.time))
    made["From"] = settings.sender
    made["To"] = ", ".join(settings.recipients)
    made["Subject"] = message.title
    made["Auto-Submitted"] = "auto-generated"
    facts = "\n".join(f"{name}: {value}" for name, value in message.facts())
    made.set_content(f"{message.text}\n\n{facts}\n", cte="quoted-printable")
    return made
