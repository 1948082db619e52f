"""`NotificationChannel`: where messages go. `NotificationRule`: which do."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from idp.kernel.resource import KindDefinition, Model, PrinterColumn, Resource, Status

ObjectName = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)
]
Line = Annotated[str, StringConstraints(max_length=320, pattern=r"^[^\x00-\x1f\x7f]*$")]
Address = Annotated[
    str, StringConstraints(pattern=r"^[^\s@<>,;\x00-\x1f]+@[^\s@<>,;\x00-\x1f]+$", max_length=254)
]

EventName = Literal[
    "PromotionWaiting",
    "PromotionSucceeded",
    "PromotionFailed",
    "RolledBack",
    "FindingsOverLimit",
    "EmergencyOverride",
]
"""What is told: a promotion waits for approval, succeeded or failed; a rollback succeeded; a
verdict refused a release; somebody went past the rules in an emergency."""

PLATFORM_NAMESPACE = "idp-system"
"""Rules here are about every application of the instance; elsewhere about their namespace's."""


class SecretKey(Model):
    """One value of a Secret in the channel's namespace.

    Attributes:
        name: Name of the Secret.
        key: Key in its `data`.
    """

    name: ObjectName
    key: Annotated[str, StringConstraints(pattern=r"^[-._a-zA-Z0-9]+$", max_length=253)]


class EmailSettings(Model):
    """How e-mail is handed over; the channel's secret is the password of `username`.

    Attributes:
        host: Name of the SMTP server.
        port: Its port.
        security: `tls` from the first byte, `starttls` before anything is said, or `none`, which
            sends no password.
        username: Empty to send without signing in.
        sender: Address in `From`.
        recipients: Addresses in `To`.
    """

    host: Annotated[str, StringConstraints(pattern=r"^[-.:a-zA-Z0-9]+$", max_length=253)]
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: Line = ""
    sender: Address
    recipients: list[Address] = Field(min_length=1, max_length=50)


class NotificationChannelSpec(Model):
    """Where messages go, and in which shape.

    Attributes:
        type: Shape of the messages.
        url: Address of a `webhook`; of `pagerduty` when it is not PagerDuty's own. The addresses of
            `slack` and `teams` are secrets themselves: they come from `secretRef` alone.
        secretRef: `webhook`: the signing key. `slack`, `teams`: the address of the incoming
            webhook. `pagerduty`: the routing key. `email`: the password.
        email: Demanded by the type `email`, and by no other.
    """

    type: Literal["webhook", "email", "slack", "teams", "pagerduty"]
    url: Annotated[str, StringConstraints(max_length=2000, pattern=r"^(https?://[^\s@]+)?$")] = ""
    secret_ref: SecretKey | None = None
    email: EmailSettings | None = None


class NotificationChannelStatus(Status):
    """How it goes.

    Attributes:
        waiting: Messages that are still to be sent.
        failed: Messages that were given up; a change of the channel's spec sends them again.
        sent: Messages that were sent.
    """

    waiting: int = 0
    failed: int = 0
    sent: int = 0


class NotificationChannel(Resource[NotificationChannelSpec, NotificationChannelStatus]):
    """A receiver of messages."""

    definition: ClassVar[KindDefinition] = KindDefinition(
        plural="notificationchannels",
        columns=(
            PrinterColumn(name="Type", path=".spec.type"),
            PrinterColumn(name="Ready", path='.status.conditions[?(@.type=="Ready")].status'),
            PrinterColumn(name="Waiting", path=".status.waiting", type="integer"),
            PrinterColumn(name="Failed", path=".status.failed", type="integer"),
        ),
        validations=(
            ("self.spec.type != 'webhook' || self.spec.url != ''", "a webhook needs a url"),
            (
                "(self.spec.type == 'email') == has(self.spec.email)",
                "the type email, and no other, needs the settings email",
            ),
            (
                "self.spec.type == 'email' || has(self.spec.secretRef)",
                "name a Secret in secretRef: the key, the address or the password",
            ),
            (
                "!(self.spec.type in ['slack', 'teams', 'email']) || self.spec.url == ''",
                "this type takes no url: the address of slack and teams is a secret",
            ),
            (
                "self.spec.type != 'email' || self.spec.email.username == '' || "
                "(has(self.spec.secretRef) && self.spec.email.security != 'none')",
                "signing in to SMTP takes a secretRef, and starttls or tls",
            ),
        ),
    )


class NotificationRuleSpec(Model):
    """Which messages go where.

    Attributes:
        events: What is told.
        applications: Names of applications; empty for all.
        environments: Environments whose instance applies the rule; empty for all, so that one
            rule may be the same everywhere.
        channels: Names of NotificationChannels in the rule's namespace.
    """

    events: list[EventName] = Field(min_length=1, max_length=20)
    applications: list[ObjectName] = Field(default_factory=list, max_length=500)
    environments: list[ObjectName] = Field(default_factory=list, max_length=50)
    channels: list[ObjectName] = Field(min_length=1, max_length=20)


class NotificationRuleStatus(Status):
    """Nothing is reported of a rule: its channels state how they do."""


class NotificationRule(Resource[NotificationRuleSpec, NotificationRuleStatus]):
    """Which events are told to which channels. In `idp-system` it is about all namespaces."""

    definition: ClassVar[KindDefinition] = KindDefinition(
        plural="notificationrules",
        columns=(
            PrinterColumn(name="Events", path=".spec.events"),
            PrinterColumn(name="Channels", path=".spec.channels"),
        ),
    )
