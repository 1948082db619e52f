"""What is recorded is sent, once; whoever is killed, wherever."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from typing import Any

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from idp.capabilities.notifications.kinds import NotificationChannel, NotificationRule
from idp.capabilities.notifications.outbox import MOST_ATTEMPTS, Outbox, delay
from idp.capabilities.notifications.ports import Mailer
from idp.capabilities.notifications.recorder import FINALIZER, Recorder
from idp.capabilities.notifications.sender import Sender
from idp.capabilities.promotion.kinds import Promotion
from idp.kernel.controller import Request
from idp.kernel.errors import IdpError, InvalidInput, NotFound, Unavailable
from idp.kernel.memory_client import MemoryClient
from idp.kernel.standard import SECRET

SLACK = "https://hooks.slack.example/services/T0/B0/s3cret"


class Killed(BaseException):
    """The process is gone, there and then."""


class Receiver:
    """Takes requests and drops repetitions, as a receiver that knows the key does."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, Mapping[str, str]]] = []
        self.error: IdpError | None = None
        self.killed: str = ""
        self.took = asyncio.Event()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        if self.killed == "before":
            raise Killed
        if self.error is not None:
            raise self.error
        self.requests.append((url, headers))
        self.took.set()
        if self.killed == "after":
            raise Killed

    async def send(self, *_: Any) -> None:
        raise AssertionError("no e-mail here")

    @property
    def shown(self) -> set[str]:
        return {headers["Idempotency-Key"] for _, headers in self.requests}


class Desk:
    def __init__(self, database: sa.Engine) -> None:
        self.client, self.receiver, self.time = MemoryClient(), Receiver(), 1_000_000.0
        self.outbox = Outbox(database, lambda: self.time)
        self.start()

    def start(self) -> None:
        """A new process over the same storage."""
        mailer: Mailer = self.receiver
        self.sender = Sender(self.client, self.outbox, self.receiver, mailer)
        self.recorder = Recorder(self.client, self.outbox, self.sender, environment="uat")

    async def channel(self, **spec: Any) -> None:
        spec = {
            "type": "webhook",
            "url": "https://r.example",
            "secretRef": {"name": "s", "key": "k"},
            **spec,
        }
        meta = {"name": "team", "namespace": "demo"}
        await self.client.apply(
            NotificationChannel.type(), {"metadata": meta, "spec": spec}, field_manager="t"
        )

    async def secret(self, value: str) -> None:
        data = {"k": base64.b64encode(value.encode()).decode()}
        meta = {"name": "s", "namespace": "demo"}
        await self.client.apply(SECRET, {"metadata": meta, "data": data}, field_manager="t")

    async def rule(self) -> None:
        spec = {"events": ["PromotionFailed"], "channels": ["team"]}
        meta = {"name": "r", "namespace": "demo"}
        await self.client.create(NotificationRule.type(), {"metadata": meta, "spec": spec})

    async def failed(self, **meta: Any) -> None:
        spec = {"application": "hello", "release": "r1"}
        status = {"phase": "Failed", "message": "no", "finishedAt": "2099-01-01T00:00:00Z"}
        await self.client.create(
            Promotion.type(),
            {
                "metadata": {"name": "p", "namespace": "demo", **meta},
                "spec": spec,
                "status": status,
            },
        )

    async def record(self) -> None:
        await self.recorder(Request("demo", "p"))

    async def send(self) -> None:
        await self.sender.send(self.outbox.due())

    async def condition(self) -> dict[str, Any]:
        manifest = await self.client.get(NotificationChannel.type(), "team", "demo")
        found: dict[str, Any] = manifest["status"]["conditions"][0]
        return found


@pytest.fixture
async def desk(database: sa.Engine) -> Desk:
    desk = Desk(database)
    await desk.channel()
    await desk.secret("signing key")
    await desk.rule()
    await desk.failed()
    return desk


async def test_a_message_is_recorded_once_and_sent_once(desk: Desk) -> None:
    for _ in range(3):
        await desk.record()
        await desk.send()
    assert len(desk.receiver.requests) == 1
    assert await desk.condition() | {"status": "True"} == await desk.condition()


