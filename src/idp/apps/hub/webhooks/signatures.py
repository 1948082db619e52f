"""Proof that a delivery comes from who holds the webhook's secret. Pure.

- GitHub: `X-Hub-Signature-256`, HMAC-SHA256 of the body
  (https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries).
- Gitea: `X-Gitea-Signature`, the same in hexadecimal (https://docs.gitea.com/usage/webhooks).
- GitLab: `X-Gitlab-Token`, the secret itself
  (https://docs.gitlab.com/user/project/integrations/webhooks). It signs nothing: use TLS.
- Plain: Standard Webhooks (https://www.standardwebhooks.com), over id, time and body.

Every comparison takes the same time whatever it compares.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Literal, get_args

from idp.kernel.errors import Unauthorized

Provider = Literal["github", "gitlab", "gitea", "plain"]
PROVIDERS: tuple[Provider, ...] = get_args(Provider)
WINDOW_SECONDS = 300
"""How far the time of a plain delivery may be from now."""

_DELIVERY: dict[Provider, str] = {
    "github": "x-github-delivery",
    "gitlab": "x-gitlab-event-uuid",
    "gitea": "x-gitea-delivery",
    "plain": "webhook-id",
}


def verified(
    provider: Provider, headers: Mapping[str, str], body: bytes, secret: bytes, now: float
) -> tuple[str, ...]:
    """Prove a delivery.

    Args:
        provider: Whose rules apply.
        headers: By lower-case name.
        body: As it came.
        secret: Of the webhook.
        now: Seconds since 1970.

    Returns:
        What it must never share with an earlier delivery: the id that it states, and its content,
        because GitHub, GitLab and Gitea do not sign the id.

    Raises:
        Unauthorized: It is not proven.
    """
    if not _proven(provider, headers, body, secret, now):
        raise Unauthorized(
            "the webhook is unknown, or the delivery is not signed with its secret",
            remedy="Compare the name in the address and the secret on both sides; a plain "
            f"delivery must also be at most {WINDOW_SECONDS} s old.",
        )
    delivery = headers.get(_DELIVERY[provider], "")
    if provider == "plain":  # the signature is over the id
        return (f"id:{delivery}",)
    content = f"body:{hashlib.sha256(body).hexdigest()}"
    return (f"id:{delivery[:200]}", content) if delivery else (content,)


def _proven(
    provider: Provider, headers: Mapping[str, str], body: bytes, secret: bytes, now: float
) -> bool:
    if not secret:
        return False
    if provider == "gitlab":
        return _same(headers.get("x-gitlab-token", ""), secret.decode(errors="replace"))
    if provider == "plain":
        return _plain(headers, body, secret, now)
    expected = hmac.new(secret, body, hashlib.sha256).hexdigest()
    if provider == "github":
        return _same(headers.get("x-hub-signature-256", ""), f"sha256={expected}")
    return _same(headers.get("x-gitea-signature", ""), expected)


def _plain(headers: Mapping[str, str], body: bytes, secret: bytes, now: float) -> bool:
    id, moment = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not 0 < len(id) <= 200 or not (moment.isascii() and moment.isdigit()) or len(moment) > 12:
        return False
    if abs(now - int(moment)) > WINDOW_SECONDS:
        return False
    try:
        key = base64.b64decode(secret[6:]) if secret.startswith(b"whsec_") else secret
    except ValueError:
        return False
    made = hmac.new(key, f"{id}.{moment}.".encode() + body, hashlib.sha256).digest()
    expected = "v1," + base64.b64encode(made).decode()
    given = headers.get("webhook-signature", "").split(" ")[:10]
    return any(_same(signature, expected) for signature in given)


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), expected.encode())
