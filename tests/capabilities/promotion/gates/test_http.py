from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from idp.capabilities.environments.kinds import HttpRule
from idp.capabilities.promotion.gates.gate import GateCase
from idp.capabilities.promotion.gates.http import HttpGate, decide
from idp.kernel.errors import Forbidden, IdpError, NotFound

Build = Callable[..., GateCase]


@pytest.mark.usefixtures("secret")
async def test_the_question_is_signed_and_has_its_key(
    bench: Any, service: Any, case: Build
) -> None:
    service.answer = lambda method, path, body: {"allow": True, "message": "fine"}
    rule = HttpRule(url=f"{service.url}/gate", secret="s")
    answer = await HttpGate(bench.client).ask(rule, case(pipeline=service.pipeline()))
    assert (answer.state, answer.message) == ("Open", "fine")
    ((line, headers, body),) = service.asked
    assert line == "POST /gate"
    signed = headers["X-Idp-Timestamp"].encode() + b"." + body
    expected = hmac.new(b"k", signed, hashlib.sha256).hexdigest()
    assert headers["X-Idp-Signature"] == f"v1={expected}"
    assert headers["Idempotency-Key"] == "u-1-gate"
    assert json.loads(body)["release"]["version"] == "r1-0000000"


@pytest.mark.parametrize(
    ("body", "state"),
    [
        ({"allow": False, "message": "load is high", "retryAfterSeconds": 5}, "Waiting"),
        ({"allow": False, "final": True}, "Refused"),
        ({"allow": "true"}, "Refused"),
        ({"allow": 1}, "Refused"),
        ({"ok": True}, "Refused"),
        ([], "Refused"),
        (None, "Refused"),
    ],
)
def test_only_true_opens(body: Any, state: str) -> None:
    assert decide("http://x", body).state == state


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize(
    ("answer", "retryable"),
    [
        (web.Response(status=500), True),
        (web.Response(status=429), True),
        (web.Response(status=403), False),
        (web.Response(text="<html>"), False),
        (web.Response(text="x" * 70_000), False),
        (web.Response(status=302, headers={"Location": "http://169.254.169.254/"}), False),
    ],
    ids=["500", "429", "403", "no JSON", "too long", "redirect"],
)
async def test_whatever_else_is_answered_leaves_it_shut(
    bench: Any, service: Any, case: Build, answer: web.Response, retryable: bool
) -> None:
    service.answer = lambda method, path, body: answer
    rule = HttpRule(url=service.url, secret="s")
    with pytest.raises(IdpError) as raised:
        await HttpGate(bench.client).ask(rule, case(pipeline=service.pipeline()))
    assert raised.value.retryable is retryable
    assert len(service.asked) == 1


@pytest.mark.usefixtures("secret")
async def test_a_host_that_is_not_named_is_not_asked(bench: Any, service: Any, case: Build) -> None:
    rule = HttpRule(url=service.url, secret="s")
    with pytest.raises(Forbidden, match="is not among the hosts"):
        await HttpGate(bench.client).ask(rule, case())
    assert service.asked == []


async def test_without_its_secret_it_asks_nobody(bench: Any, service: Any, case: Build) -> None:
    rule = HttpRule(url=service.url, secret="s")
    with pytest.raises(NotFound, match="no Secret s in namespace idp-system"):
        await HttpGate(bench.client).ask(rule, case(pipeline=service.pipeline()))
    assert service.asked == []
