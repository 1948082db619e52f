"""Webhooks as administrators configured them, and every delivery that was taken, in SQL.

Methods block: call them in a thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Annotated

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from idp.apps.hub.webhooks.signatures import Provider
from idp.kernel.errors import Conflict, NotFound

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)]
Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=256)]

_tables = sa.MetaData()
_webhooks = sa.Table(
    "webhooks",
    _tables,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("source", sa.Text),
)
_deliveries = sa.Table(
    "webhook_deliveries",
    _tables,
    sa.Column("id", sa.Integer, primary_key=True),
    *(sa.Column(name, sa.String) for name in ("webhook", "key", "actor")),
    sa.Column("received", sa.Float),
    sa.Column("done", sa.Boolean),
)


class Source(BaseModel):
    """An outside repository that webhooks bring in.

    Attributes:
        provider: Who sends the webhook.
        repository: Where it goes here, `namespace/application`.
        url: Clone address, http or https, without credentials; nothing else is ever fetched.
        username: For the outside server; empty for none.
        password: Likewise.
        secret: What deliveries are signed with.
        acts_as: User of the platform who pushes when `people` does not name who did.
        people: Name at the outside server -> user of the platform. Who wrote a release may not
            approve it: name everybody who does both.
    """

    model_config = ConfigDict(extra="forbid")

    provider: Provider
    repository: Annotated[
        str,
        StringConstraints(
            pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?/[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
            max_length=127,
        ),
    ]
    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s@?#]+$", max_length=1000)]
    username: Line = ""
    password: Annotated[Line, Field(repr=False)] = ""
    secret: Annotated[str, StringConstraints(min_length=16, max_length=256), Field(repr=False)]
    acts_as: Line
    people: dict[Line, Line] = Field(default_factory=dict, max_length=10_000)


class Sources:
    """The tables."""

    def __init__(self, database: sa.Engine, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._now = now

    def put(self, name: str, source: Source) -> None:
        """Create a webhook, or replace one."""
        with self._database.begin() as connection:
            connection.execute(_webhooks.delete().where(_webhooks.c.name == name))
            connection.execute(
                _webhooks.insert().values(name=name, source=source.model_dump_json())
            )

    def delete(self, name: str) -> None:
        """Remove a webhook; what it delivered stays known.

        Raises:
            NotFound: There is none of that name.
        """
        with self._database.begin() as connection:
            gone = connection.execute(_webhooks.delete().where(_webhooks.c.name == name))
        if not gone.rowcount:
            raise NotFound(f"there is no webhook {name}")

    def get(self, name: str) -> Source | None:
        """A webhook, or None."""
        query = sa.select(_webhooks.c.source).where(_webhooks.c.name == name)
        with self._database.connect() as connection:
            found = connection.execute(query).scalar()
        return None if found is None else Source.model_validate_json(found)

    def all(self) -> dict[str, Source]:
        """All webhooks by name."""
        with self._database.connect() as connection:
            rows = connection.execute(sa.select(_webhooks).order_by(_webhooks.c.name)).all()
        return {row.name: Source.model_validate_json(row.source) for row in rows}

    def take(self, webhook: str, keys: Sequence[str], actor: str) -> None:
        """Remember a delivery by all its keys, and that it is to be done; durable on return.

        Raises:
            Conflict: One of the keys was taken before.
        """
        rows = [
            {
                "webhook": webhook,
                "key": key,
                "actor": actor,
                "received": self._now(),
                "done": number > 0,
            }
            for number, key in enumerate(keys)
        ]
        try:
            with self._database.begin() as connection:
                connection.execute(_deliveries.insert(), rows)
        except sa.exc.IntegrityError:
            raise Conflict(
                "this delivery was taken before: a repetition is refused",
                remedy="Nothing: what it reported was fetched. Push again to send another.",
            ) from None

    def open(self) -> list[tuple[int, str, str]]:
        """Id, webhook and actor of deliveries that are not done, the oldest first."""
        query = (
            sa.select(_deliveries.c.id, _deliveries.c.webhook, _deliveries.c.actor)
            .where(_deliveries.c.done.is_(False))
            .order_by(_deliveries.c.id)
        )
        with self._database.connect() as connection:
            return [(row.id, row.webhook, row.actor) for row in connection.execute(query)]

    def done(self, id: int) -> None:
        """A delivery was fetched, or never can be."""
        with self._database.begin() as connection:
            connection.execute(_deliveries.update().where(_deliveries.c.id == id).values(done=True))
