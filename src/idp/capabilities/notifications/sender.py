"""Sends what the outbox holds, and states how each channel does.

One message at a time in each channel, channels beside each other. The order per message: (1) it is
in the outbox, (2) it is sent under its id, (3) it is marked. Killed between 1 and 2, it is sent by
the next process; killed between 2 and 3, it is sent again under the same id, which the receiver
drops as far as its protocol knows how (webhook, PagerDuty, e-mail do; Slack and Teams do not).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import time
from collections import defaultdict
from collections.abc import Callable, Sequence

import orjson
import structlog

from idp.capabilities.notifications.kinds import (
    NotificationChannel,
    NotificationChannelStatus,
    SecretKey,
)
from idp.capabilities.notifications.message import Message
from idp.capabilities.notifications.outbox import Entry, Outbox, Standing
from idp.capabilities.notifications.ports import Mailer, Poster
from idp.capabilities.notifications.shapes import email, pagerduty, slack, teams, webhook
from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import Clock, utc_now
from idp.kernel.conditions import false, true
from idp.kernel.controller import Controller, Request, Result, Watch
from idp.kernel.errors import Conflict, IdpError, InvalidInput, NotFound
from idp.kernel.resource import Condition
from idp.kernel.standard import SECRET
from idp.kernel.status import dated, write_status

log = structlog.get_logger(__name__)

LOOK_AGAIN = 60.0
_JSON = {"Content-Type": "application/json"}


class Sender:
    """Runs until cancelled; also the reconciler of channels."""

    name = "notification-sender"

    def __init__(
        self,
        client: Client,
        outbox: Outbox,
        poster: Poster,
        mailer: Mailer,
        *,
        clock: Clock = utc_now,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._outbox = outbox
        self._poster = poster
        self._mailer = mailer
        self._clock = clock
        self._now = now
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Something was recorded."""
        self._wake.set()

    def controller(self) -> Controller:
        """States how channels do; a changed channel gets what was given up."""
        watches = [Watch(NotificationChannel.type())]
        return Controller("notification-channels", self._client, self, watches, workers=1)

    async def __call__(self, request: Request) -> Result:
        """Revive what failed with a former spec, and state how the channel does."""
        manifest = await get_or_none(
            self._client, NotificationChannel.type(), request.name, request.namespace
        )
        if manifest is None:
            return Result()
        generation = manifest["metadata"].get("generation", 0)
        await asyncio.to_thread(self._outbox.revive, request.namespace, request.name, generation)
        self.wake()
        await self._state(request.namespace, request.name)
        return Result()

    async def run(self) -> None:
        """Send whatever is due, then wait for more."""
        while True:
            self._wake.clear()
            entries = await asyncio.to_thread(self._outbox.due)
            if entries:
                await self.send(entries)
                continue
            until = await asyncio.to_thread(self._outbox.next_due)
            try:
                async with asyncio.timeout(LOOK_AGAIN if until is None else min(until, LOOK_AGAIN)):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def send(self, entries: Sequence[Entry]) -> None:
        """Try each entry once."""
        by_channel: defaultdict[tuple[str, str], list[Entry]] = defaultdict(list)
        for entry in entries:
            by_channel[(entry.namespace, entry.channel)].append(entry)
        await asyncio.gather(*(self._send_all(*key, some) for key, some in by_channel.items()))

    async def _send_all(self, namespace: str, name: str, entries: Sequence[Entry]) -> None:
        for entry in entries:
            await self._send(entry)
        await self._state(namespace, name)

    async def _send(self, entry: Entry) -> None:
        generation = 0
        try:
            manifest = await get_or_none(
                self._client, NotificationChannel.type(), entry.channel, entry.namespace
            )
            if manifest is None:
                raise NotFound(f"there is no channel {entry.channel} in {entry.namespace}")
            generation = manifest["metadata"].get("generation", 0)
            await self._deliver(NotificationChannel.parse(manifest), entry.message)
        except Exception as error:  # whatever goes wrong with one message, the others go out
            # The text of an error that is not ours might hold an address with a secret in it.
            ours = isinstance(error, IdpError)
            text = str(error) if ours else type(error).__name__
            final = isinstance(error, IdpError) and not error.retryable
            log.warning("notification not sent", channel=entry.channel, error=text, final=final)
            await asyncio.to_thread(
                self._outbox.refused, entry, text, generation=generation, final=final
            )
        else:
            await asyncio.to_thread(self._outbox.sent, entry)

    async def _deliver(self, channel: NotificationChannel, message: Message) -> None:
        spec = channel.spec
        secret = await self._secret(channel.namespace, spec.secret_ref)
        if spec.type == "email":
            if spec.email is None:
                raise InvalidInput("the channel has no settings for e-mail")
            mail = email.mail(message, spec.email)
            await self._mailer.send(mail, spec.email, secret.decode(errors="replace"))
        elif spec.type == "webhook":
            body = webhook.body(message)
            headers = webhook.headers(message.id, body, secret, int(self._now()))
            await self._poster.post(spec.url, body, headers)
        elif spec.type == "pagerduty":
            event = pagerduty.body(message, secret.decode(errors="replace").strip())
            await self._poster.post(spec.url or pagerduty.URL, orjson.dumps(event), _JSON)
        else:
            shape = slack if spec.type == "slack" else teams
            url = secret.decode(errors="replace").strip()
            await self._poster.post(url, orjson.dumps(shape.body(message)), _JSON)

    async def _secret(self, namespace: str, reference: SecretKey | None) -> bytes:
        """The value; empty when none is named."""
        if reference is None:
            return b""
        manifest = await get_or_none(self._client, SECRET, reference.name, namespace)
        try:
            value = base64.b64decode(((manifest or {}).get("data") or {})[reference.key])
        except (KeyError, binascii.Error, TypeError):
            value = b""
        if not value:
            raise NotFound(
                f"there is no value {reference.key} in a Secret {reference.name} in {namespace}",
                remedy="Create it, then change the channel: what was given up is sent again.",
            )
        return value

    async def _state(self, namespace: str, name: str) -> None:
        manifest = await get_or_none(self._client, NotificationChannel.type(), name, namespace)
        if manifest is None:
            return
        standing = await asyncio.to_thread(self._outbox.standing, namespace, name)
        condition = condition_of(standing)
        status = NotificationChannelStatus(
            waiting=standing.waiting,
            failed=standing.failed,
            sent=standing.sent,
            conditions=dated(manifest, condition, self._clock()),
        )
        try:
            await write_status(self._client, NotificationChannel.type(), manifest, status)
        except (Conflict, NotFound):  # its event calls again
            self.wake()


def condition_of(standing: Standing) -> Condition:
    """How a channel does. Pure."""
    if standing.failed:
        return false(
            "Ready",
            "GivenUp",
            f"{standing.failed} messages were given up: {standing.error}",
            remedy="Correct the channel's spec: they are sent again after a change of it.",
        )
    if standing.waiting and standing.error:
        message = f"{standing.waiting} messages wait: {standing.error}"
        return false("Ready", "Retrying", message, remedy="Nothing: they are tried again.")
    return true("Ready", "Delivering", "messages are sent as they come")
