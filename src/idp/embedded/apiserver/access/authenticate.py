"""From a request's headers and client certificate to the user it acts as.

In this order: a verified client certificate; a bearer token, tried against each kind of token that
is configured; neither means nobody (`system:anonymous`). A token that no one recognises is refused
rather than treated as nobody. Then impersonation: each user, group, uid and extra named in the
`Impersonate-*` headers takes the right to `impersonate` it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import unquote

from multidict import MultiMapping

from idp.embedded.apiserver.access.certificates import user_from_certificate
from idp.embedded.apiserver.access.identity import (
    ANONYMOUS,
    NOBODY,
    UNAUTHENTICATED_GROUP,
    UserInfo,
    service_account_groups,
    split_service_account,
)
from idp.embedded.apiserver.access.rbac import RbacAuthorizer
from idp.embedded.apiserver.access.rules import Attributes
from idp.kernel.errors import InvalidInput, Unauthorized

_MAX_TOKEN = 16 * 1024
_EXTRA = "impersonate-extra-"
_GROUP = "authentication.k8s.io"


class TokenAuthenticator(Protocol):
    """One kind of bearer token."""

    def user_for(self, token: str, audiences: Sequence[str] = ()) -> UserInfo | None:
        """The user of a valid token of this kind; None for every other token.

        `audiences` are the services one of which the token must be for; empty means the API
        server.
        """
        ...


class KeyLearner(Protocol):
    """What may have to fetch a key before it can tell whether a token is valid."""

    async def learn(self, token: str) -> None:
        """Fetch what is needed to verify a token, if it is one of these. Never fails."""
        ...


class Authenticator:
    """Proves who asks."""

    def __init__(
        self,
        tokens: Sequence[TokenAuthenticator],
        authorizer: RbacAuthorizer,
        learners: Sequence[KeyLearner] = (),
        audiences: Sequence[str] = (),
    ) -> None:
        """Compose.

        Args:
            tokens: The kinds of bearer tokens, in the order in which they are tried.
            authorizer: Answers who may impersonate whom.
            learners: May fetch keys before a token is tried.
            audiences: Of this server.
        """
        self._audiences = frozenset(audiences)
        self._tokens = tuple(tokens)
        self._authorizer = authorizer
        self._learners = tuple(learners)

    async def learn(self, headers: MultiMapping[str]) -> None:
        """Await this before `authenticate`: a token may be signed by a key that is new."""
        if self._learners and (token := _bearer(headers)):
            await self.learn_token(token)

    async def learn_token(self, token: str) -> None:
        """Await this before `user_for_token`."""
        if 0 < len(token) <= _MAX_TOKEN:
            for learner in self._learners:
                await learner.learn(token)

    def authenticate(
        self, headers: MultiMapping[str], peer_certificate: Mapping[str, Any] | None = None
    ) -> UserInfo:
        """The user that a request acts as.

        Args:
            headers: The request's headers; keys are compared without case.
            peer_certificate: The verified client certificate as `ssl.SSLSocket.getpeercert()`
                gives it; None when the client showed none.

        Raises:
            Unauthorized: A token was sent that is not valid.
            Forbidden: The user may not impersonate whom they ask to.
            InvalidInput: Groups, uid or extras are impersonated without a user.
        """
        return self.impersonated(self.proved(headers, peer_certificate), headers)

    def proved(
        self, headers: MultiMapping[str], peer_certificate: Mapping[str, Any] | None = None
    ) -> UserInfo:
        """The user that a request really comes from. Raises `Unauthorized`."""
        user = user_from_certificate(peer_certificate) or self._by_token(headers)
        return user.authenticated()

    def user_for_token(self, token: str, audiences: Sequence[str] = ()) -> UserInfo | None:
        """The user of a bearer token, also for `TokenReview`; None when it is not valid."""
        if not token or len(token) > _MAX_TOKEN:
            return None
        tried = [tuple(audiences)]
        if self._audiences & set(audiences):
            tried.append(())  # also a token that knows no audience is for this server
        for tokens in self._tokens:
            for wanted in tried:
                if (user := tokens.user_for(token, wanted)) is not None:
                    return user.authenticated()
        return None

    def _by_token(self, headers: MultiMapping[str]) -> UserInfo:
        token = _bearer(headers)
        if not token:
            return NOBODY
        user = self.user_for_token(token)
        if user is None:
            raise Unauthorized("Unauthorized", remedy="Get a new token or kubeconfig.")
        return user

    def impersonated(self, user: UserInfo, headers: MultiMapping[str]) -> UserInfo:
        """The user that a request acts as. Raises `Forbidden`, `InvalidInput`."""
        wanted = _wanted(headers)
        if wanted is None:
            return user
        for attributes in _rights_for(wanted):
            self._authorizer.check(user, attributes)
        return UserInfo(
            wanted.name, wanted.uid, _completed(wanted), wanted.extra, impersonator=user
        )


def _bearer(headers: MultiMapping[str]) -> str:
    """The bearer token of a request; empty when there is none."""
    scheme, _, token = (headers.get("Authorization") or "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _wanted(headers: MultiMapping[str]) -> UserInfo | None:
    """The user that the headers ask for, as they say it; None when they ask for nobody."""
    name = headers.get("Impersonate-User") or ""
    uid = headers.get("Impersonate-Uid") or ""
    groups = tuple(headers.getall("Impersonate-Group", []))
    extra: dict[str, tuple[str, ...]] = {}
    for header in dict.fromkeys(key.lower() for key in headers):
        if header.startswith(_EXTRA):
            extra[unquote(header.removeprefix(_EXTRA))] = tuple(headers.getall(header))
    if name:
        return UserInfo(name, uid, groups, extra)
    if uid or groups or extra:
        raise InvalidInput(
            "requested groups, uid or extras without impersonating a user name",
            remedy="Send the header Impersonate-User too.",
        )
    return None


def _rights_for(wanted: UserInfo) -> Iterator[Attributes]:
    """What it takes to act as somebody."""
    if account := split_service_account(wanted.name):
        namespace, name = account
        yield Attributes("impersonate", "", "serviceaccounts", namespace=namespace, name=name)
    else:
        yield Attributes("impersonate", "", "users", name=wanted.name)
    for group in wanted.groups:
        yield Attributes("impersonate", "", "groups", name=group)
    for key, values in wanted.extra.items():
        for value in values:
            yield Attributes("impersonate", _GROUP, "userextras", subresource=key, name=value)
    if wanted.uid:
        yield Attributes("impersonate", _GROUP, "uids", name=wanted.uid)


def _completed(wanted: UserInfo) -> tuple[str, ...]:
    """The groups that come with a user, besides those that were asked for."""
    account = split_service_account(wanted.name)
    groups = wanted.groups or (service_account_groups(account[0]) if account else ())
    if wanted.name == ANONYMOUS:
        return groups if UNAUTHENTICATED_GROUP in groups else (*groups, UNAUTHENTICATED_GROUP)
    return UserInfo(wanted.name, groups=groups).authenticated().groups
