"""`http`: a service of the user's own answers `{"allow": true}`.

It gets the facts as JSON. The request is signed: `X-Idp-Signature: v1=<hex>` is HMAC-SHA256, by the
secret's `key`, of `<X-Idp-Timestamp>.<body>`, so that the service knows who asks and that it is no
old question. `Idempotency-Key` is the same for the same gate of the same promotion.

It answers `allow`, and optionally `message`, `final` (a refusal that waiting cannot change) and
`retryAfterSeconds`.
"""

from __future__ import annotations

import hashlib
import hmac

import orjson
from pydantic import ConfigDict, Field, ValidationError

from idp.capabilities.environments.kinds import HttpRule
from idp.capabilities.promotion.clients.outbound import call
from idp.capabilities.promotion.clients.secret_values import secret_values
from idp.capabilities.promotion.gates.gate import (
    LOOK_AGAIN,
    GateAnswer,
    GateCase,
    open_,
    refused,
)
from idp.kernel.client import Client
from idp.kernel.clock import timestamp
from idp.kernel.errors import InvalidInput
from idp.kernel.models import Model


class ServiceAnswer(Model):
    """What a service answers."""

    model_config = ConfigDict(extra="ignore")

    allow: bool = Field(strict=True)
    message: str = Field(default="", max_length=2000)
    final: bool = False
    retry_after_seconds: float = Field(default=LOOK_AGAIN, ge=1, le=3600)


def signature(key: str, time: str, body: bytes) -> str:
    """The value of `X-Idp-Signature`."""
    signed = time.encode() + b"." + body
    return f"v1={hmac.new(key.encode(), signed, hashlib.sha256).hexdigest()}"


def decide(url: str, body: object) -> GateAnswer:
    """From a body to the answer; only `true` opens."""
    try:
        answer = ServiceAnswer.model_validate(body)
    except ValidationError:
        return refused(
            f"{url} answered something else than an object with `allow`",
            'Have the service answer {"allow": true} or {"allow": false, "message": "..."}.',
        )
    if answer.allow:
        return open_(answer.message or f"{url} allows it")
    words = answer.message or f"{url} does not allow it"
    if answer.final:
        return refused(words, f"What {url} objects to; then start the promotion again.")
    return GateAnswer("Waiting", words, f"{url} decides.", after=answer.retry_after_seconds)


class HttpGate:
    """Asks the service."""

    rule = "http"
    overridable = False
    expedited = False

    def __init__(self, client: Client) -> None:
        self._client = client

    async def ask(self, rule: HttpRule, case: GateCase) -> GateAnswer:
        """Post the facts."""
        key = (await secret_values(self._client, rule.secret)).get("key")
        if not key:
            raise InvalidInput(f"Secret {rule.secret} has no `key`")
        body = orjson.dumps(case.facts(), option=orjson.OPT_SORT_KEYS)
        time = timestamp(case.now)
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": case.key,
            "X-Idp-Timestamp": time,
            "X-Idp-Signature": signature(key, time, body),
        }
        answer = await call(
            "POST",
            rule.url,
            case.pipeline.egress,
            headers=headers,
            content=body,
            seconds=rule.timeout_seconds,
        )
        return decide(rule.url, answer.body)
