"""An outside OpenID Connect issuer that is trusted, and what its claims mean here. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from idp.embedded.apiserver.access.identity import UserInfo
from idp.kernel.errors import InvalidInput

ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)
"""Signatures by a key pair. Shared secrets (HS256) and `none` can never be allowed."""

_RESERVED = "system:"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class OidcIssuer:
    """An issuer that is trusted, and how its claims become a user.

    The attributes are the `--oidc-*` flags of kube-apiserver.

    Attributes:
        url: The issuer, exactly as tokens name it in `iss`. HTTPS, or HTTP on this machine.
        audience: This server's client id at the issuer: tokens must be for it.
        username_claim: The claim that is the user's name; with `email`, `email_verified` must not
            be false.
        username_prefix: Put before the name. None puts `<url>#` before it unless the claim is
            `email`, so that names of two issuers never meet.
        groups_claim: The claim that lists the user's groups.
        groups_prefix: Put before each group.
        required_claims: Claims that a token must have with exactly this value.
        algorithms: The signatures that are accepted, of `ALGORITHMS`.
        authority: File of the certificates (PEM) that the issuer's TLS is verified by; None for
            those that the system trusts.

    Raises:
        InvalidInput: The URL could be read by others on the way, or an algorithm is not allowed.
    """

    url: str
    audience: str
    username_claim: str = "sub"
    username_prefix: str | None = None
    groups_claim: str = "groups"
    groups_prefix: str = ""
    required_claims: Mapping[str, str] = field(default_factory=dict, hash=False)
    algorithms: tuple[str, ...] = ALGORITHMS
    authority: Path | None = None

    def __post_init__(self) -> None:
        check_url(self.url)
        if urlsplit(self.url).query or urlsplit(self.url).fragment:
            raise InvalidInput(f"the issuer {self.url} has a query or a fragment")
        if not self.audience:
            raise InvalidInput(
                f"no client id is given for the issuer {self.url}",
                remedy="Name the one that tokens are made for, with --oidc-client-id.",
            )
        for algorithm in self.algorithms:
            if algorithm not in ALGORITHMS:
                raise InvalidInput(
                    f"tokens signed with {algorithm} cannot be accepted",
                    remedy=f"Choose from {', '.join(ALGORITHMS)}.",
                )

    def user(self, claims: Mapping[str, Any]) -> UserInfo | None:
        """The user that verified claims mean; None when they name nobody that we accept."""
        if any(claims.get(name) != value for name, value in self.required_claims.items()):
            return None
        name = claims.get(self.username_claim)
        if not isinstance(name, str) or not name:
            return None
        if self.username_claim == "email" and claims.get("email_verified", True) is not True:
            return None
        prefix = self.username_prefix
        if prefix is None:
            prefix = "" if self.username_claim == "email" else f"{self.url}#"
        groups = claims.get(self.groups_claim) or ()
        groups = (groups,) if isinstance(groups, str) else groups
        if not isinstance(groups, list | tuple):
            return None
        named = [self.groups_prefix + group for group in groups if isinstance(group, str)]
        # An issuer speaks for its people, never for the parts of the server.
        if (prefix + name).startswith(_RESERVED):
            return None
        return UserInfo(
            prefix + name, groups=tuple(g for g in named if not g.startswith(_RESERVED))
        )


def check_url(url: str) -> None:
    """Refuse an address at which somebody on the way could answer for the issuer.

    Raises:
        InvalidInput: It is neither HTTPS nor on this machine.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError as error:
        raise InvalidInput(f"{url} is no URL: {error}") from error
    if host and (parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)):
        return
    raise InvalidInput(
        f"the issuer's address {url} is not an HTTPS URL",
        remedy="Use https://; http:// is accepted for an issuer on this machine only.",
    )
