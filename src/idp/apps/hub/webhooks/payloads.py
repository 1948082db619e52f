"""What a proven delivery says: which ref of which repository moved, and who moved it. Pure.

Only these fields are read; addresses in a payload are compared with the configured one and never
connected to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from idp.apps.hub.webhooks.signatures import Provider
from idp.kernel.errors import InvalidInput

_EVENT: dict[Provider, str] = {
    "github": "x-github-event",
    "gitlab": "x-gitlab-event",
    "gitea": "x-gitea-event",
}
_PUSH = ("push", "Push Hook", "Tag Push Hook")


@dataclass(frozen=True, slots=True)
class Pushed:
    """A push that an outside server reports.

    Attributes:
        reference: Full name of the ref.
        login: Who pushed, as the outside server names them.
        addresses: Clone addresses of the repository.
    """

    reference: str
    login: str
    addresses: tuple[str, ...]


def pushed(provider: Provider, headers: Mapping[str, str], body: bytes) -> Pushed | None:
    """Read a delivery; None when it is about something else than a push.

    Raises:
        InvalidInput: It is not what this provider sends.
    """
    if provider != "plain" and headers.get(_EVENT[provider], "") not in _PUSH:
        return None
    try:
        document = orjson.loads(body)
        found = _read(provider, document)
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        raise InvalidInput(
            f"the body is not the JSON of a push that {provider} sends",
            remedy="Choose the content type application/json for the webhook.",
        ) from None
    if not isinstance(found.reference, str) or not isinstance(found.login, str):
        raise InvalidInput(f"the body is not the JSON of a push that {provider} sends")
    return found


def _read(provider: Provider, document: Any) -> Pushed:
    if provider == "gitlab":
        project = document["project"]
        addresses = (project.get("git_http_url"), project.get("http_url"))
        return Pushed(document["ref"], document["user_username"], _texts(addresses))
    if provider == "plain":
        repository = document.get("repository", "")
        return Pushed(document["ref"], document.get("pusher", ""), _texts((repository,)))
    repository = document["repository"]
    pusher = document["pusher"]
    login = pusher.get("login") or pusher["name"]
    return Pushed(document["ref"], login, _texts((repository["clone_url"],)))


def _texts(values: tuple[Any, ...]) -> tuple[str, ...]:
    return tuple(value for value in values if isinstance(value, str) and value)


def same_repository(one: str, other: str) -> bool:
    """Whether two clone addresses mean the same, whatever their suffix and case of the host."""
    return _plain_address(one) == _plain_address(other)


def _plain_address(address: str) -> str:
    scheme, _, rest = address.rstrip("/").removesuffix(".git").partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme.lower()}://{host.lower()}{slash}{path}"
