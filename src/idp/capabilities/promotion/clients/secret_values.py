"""Credentials of gates: Secrets in a namespace that no application has."""

from __future__ import annotations

import base64
import binascii

from idp.kernel.client import Client, get_or_none
from idp.kernel.errors import InvalidInput, NotFound
from idp.kernel.standard import SECRET

NAMESPACE = "idp-system"


async def secret_values(client: Client, name: str) -> dict[str, str]:
    """The values of a Secret; they go into requests and nowhere else.

    Raises:
        NotFound: There is none.
        InvalidInput: Its data is not base64 of text.
    """
    secret = await get_or_none(client, SECRET, name, NAMESPACE)
    if secret is None:
        raise NotFound(
            f"there is no Secret {name} in namespace {NAMESPACE}",
            remedy=f"`kubectl create secret generic {name} -n {NAMESPACE} --from-literal ...`",
        )
    try:
        return {
            key: base64.b64decode(value, validate=True).decode()
            for key, value in (secret.get("data") or {}).items()
        }
    except (binascii.Error, UnicodeDecodeError):
        raise InvalidInput(f"Secret {name} holds something else than text") from None
