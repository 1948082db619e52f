"""Users as the API server knows them, once they have proved who they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ANONYMOUS = "system:anonymous"
AUTHENTICATED_GROUP = "system:authenticated"
UNAUTHENTICATED_GROUP = "system:unauthenticated"
MASTERS_GROUP = "system:masters"
SERVICE_ACCOUNTS_GROUP = "system:serviceaccounts"

_SERVICE_ACCOUNT = re.compile(
    r"system:serviceaccount:([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?):([a-z0-9](?:[-.a-z0-9]*[a-z0-9])?)"
)


@dataclass(frozen=True, slots=True)
class UserInfo:
    """Who is asking.

    Attributes:
        name: User name, such as `alice` or `system:serviceaccount:demo:builder`.
        uid: Tells apart two users who have had the same name; empty when the credential has none.
        groups: The groups that bindings may name.
        extra: Further facts by lower-case key, such as the Pod a token is bound to.
        impersonator: The user who really asked, when `name` is impersonated; for the audit.
    """

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    impersonator: UserInfo | None = None

    def manifest(self) -> dict[str, Any]:
        """As `authentication.k8s.io UserInfo`; empty fields are left out."""
        body: dict[str, Any] = {"username": self.name}
        if self.uid:
            body["uid"] = self.uid
        if self.groups:
            body["groups"] = list(self.groups)
        if self.extra:
            body["extra"] = {key: list(values) for key, values in self.extra.items()}
        return body

    def authenticated(self) -> UserInfo:
        """The same user in the group of everybody who has proved who they are."""
        if AUTHENTICATED_GROUP in self.groups or UNAUTHENTICATED_GROUP in self.groups:
            return self
        groups = (*self.groups, AUTHENTICATED_GROUP)
        return UserInfo(self.name, self.uid, groups, self.extra, self.impersonator)


NOBODY = UserInfo(ANONYMOUS, groups=(UNAUTHENTICATED_GROUP,))


def service_account_user(namespace: str, name: str) -> str:
    """The user name of a ServiceAccount."""
    return f"system:serviceaccount:{namespace}:{name}"


def service_account_groups(namespace: str) -> tuple[str, ...]:
    """The groups of every ServiceAccount of a namespace."""
    return (SERVICE_ACCOUNTS_GROUP, f"{SERVICE_ACCOUNTS_GROUP}:{namespace}")


def split_service_account(user: str) -> tuple[str, str] | None:
    """Namespace and name of the ServiceAccount that a user name means; None for other users."""
    match = _SERVICE_ACCOUNT.fullmatch(user)
    return (match[1], match[2]) if match else None
