"""The little of Git's pack protocol that the server speaks itself. Pure.

Format: https://git-scm.com/docs/protocol-common and https://git-scm.com/docs/pack-protocol
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from idp.kernel.errors import InvalidInput

FLUSH = b"0000"
_COMMAND = re.compile(rb"[0-9a-f]{40} [0-9a-f]{40} (\S.*)")
_SIDE_BAND_BYTES = 60_000


@dataclass(frozen=True, slots=True)
class PushRequest:
    """The first part of a push: what it wants to move.

    Attributes:
        refs: Full names of the refs; empty when the request is only a probe.
        capabilities: What the client understands, such as `side-band-64k`.
    """

    refs: tuple[str, ...]
    capabilities: frozenset[str]


def pkt_line(payload: bytes) -> bytes:
    """One line with its length in front."""
    return b"%04x" % (len(payload) + 4) + payload


def _lines(data: bytes) -> Iterator[bytes]:
    """The lines before the first flush."""
    position = 0
    while (head := data[position : position + 4]) != FLUSH:
        length = int(head, 16) if re.fullmatch(rb"[0-9a-fA-F]{4}", head) else 0
        if length < 4 or position + length > len(data):
            raise InvalidInput("the request does not begin with Git's pack protocol")
        yield data[position + 4 : position + length]
        position += length


def push_request(data: bytes) -> PushRequest:
    """Read the commands at the beginning of a push.

    Raises:
        InvalidInput: It is something else, or the commands do not end within `data`.
    """
    refs, capabilities = [], frozenset[str]()
    for line in _lines(data):
        command, _, words = line.partition(b"\0")
        if words and not capabilities:
            capabilities = frozenset(words.decode(errors="replace").split())
        if match := _COMMAND.fullmatch(command.rstrip(b"\n")):
            refs.append(match[1].decode(errors="replace"))
    return PushRequest(tuple(refs), capabilities)


def message(request: PushRequest, text: str) -> bytes:
    """Lines that `git push` shows as `remote: ...`; they go before the answer.

    Empty when the client cannot be told.
    """
    if not text or "side-band-64k" not in request.capabilities:
        return b""
    return pkt_line(b"\x02" + f"{text}\n".encode()[:_SIDE_BAND_BYTES])


def refusal(request: PushRequest, reason: str, why: str) -> bytes | None:
    """The answer that makes `git push` show `why` and reject every ref with `reason`.

    None when the client is too old to be told so.
    """
    reports = {"report-status", "report-status-v2"} & request.capabilities
    if not reports or "side-band-64k" not in request.capabilities:
        return None
    report = pkt_line(f"unpack {reason}\n".encode())
    report += b"".join(pkt_line(f"ng {ref} {reason}\n".encode()) for ref in request.refs) + FLUSH
    told = b"".join(
        pkt_line(b"\x01" + report[start : start + _SIDE_BAND_BYTES])
        for start in range(0, len(report), _SIDE_BAND_BYTES)
    )
    return message(request, f"error: {why}") + told + FLUSH
