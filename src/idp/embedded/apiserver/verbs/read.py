"""Get, list and watch."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

from idp.embedded.apiserver.errors import from_the_future
from idp.embedded.apiserver.storage.history import Change
from idp.embedded.apiserver.storage.record import Record
from idp.embedded.apiserver.storage.store import Store
from idp.embedded.apiserver.types.selectable import check_field_selector
from idp.embedded.apiserver.types.versions import from_stored
from idp.embedded.apiserver.verbs.continue_tokens import (
    ContinueTokens,
    Place,
    Start,
    invalid_token,
)
from idp.embedded.apiserver.verbs.request import Request
from idp.kernel.errors import Gone
from idp.kernel.selectors import (
    matches_fields,
    matches_labels,
    parse_field_selector,
    parse_label_selector,
)

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

    @property
    def name(self) -> str:
        """The only name that is selected; empty when there may be others."""
        for path, equal, value in parse_field_selector(self.fields or ""):
            if path == "metadata.name" and equal:
                return value
        return ""

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
class ListOptions:
    """Which state to list, and how much of it.

    Attributes:
        limit: Objects per page; 0 for all.
        token: Continue the list that gave it.
        version: A resource version that the client knows; None for the newest state.
        exact: `resourceVersionMatch=Exact`: the state of just that version.
        at_least: `resourceVersionMatch=NotOlderThan`.
    """

    limit: int = 0
    token: str = ""
    version: int | None = None
    exact: bool = False
    at_least: bool = False


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
        state: Without a version, begin with the present state.
        bookmarks: Send bookmarks now and then.
        seconds: How long.
    """

    version: int | None = None
    initial: bool = False
    state: bool = True
    bookmarks: bool = False
    seconds: float = 1800.0


_Listed = tuple[str, str, Selection, int]
"""Resource, namespace, selection and version of a list."""

_TOO_OLD = "The provided continue parameter is too old to display a consistent list result."


class Reader:
    """Reads objects."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._snapshots: OrderedDict[_Listed, tuple[float, list[Record]]] = OrderedDict()
        self._tokens = ContinueTokens()

    def get(self, request: Request, version: int | None = None) -> Record:
        """One object, as it is now, which is not older than `version`.

        Raises:
            NotFound: There is none.
            DeadlineExceeded: The version is from the future.
        """
        self._check_past(version)
        record = self._store.get(request.key)
        if record is None:
            raise request.not_found()
        return record

    def _check_past(self, version: int | None) -> None:
        if version is not None and version > self._store.version:
            raise from_the_future(version, self._store.version)

    def page(self, request: Request, selection: Selection, options: ListOptions) -> Page:
        """One page of a consistent list.

        Raises:
            Gone: The state asked for is too old: the changes since then are no longer kept.
            DeadlineExceeded: The version is from the future.
        """
        selection.check(request)
        self._check_past(options.version)
        after: Place = ("", "")
        limit, version = options.limit, self._store.version
        if options.token:
            version, after = self._continued(request, options.token)
        elif options.version and (options.exact or (limit and not options.at_least)):
            version = options.version
        if options.version == 0:
            limit = 0  # any state will do, all of it: the real server answers from its cache
        listed = (request.served.resource, request.namespace, selection, version)
        records = self._listed(request, selection, version, listed)
        start = bisect_right(records, after, key=_place) if options.token else 0
        end = start + limit if limit else len(records)
        if end >= len(records):
            self._snapshots.pop(listed, None)
            return Page(records[start:], version)
        self._keep(listed, records)
        selective = selection.labels or selection.fields
        remaining = None if selective else len(records) - end
        token = self._tokens.write(_list_of(request), Start(version, _place(records[end - 1])))
        return Page(records[start:end], version, token, remaining)

    def _continued(self, request: Request, token: str) -> tuple[int, Place]:
        start = self._tokens.read(_list_of(request), token)
        if not start.proved:
            # Of a former process, most likely: what it continues is as gone as its key.
            self._changes_since(request, start.version)
            raise invalid_token("it was given for another list, or not by this server")
        return start.version, start.after

    def _listed(
        self, request: Request, selection: Selection, version: int, listed: _Listed
    ) -> list[Record]:
        """The objects of a list as they were at a version."""
        kept = self._snapshots.get(listed)
        if kept is not None and time.monotonic() - kept[0] <= _SNAPSHOT_SECONDS:
            return kept[1]
        records = self._store.scan(request.served.resource, request.namespace or None)
        if version < self._store.version:
            records = self._rewound(request, records, version)
        if not (selection.labels or selection.fields or request.name):
            return records
        return [record for record in records if selection.matches(request, record)]

    def _rewound(self, request: Request, records: list[Record], version: int) -> list[Record]:
        """The objects as they were: every change since is undone, the last one first."""
        changes = self._changes_since(request, version)
        objects = {_place(record): record for record in records}
        for change in reversed(changes):
            if request.namespace and change.record.key.namespace != request.namespace:
                continue
            if change.previous is None:
                objects.pop(_place(change.record), None)
            else:
                objects[_place(change.record)] = change.previous
        return [objects[place] for place in sorted(objects)]

    def _changes_since(self, request: Request, version: int) -> list[Change]:
        try:
            return self._store.history(request.served.resource).after(version)
        except Gone as error:
            raise Gone(_TOO_OLD) from error

    def _keep(self, listed: _Listed, records: list[Record]) -> None:
        """Keep a state whose next page is likely asked for: it outlives the changes' history."""
        self._snapshots[listed] = (time.monotonic(), records)
        self._snapshots.move_to_end(listed)
        while len(self._snapshots) > _SNAPSHOTS:
            self._snapshots.popitem(last=False)

    def _present(self, request: Request, selection: Selection) -> list[Record]:
        records = self._store.scan(request.served.resource, request.namespace or None)
        return [record for record in records if selection.matches(request, record)]

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
        if options.initial or (not version and options.state):
            version = self._store.version
            for record in self._present(request, selection):
                yield Seen("ADDED", record, record.version)
            if options.initial and options.bookmarks:
                yield Seen("BOOKMARK", None, version, initial=True)
        version = version or self._store.version
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


def _list_of(request: Request) -> tuple[str, str]:
    return request.served.resource, request.namespace


def _place(record: Record) -> Place:
    return record.key.namespace, record.key.name
