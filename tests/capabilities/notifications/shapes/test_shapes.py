"""Every shape, byte by byte, and what the words of strangers in a message cannot do."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path
from typing import Any

import orjson
import pytest

from idp.capabilities.notifications.kinds import EmailSettings
from idp.capabilities.notifications.message import Message
from idp.capabilities.notifications.shapes import email, pagerduty, slack, teams, webhook
from support.golden import check_golden

GOLDEN = Path(__file__).parent / "golden"
SETTINGS = EmailSettings(host="mail", sender="idp@corp.example", recipients=["a@b.example"])


def shapes(message: Message) -> dict[str, Any]:
    return {
        "slack": slack.body(message),
        "teams": teams.body(message),
        "pagerduty": pagerduty.body(message, "R0UTINGKEY"),
        "webhook": orjson.loads(webhook.body(message)),
    }


@pytest.mark.parametrize("shape", ["slack", "teams", "pagerduty", "webhook"])
def test_a_shape_is_what_it_was(shape: str, make_message: Any) -> None:
    body = orjson.dumps(shapes(make_message())[shape], option=orjson.OPT_INDENT_2)
    check_golden(GOLDEN / f"{shape}.json", body.decode() + "\n")


def test_an_email_is_what_it_was(make_message: Any) -> None:
    mail = email.mail(make_message(), SETTINGS)
    check_golden(GOLDEN / "email.eml", mail.as_bytes().decode().replace("\r\n", "\n"))


def test_no_word_in_a_message_mentions_or_links_in_slack(make_message: Any) -> None:
    assert "<!channel>" not in orjson.dumps(slack.body(make_message())).decode()


def test_no_word_in_a_message_links_in_teams(make_message: Any) -> None:
    assert "[x](" not in orjson.dumps(teams.body(make_message())).decode()


def test_no_word_in_a_message_adds_a_header_to_an_email(make_message: Any) -> None:
    said = make_message(text="a\r\nBcc: everybody@corp.example\r\n\r\nb")
    assert email.mail(said, SETTINGS)["Bcc"] is None


def test_the_webhook_is_signed_as_the_specification_says(make_message: Any) -> None:
    body = webhook.body(make_message())
    headers = webhook.headers("msg_1", body, b"whsec_" + base64.b64encode(b"key"), 1614265330)
    content = b"msg_1.1614265330." + body
    expected = base64.b64encode(hmac.new(b"key", content, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["webhook-id"] == headers["Idempotency-Key"] == "msg_1"


def test_the_example_of_the_specification_has_its_signature() -> None:
    # The test vector of the reference libraries (github.com/standard-webhooks).
    secret = b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    made = webhook.signature(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', secret, 1614265330
    )
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("event", "severity"),
    [("PromotionFailed", "error"), ("PromotionWaiting", "warning"), ("PromotionSucceeded", "info")],
)
def test_pagerduty_has_a_severity(event: str, severity: str, make_message: Any) -> None:
    assert pagerduty.body(make_message(event=event), "k")["payload"]["severity"] == severity
