"""Get, list and watch."""

from __future__ import annotations

import asyncio
import base64
import binascii
import time
import uuid
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

from idp.embedded.apiserver.storage.history import Change
from idp.embedded.apiserver.storage.record import Record
from idp.embedded.apiserver.storage.store import Store
from idp.embedded.apiserver.types.selectable import check_field_selector
from idp.embedded.apiserver.types.versions import from_stored
from idp.embedded.apiserver.verbs.request import Request
from idp.kernel.errors import Gone, InvalidInput
from idp.kernel.selectors import matches_fields, matches_labels, parse_label_selector

_SNAPSHOTS = 64
_SNAPSHOT_SECONDS = 300.0
_BOOKMARK_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Selection:
    """Which objects of a kind are meant.

    Attributes:
        labels: Label selector; None for all.
        fields: Field selector; None for all.
    """

    labels: str | None = None
    fields: str | None = None

    def check(self, request: Request) -> None:
        """Refuse selectors that cannot be read."""
        if self.labels:
            parse_label_selector(self.labels)
        check_field_selector(request.served, self.fields)

    def matches(self, request: Request, record: Record | None) -> bool:
        """Whether an object is in the namespace and the selection of a request."""
        if record is None or (request.namespace and record.key.namespace != request.namespace):
            return False
        if request.name and record.key.name != request.name:
            return False
        if self.labels and not matches_labels(self.labels, record.labels):
            return False
        if not self.fields:
            return True
        return matches_fields(self.fields, from_stored(record.manifest(), request.served))


@dataclass(frozen=True, slots=True)
class Page:
    """One answer to a list request.

    Attributes:
        version: Resource version of the snapshot that all pages come from.
        token: Where the next page starts; empty at the end.
        remaining: How many objects follow; None when selectors hide it.
    """

    records: list[Record]
    version: int
    token: str = ""
    remaining: int | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """One event of a watch.

    Attributes:
        record: The object; None for a bookmark.
        version: Up to which nothing was missed.
        change: Where the event came from, when it is the change itself; its encoded form can
            be shared among watches.
        initial: The bookmark after the initial state.
    """

    type: Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]
    record: Record | None
    version: int
    change: Change | None = None
    initial: bool = False


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """How to watch.

    Attributes:
        version: Continue after this resource version; None or 0 starts with the present state.
        initial: `sendInitialEvents`: send the present state, then a bookmark that says so.
        bookmarks: Send bookmarks now and then.
        seconds: How long.
    """

    version: int | None = None
    initial: bool = False
    bookmarks: bool = False
    seconds: float = 1800.0


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """A list whose further pages are to come: when it was taken, of what, what was in it."""

    taken: float
    place: tuple[str, str]
    records: list[Record]
    version: int


class Reader:
    """Reads objects."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._snapshots: OrderedDict[str, _Snapshot] = OrderedDict()

    def get(self, request: Request) -> Record:
        """One object. Raises `NotFound`."""
        record = self._store.get(request.key)
        if record is None:
            raise request.not_found()
        return record

    def page(
        self, request: Request, selection: Selection, *, limit: int = 0, token: str = ""
    ) -> Page:
        """One page of a consistent list.

        Raises:
            Gone: The token is too old: its snapshot is no longer kept.
        """
        if token:
            identity, offset = _read_token(token)
            records, version = self._snapshot(
                identity, (request.served.resource, request.namespace)
            )
        else:
            identity, offset, version = uuid.uuid4().hex, 0, self._store.version
            records = self._select(request, selection)
        end = offset + limit if limit else len(records)
        if end >= len(records):
            self._snapshots.pop(identity, None)
            return Page(records[offset:], version)
        place = (request.served.resource, request.namespace)
        self._keep(identity, _Snapshot(time.monotonic(), place, records, version))
        selective = selection.labels or selection.fields
        remaining = None if selective else len(records) - end
        return Page(records[offset:end], version, _write_token(identity, end), remaining)

    def _select(self, request: Request, selection: Selection) -> list[Record]:
        selection.check(request)
        records = self._store.scan(request.served.resource, request.namespace or None)
        if not (selection.labels or selection.fields or request.name):
            return records
        return [record for record in records if selection.matches(request, record)]

    def _keep(self, identity: str, snapshot: _Snapshot) -> None:
        self._snapshots[identity] = snapshot
        self._snapshots.move_to_end(identity)
        while len(self._snapshots) > _SNAPSHOTS:
            self._snapshots.popitem(last=False)

    def _snapshot(self, identity: str, place: tuple[str, str]) -> tuple[list[Record], int]:
        kept = self._snapshots.get(identity)
        if kept is None or time.monotonic() - kept.taken > _SNAPSHOT_SECONDS:
            self._snapshots.pop(identity, None)
            raise Gone("The provided continue parameter is too old to display a consistent list.")
        if kept.place != place:
            # What may be read there was not asked for here.
            raise InvalidInput("continue key is not valid: it was given for another list")
        return kept.records, kept.version

    async def watch(
        self, request: Request, selection: Selection, options: WatchOptions
    ) -> AsyncIterator[Seen]:
        """Follow changes until the time is over or the server stops.

        Raises:
            Gone: The version is too old, or the reader fell too far behind.
        """
        selection.check(request)
        history = self._store.history(request.served.resource)
        version = options.version or 0
        if version > self._store.version:
            raise Gone(f"too large resource version: {version} ({self._store.version})")
        if not version or options.initial:
            version = self._store.version
            for record in self._select(request, selection):
                yield Seen("ADDED", record, record.version)
            if options.initial and options.bookmarks:
                yield Seen("BOOKMARK", None, version, initial=True)
        deadline = time.monotonic() + options.seconds
        while self._store.is_open:
            for change in history.after(version):
                version = change.version
                if (seen := _seen(request, selection, change)) is not None:
                    yield seen
            if (left := deadline - time.monotonic()) <= 0:
                return
            present = self._store.version
            woken = await history.changed(min(left, _BOOKMARK_SECONDS))
            if not woken:
                # Nothing of this kind happened: everything up to `present` has been seen.
                version = max(version, present)
                if options.bookmarks:
                    yield Seen("BOOKMARK", None, version)
            await asyncio.sleep(0)


def _seen(request: Request, selection: Selection, change: Change) -> Seen | None:
    """What a change looks like through a selection: objects enter and leave it."""
    if request.namespace and change.record.key.namespace != request.namespace:
        return None
    if not (selection.labels or selection.fields or request.name):
        return Seen(change.type, change.record, change.version, change)
    now = change.type != "DELETED" and selection.matches(request, change.record)
    before = selection.matches(request, change.previous)
    if now:
        type_: Literal["ADDED", "MODIFIED"] = "MODIFIED" if before else "ADDED"
        shared = change if type_ == change.type else None
        return Seen(type_, change.record, change.version, shared)
    if not before:
        return None
    if change.type == "DELETED":
        return Seen("DELETED", change.record, change.version, change)
    assert change.previous is not None
    left = change.previous.manifest()
    left["metadata"]["resourceVersion"] = str(change.version)
    record = Record.of(change.record.key, change.version, left)
    return Seen("DELETED", record, change.version)


def _write_token(identity: str, offset: int) -> str:
    return base64.urlsafe_b64encode(f"{identity}:{offset}".encode()).decode()


def _read_token(token: str) -> tuple[str, int]:
    try:
        identity, _, offset = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
        if offset.isdecimal() and len(offset) < 10:
            return identity, int(offset)
    except (ValueError, binascii.Error):
        pass  # said below
    raise InvalidInput("continue key is not valid: it was not given by this server")
