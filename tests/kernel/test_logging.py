from __future__ import annotations

import json
import logging
import string
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from idp.kernel.logging import REDACTED, configure_logging, redact


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "Authorization",
        "api_key",
        "apiKey",
        "client_secret",
        "access_token",
        "private_key",
        "Set-Cookie",
        "credentials",
    ],
)
def test_fields_that_name_a_secret_are_replaced(key: str) -> None:
    assert redact({key: "hunter2"}) == {key: REDACTED}
    assert redact({"outer": [{key: {"deep": "hunter2"}}]}) == {"outer": [{key: REDACTED}]}


def test_an_empty_secret_may_show_that_it_is_empty() -> None:
    assert redact({"password": "", "token": None}) == {"password": "", "token": None}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GET https://u:p@host/x failed", f"GET https://{REDACTED}@host/x failed"),
        ("https://:p@host", f"https://{REDACTED}@host"),
        ("https://u:p@ss@host/a@b", f"https://{REDACTED}@host/a@b"),
        ("https://tokentoken@host/x", f"https://{REDACTED}@host/x"),
        ("https://host/x@y", "https://host/x@y"),
        ("Bearer abc.def-123", f"Bearer {REDACTED}"),
        ("authorization: bearer abcdef123", f"authorization: bearer {REDACTED}"),
        ("Basic dXNlcjpwYXNz", f"Basic {REDACTED}"),
        ("got eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln!", f"got {REDACTED}!"),
        ("token idp_0123456789abcdefghijABCDEFGHIJ-_x", f"token {REDACTED}"),
        (
            "-----BEGIN PRIVATE KEY-----\nMIGH\nAgEA\n-----END PRIVATE KEY-----\nrest",
            f"{REDACTED}\nrest",
        ),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_secrets_inside_text_are_replaced(text: str, expected: str) -> None:
    assert redact(text) == expected
    assert redact({"error": [text]}) == {"error": [expected]}


def test_other_values_stay_as_they_are() -> None:
    value = {"count": 3, "ratio": 0.5, "flag": True, "none": None, "list": [1, "a"]}
    assert redact(value) == value


def test_exceptions_and_bytes_are_read_too() -> None:
    error = redact({"error": ValueError("https://u:p@host")})["error"]
    assert "u:p" not in str(error)
    assert "u:p" not in str(redact({"body": b"https://u:p@host"}))
    assert "u:p" not in str(redact({"urls": {"https://u:p@host"}}))


SECRET = st.text(string.ascii_letters + string.digits, min_size=8, max_size=20).map("S3C".__add__)


@given(SECRET, st.sampled_from(["password", "token", "secret_value", "Cookie"]), st.data())
def test_no_shape_hides_a_secret(secret: str, key: str, data: st.DataObject) -> None:
    placed = data.draw(
        st.sampled_from(
            [
                {key: secret},
                f"https://user:{secret}@host/path",
                f"Authorization: Bearer {secret}",
                Exception(f"cannot reach https://{secret}@host"),
            ]
        )
    )
    shape: Any = placed
    for wrap in data.draw(st.lists(st.sampled_from(["list", "tuple", "dict", "set"]), max_size=4)):
        if wrap == "dict":
            shape = {"inner": shape, "other": 1}
        elif wrap == "list":
            shape = [0, shape]
        elif wrap == "tuple" or not isinstance(shape, str):
            shape = (shape, "x")
        else:
            shape = {shape}
    assert secret not in repr(redact(shape))


@pytest.fixture
def restored() -> Iterator[None]:
    """Leave the process's logging as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


@pytest.mark.usefixtures("restored")
def test_lines_are_json_without_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(level="info", readable=False)
    log = structlog.get_logger("test")
    log.debug("below the level")
    log.info("asked https://u:p@host", password="hunter2", user="alice", time_taken=3)
    try:
        raise ValueError("Bearer abcdef123456")
    except ValueError:
        log.warning("failed", exc_info=True)
    first, second = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert first["event"] == f"asked https://{REDACTED}@host"
    assert (first["password"], first["user"], first["time_taken"]) == (REDACTED, "alice", 3)
    assert (first["level"], second["level"]) == ("info", "warning")
    assert first["timestamp"].endswith("Z")
    assert "ValueError" in second["exception"]
    assert "abcdef123456" not in second["exception"]


@pytest.mark.usefixtures("restored")
def test_lines_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(readable=True)
    structlog.get_logger("test").info("hello", token="hunter2")
    text = capsys.readouterr().err
    assert "hello" in text
    assert "hunter2" not in text


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(KeyError):
        configure_logging(level="loud")
