"""Tells each environment of pushes that its triggers wait for, in the name of who pushed.

A push is in SQL, once for each environment, before the Git server considers it reported; it is
taken out when that environment was told. So an environment that does not answer holds up neither
builds nor the other environments. Telling twice makes one `TriggerEvent`: it is named after
trigger, reference and commit. Who may not look at an environment, or may not promote there, starts
nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial

import sqlalchemy as sa
import structlog

from idp.apps.hub.access import ENVIRONMENTS_NAMESPACE
from idp.apps.hub.backlog import work_off
from idp.apps.hub.instances import Instances
from idp.apps.hub.pushes import Push
from idp.capabilities.promotion.decide.triggers import PATIENCE, concerns, event_name
from idp.capabilities.promotion.kinds import PromotionTrigger, TriggerEvent
from idp.capabilities.promotion.render.templates import APPLICATION_LABEL, TRIGGER_LABEL
from idp.kernel.access import Principal
from idp.kernel.errors import AlreadyExists, IdpError
from idp.kernel.manifest import render

log = structlog.get_logger(__name__)

_table = sa.Table(
    "trigger_occasions",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("event", sa.Integer),
    *(
        sa.Column(name, sa.String)
        for name in ("environment", "repository", "reference", "commit", "pusher")
    ),
    sa.Column("taken", sa.Float),
)

Build = Callable[[Push, Principal], Awaitable[None]]
"""Builds and releases a commit, unless that was done."""
CommitOf = Callable[[str, str], Awaitable[str]]
"""The commit of an object of a repository; an annotated tag is an object of its own."""


class Occasions:
    """The table. Methods block: call them in a thread."""

    def __init__(
        self,
        database: sa.Engine,
        environments: Sequence[str],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._environments = environments
        self._now = now

    def take(self, event: int, push: Push) -> None:
        """Remember a push for every environment; durable on return, a second time nothing.

        Args:
            event: Number of the push.
            push: What it changed; deletions and environments' own repositories are left out.
        """
        namespace = push.repository.partition("/")[0]
        if namespace == ENVIRONMENTS_NAMESPACE or not push.commit.strip("0") or not push.pusher:
            return
        rows = [
            {
                "event": event,
                "environment": environment,
                "repository": push.repository,
                "reference": push.reference,
                "commit": push.commit,
                "pusher": push.pusher,
                "taken": self._now(),
            }
            for environment in self._environments
        ]
        with self._database.begin() as connection:
            connection.execute(_table.insert().prefix_with("OR IGNORE"), rows)

    def open(self, environment: str) -> list[tuple[int, Push]]:
        """What an environment was not told yet, the oldest first; what is too old is dropped."""
        oldest = self._now() - PATIENCE.total_seconds()
        query = (
            sa.select(_table)
            .where(_table.c.environment == environment)
            .order_by(_table.c.id)
            .limit(100)
        )
        with self._database.begin() as connection:
            connection.execute(_table.delete().where(_table.c.taken < oldest))
            return [
                (row.id, Push(row.repository, row.reference, row.commit, row.pusher))
                for row in connection.execute(query)
            ]

    def done(self, id: int) -> None:
        """The environment was told, or never can be."""
        with self._database.begin() as connection:
            connection.execute(_table.delete().where(_table.c.id == id))


class TriggerDelivery:
    """Runs until cancelled, one task for each environment."""

    def __init__(
        self,
        occasions: Occasions,
        instances: Instances,
        groups: Callable[[], dict[str, tuple[str, ...]]],
        build: Build,
        commit_of: CommitOf,
    ) -> None:
        self._occasions = occasions
        self._instances = instances
        self._groups = groups
        self._build = build
        self._commit_of = commit_of
        self._news = {environment: asyncio.Event() for environment in instances.environments}

    def wake(self) -> None:
        """A push was taken."""
        for news in self._news.values():
            news.set()

    async def run(self) -> None:
        """Tell every environment."""
        async with asyncio.TaskGroup() as group:
            for environment in self._instances.environments:
                name, look = f"triggers of {environment}", partial(self.tell, environment)
                group.create_task(work_off(name, look, self._news[environment]), name=name)

    async def tell(self, environment: str) -> bool:
        """Tell an environment what is open; gives whether something has to be told again."""
        while found := await asyncio.to_thread(self._occasions.open, environment):
            for id, push in found:
                try:
                    await self._tell(environment, push)
                except IdpError as error:
                    log.warning(
                        "trigger not told",
                        environment=environment,
                        repository=push.repository,
                        pusher=push.pusher,
                        error=str(error),
                    )
                    if error.retryable:
                        return True
                await asyncio.to_thread(self._occasions.done, id)
        return False

    async def _tell(self, environment: str, push: Push) -> None:
        groups = (await asyncio.to_thread(self._groups)).get(push.pusher, ())
        principal = Principal(push.pusher, groups)
        client = self._instances.client(environment, principal)
        namespace, _, application = push.repository.partition("/")
        listed = await client.list(PromotionTrigger.type(), namespace)
        triggers = [PromotionTrigger.parse(body) for body in listed.items]
        matching = [
            trigger
            for trigger in triggers
            if trigger.spec.application == application and concerns(trigger.spec, push.reference)
        ]
        if not matching:
            return
        push = replace(push, commit=await self._commit_of(push.repository, push.commit))
        await self._build(push, principal)
        for trigger in matching:
            event = render(
                TriggerEvent.type(),
                event_name(trigger.name, f"{push.reference}\0{push.commit}"),
                namespace,
                labels={APPLICATION_LABEL: application, TRIGGER_LABEL: trigger.name},
                spec={
                    "trigger": trigger.name,
                    "application": application,
                    "by": principal.name,
                    "byGroups": list(principal.groups),
                    "reference": push.reference,
                    "commit": push.commit,
                },
            )
            try:
                await client.create(TriggerEvent.type(), event)
            except AlreadyExists:
                continue
            log.info("trigger told", trigger=trigger.name, environment=environment)
