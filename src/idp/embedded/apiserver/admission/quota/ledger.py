"""The totals of every quota, and the reservation of what is being written.

A write that fits reserves what it adds before it is committed, so of two writes that want the last
of something one is refused, whichever commits first. The commit turns the reservation into the
total in one step; a write that fails gives it back.

Totals are counted once, when a quota appears, and follow every committed change from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal

from idp.embedded.apiserver.admission.amounts import (
    ZERO,
    Amount,
    Amounts,
    amounts_of,
    minus,
    plus,
)
from idp.embedded.apiserver.admission.quota.scopes import is_about
from idp.embedded.apiserver.admission.quota.usage import (
    CLAIMS,
    PODS,
    SERVICES,
    may_concern,
    unstated,
    usage_of,
)
from idp.embedded.apiserver.storage.history import Change
from idp.embedded.apiserver.storage.record import Key
from idp.embedded.apiserver.storage.store import Store
from idp.kernel.errors import Forbidden
from idp.kernel.resource import Manifest

QUOTAS = "/resourcequotas"

_COUNTED_AGAIN = (SERVICES, CLAIMS)
"""Kinds of which an update may use more."""


@dataclass(slots=True)
class Account:
    """One quota and what counts against it.

    Attributes:
        spec: Of the quota.
        hard: What it allows.
        used: What is stored.
        reserved: What is being written, by object.
        held: The sum of what is reserved.
    """

    spec: Manifest
    hard: Amounts
    used: Amounts
    reserved: dict[Key, Amounts] = field(default_factory=dict)
    held: Amounts = field(default_factory=dict)

    def measure(self, resource: str, manifest: Manifest) -> Amounts:
        """What an object counts against this quota."""
        if not is_about(self.spec, resource, manifest):
            return {}
        usage = usage_of(resource, manifest)
        return {name: amount for name, amount in usage.items() if name in self.hard}

    def taken(self) -> Amounts:
        """What is stored or being written."""
        return plus(self.used, self.held)

    def reserve(self, key: Key, amounts: Amounts) -> None:
        """Hold what the write of an object adds, until `release`."""
        self.reserved[key] = amounts
        self.held = plus(self.held, amounts)

    def release(self, key: Key) -> None:
        """The write of an object is committed, or failed; nothing is held for most."""
        if amounts := self.reserved.pop(key, None):
            self.held = minus(self.held, amounts)

    def book(self, added: Mapping[str, Amount], removed: Mapping[str, Amount]) -> bool:
        """Take over a committed change; tells whether anything changed."""
        before = self.used
        self.used = minus(plus(before, added), removed)
        return any(self.used[name].value != before.get(name, ZERO).value for name in self.used)


class QuotaLedger:
    """The accounts of all quotas."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._accounts: dict[str, dict[Key, Account]] = {}

    def begin(self) -> None:
        """Open an account for every quota that is stored."""
        for record in self._store.scan(QUOTAS):
            self._open(record.key, record.shared())

    def account(self, key: Key) -> Account | None:
        """The account of a quota."""
        return self._accounts.get(key.namespace, {}).get(key)

    def noticed(self, change: Change) -> list[Key]:
        """Follow a committed change; tells which quotas it changed the totals of."""
        key = change.record.key
        affected = self._book(change) if key.namespace in self._accounts else []
        if key.resource == QUOTAS:
            affected += self._follow(change)
        return affected

    def _follow(self, change: Change) -> list[Key]:
        key, quota = change.record.key, change.record.shared()
        if change.type == "DELETED":
            accounts = self._accounts.get(key.namespace, {})
            accounts.pop(key, None)
            if not accounts:
                self._accounts.pop(key.namespace, None)
            return []
        if change.previous is None or change.previous.shared()["spec"] != quota["spec"]:
            self._open(key, quota)
        return [key]

    def _open(self, key: Key, quota: Manifest) -> None:
        spec = quota.get("spec") or {}
        former = self.account(key)
        account = Account(spec, amounts_of(spec.get("hard")), {})
        if former is not None:
            for object_key, amounts in former.reserved.items():
                account.reserve(object_key, amounts)
        for resource in self._store.resources():
            if not may_concern(account.hard, resource):
                continue
            for record in self._store.scan(resource, key.namespace):
                account.used = plus(account.used, account.measure(resource, record.shared()))
        self._accounts.setdefault(key.namespace, {})[key] = account

    def _book(self, change: Change) -> list[Key]:
        record, previous, affected = change.record, change.previous, []
        for key, account in self._accounts[record.key.namespace].items():
            account.release(record.key)
            if not may_concern(account.hard, record.key.resource):
                continue
            resource = record.key.resource
            removed = account.measure(resource, previous.shared()) if previous else {}
            added = {} if change.type == "DELETED" else account.measure(resource, record.shared())
            if account.book(added, removed):
                affected.append(key)
        return affected

    @contextmanager
    def reserved(self, key: Key, new: Manifest, old: Manifest | None) -> Iterator[None]:
        """Reserve what a write adds for as long as it takes.

        Args:
            key: What is written. Its lock is held.
            new: The object as it is about to be stored.
            old: The object as it is; None when it is new.

        Raises:
            Forbidden: A quota does not allow it, or cannot tell because the object does not state
                what it uses.
        """
        accounts = self._accounts.get(key.namespace)
        if not accounts or (old is not None and key.resource not in _COUNTED_AGAIN):
            yield
            return
        wanted = {
            quota: _fitting(quota.name, account, key.resource, new, old)
            for quota, account in sorted(accounts.items())
        }
        for quota, amounts in wanted.items():
            if amounts:
                accounts[quota].reserve(key, amounts)
        try:
            yield
        finally:
            # Of a write that was committed nothing is reserved any more.
            for account in accounts.values():
                account.release(key)


def _fitting(
    quota: str, account: Account, resource: str, new: Manifest, old: Manifest | None
) -> Amounts:
    """What a write adds to an account. Raises `Forbidden` when that is too much."""
    if not is_about(account.spec, resource, new):
        return {}
    if resource == PODS and (lacking := unstated(new, account.hard)):
        raise Forbidden(f"failed quota: {quota}: must specify {lacking}")
    former = account.measure(resource, old) if old is not None else {}
    added = {}
    for name, amount in account.measure(resource, new).items():
        difference = amount - former.get(name, ZERO)
        if difference.value > 0:
            added[name] = difference
    taken = account.taken()
    exceeded = sorted(name for name in added if _beyond(name, added, taken, account.hard))
    if exceeded:
        raise Forbidden(
            f"exceeded quota: {quota}, requested: {_shown(added, exceeded)}, "
            f"used: {_shown(taken, exceeded)}, limited: {_shown(account.hard, exceeded)}"
        )
    return added


def _beyond(name: str, added: Amounts, taken: Amounts, hard: Amounts) -> bool:
    total: Decimal = taken.get(name, ZERO).value + added[name].value
    return total > hard[name].value


def _shown(amounts: Amounts, names: list[str]) -> str:
    return ",".join(f"{name}={amounts.get(name, ZERO)}" for name in names)
