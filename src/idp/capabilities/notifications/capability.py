"""Builds the capability `notifications`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from idp.capabilities.notifications.clients.egress import Egress
from idp.capabilities.notifications.clients.http import HttpPoster
from idp.capabilities.notifications.clients.smtp import SmtpMailer
from idp.capabilities.notifications.kinds import NotificationChannel, NotificationRule
from idp.capabilities.notifications.outbox import Outbox
from idp.capabilities.notifications.recorder import Recorder
from idp.capabilities.notifications.sender import Sender
from idp.kernel.capability import Capability, Context
from idp.kernel.controller import Runnable


def controllers(context: Context) -> Sequence[Runnable]:
    """What runs inside an instance; `options["notification-networks"]` may be reached, too."""
    egress = Egress(context.options.get("notification-networks", ()))
    outbox = Outbox(context.database)
    sender = Sender(context.client, outbox, HttpPoster(egress), SmtpMailer(egress))
    recorder = Recorder(context.client, outbox, sender, environment=context.environment)
    return [recorder.controller(), sender.controller(), sender]


CAPABILITY = Capability(
    name="notifications",
    kinds=(NotificationChannel, NotificationRule),
    controllers=controllers,
    migrations=(Path(__file__).parent / "migrations",),
)
