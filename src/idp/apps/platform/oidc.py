"""The platform's OpenID Connect settings as the API server takes them."""

from __future__ import annotations

from pathlib import Path

from idp.apps.platform.settings import OidcSettings
from idp.embedded.apiserver.access.oidc_issuer import ALGORITHMS, OidcIssuer

_NO_PREFIX = "-"


def oidc_issuer(settings: OidcSettings | None) -> OidcIssuer | None:
    """The issuer that the settings describe; None when there are none.

    Raises:
        InvalidInput: The issuer has no secure address, or an algorithm is not allowed.
    """
    if settings is None:
        return None
    prefix = "" if settings.username_prefix == _NO_PREFIX else settings.username_prefix
    return OidcIssuer(
        settings.issuer_url,
        settings.client_id,
        username_claim=settings.username_claim,
        username_prefix=prefix,
        groups_claim=settings.groups_claim,
        groups_prefix=settings.groups_prefix,
        required_claims=settings.required_claims,
        algorithms=settings.signing_algs or ALGORITHMS,
        authority=Path(settings.ca_file) if settings.ca_file else None,
    )