@pytest.mark.parametrize("side", ["before", "after"])
async def test_killed_on_either_side_of_the_sending(desk: Desk, side: str) -> None:
    """Between recording and sending, and between sending and marking."""
    desk.receiver.killed = side
    await desk.record()
    with pytest.raises(Killed):
        await desk.send()
    desk.receiver.killed = ""
    desk.start()
    await desk.record()
    await desk.send()
    await desk.send()
    assert len(desk.receiver.shown) == 1
    assert len(desk.receiver.requests) == (1 if side == "before" else 2)
    assert desk.outbox.standing("demo", "team").sent == 1


async def test_killed_before_recording(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The finalizer keeps the promotion, deleted or not, until its end was recorded."""

    def killed(*_: Any) -> int:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(desk.outbox, "record", killed)
        with pytest.raises(Killed):
            await desk.record()
    await desk.client.delete(Promotion.type(), "p", "demo")
    manifest = await desk.client.get(Promotion.type(), "p", "demo")
    assert manifest["metadata"]["finalizers"] == [FINALIZER]
    desk.start()
    await desk.record()
    with pytest.raises(NotFound):
        await desk.client.get(Promotion.type(), "p", "demo")
    await desk.send()
    assert len(desk.receiver.requests) == 1


async def test_a_receiver_that_is_down_gets_it_later(desk: Desk) -> None:
    desk.receiver.error = Unavailable("down")
    await desk.record()
    await desk.send()
    assert desk.outbox.due() == []
    assert (await desk.condition())["reason"] == "Retrying"
    desk.receiver.error = None
    desk.time += delay(1)
    await desk.send()
    assert (await desk.condition())["reason"] == "Delivering"
    assert len(desk.receiver.requests) == 1


async def test_it_is_given_up_after_many_attempts_and_never_lost(desk: Desk) -> None:
    desk.receiver.error = Unavailable("down")
    await desk.record()
    for attempt in range(MOST_ATTEMPTS):
        await desk.send()
        desk.time += delay(attempt + 1)
    assert desk.outbox.due() == []
    assert (await desk.condition())["reason"] == "GivenUp"
    desk.receiver.error = None
    await desk.channel(url="https://other.example")
    await desk.sender(Request("demo", "team"))
    await desk.send()
    assert [url for url, _ in desk.receiver.requests] == ["https://other.example"]


async def test_a_refusal_is_final_until_the_channel_changes(desk: Desk) -> None:
    desk.receiver.error = InvalidInput("refused with 403")
    await desk.record()
    await desk.send()
    await desk.sender(Request("demo", "team"))
    assert desk.outbox.due() == []
    assert "403" in (await desk.condition())["message"]


async def test_a_channel_without_its_secret_says_so(desk: Desk) -> None:
    await desk.client.delete(SECRET, "s", "demo")
    await desk.record()
    await desk.send()
    assert "no value k in a Secret s" in (await desk.condition())["message"]


async def test_no_secret_is_in_status_outbox_or_log(desk: Desk, database: sa.Engine) -> None:
    await desk.channel(type="slack", url="")
    await desk.secret(SLACK)

    async def leak(url: str, body: bytes, headers: Mapping[str, str]) -> None:
        raise RuntimeError(f"cannot connect to {url}")

    desk.receiver.post = leak  # type: ignore[method-assign]
    with capture_logs() as logs:
        await desk.record()
        await desk.send()
    manifest = await desk.client.get(NotificationChannel.type(), "team", "demo")
    with database.connect() as connection:
        rows = connection.execute(sa.text("SELECT * FROM notifications_outbox")).all()
    assert len(rows) == 1
    assert logs
    assert "s3cret" not in f"{manifest} {rows} {logs}"


async def test_it_sends_by_itself_when_something_was_recorded(desk: Desk) -> None:
    async with asyncio.timeout(10):
        running = asyncio.create_task(desk.sender.run())
        await asyncio.sleep(0)
        await desk.record()
        await desk.receiver.took.wait()
        running.cancel()


def test_the_delay_grows_up_to_an_hour() -> None:
    assert [delay(n) for n in (1, 2, 3, 11, 60)] == [5, 10, 20, 3600, 3600]
