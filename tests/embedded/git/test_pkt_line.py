"""The server's own part of the pack protocol."""

from __future__ import annotations

import pytest

from idp.embedded.git.pkt_line import (
    FLUSH,
    PushRequest,
    message,
    pkt_line,
    push_request,
    refusal,
)
from idp.kernel.errors import InvalidInput

_COMMAND = b"0" * 40 + b" " + b"1" * 40 + b" refs/heads/main"


def test_commands_and_capabilities_are_read() -> None:
    data = pkt_line(_COMMAND + b"\0 report-status-v2 side-band-64k agent=git/2\n")
    data += pkt_line(_COMMAND + b"2\n") + FLUSH + b"PACK..."
    request = push_request(data)
    assert request.refs == ("refs/heads/main", "refs/heads/main2")
    assert "side-band-64k" in request.capabilities


def test_a_probe_has_no_commands() -> None:
    assert push_request(FLUSH) == PushRequest((), frozenset())


@pytest.mark.parametrize("data", [b"", b"hello", b"zzzz", b"0003", b"00ffshort", b"+004"])
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        push_request(data)


def test_a_message_needs_a_client_that_can_show_it() -> None:
    able = PushRequest(("refs/heads/main",), frozenset({"side-band-64k"}))
    assert message(able, "one\ntwo") == pkt_line(b"\x02one\ntwo\n")
    assert message(able, "") == b""
    assert message(PushRequest(("refs/heads/main",), frozenset()), "one") == b""
    assert len(message(able, "x" * 100_000)) < 65_521


def test_refusal_needs_a_client_that_can_read_it() -> None:
    request = PushRequest(("refs/heads/main",), frozenset({"report-status", "side-band-64k"}))
    answer = refusal(request, "too large", "this is too large")
    assert answer is not None
    assert b"\x02error: this is too large\n" in answer
    assert b"ng refs/heads/main too large\n" in answer
    assert answer.endswith(FLUSH)
    assert refusal(PushRequest((), frozenset()), "x", "y") is None
