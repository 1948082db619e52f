from __future__ import annotations

import asyncio

import pytest

from idp.capabilities.environments.kinds import Egress
from idp.capabilities.promotion.clients.outbound import call, may_reach
from idp.kernel.errors import DeadlineExceeded, Forbidden, Unavailable


@pytest.mark.parametrize(
    ("address", "public", "private"),
    [
        ("93.184.216.34", True, True),
        ("2606:2800:220:1:248:1893:25c8:1946", True, True),
        ("127.0.0.1", False, True),
        ("::1", False, True),
        ("10.1.2.3", False, True),
        ("192.168.0.1", False, True),
        ("fd00::1", False, True),
        ("::ffff:127.0.0.1", False, True),
        ("169.254.169.254", False, False),
        ("::ffff:169.254.169.254", False, False),
        ("fe80::1%eth0", False, False),
        ("0.0.0.0", False, False),
        ("224.0.0.1", False, False),
    ],
)
def test_which_addresses_may_be_called(address: str, public: bool, private: bool) -> None:
    assert may_reach(address, private=False) is public
    assert may_reach(address, private=True) is private


@pytest.mark.parametrize(
    ("url", "entry", "words"),
    [
        ("https://evil.example/", {"host": "good.example"}, "not among the hosts"),
        ("https://good.example:8443/", {"host": "good.example"}, "not among the hosts"),
        ("https://good.example.evil.example/", {"host": "good.example"}, "not among"),
        ("http://good.example/", {"host": "good.example"}, "without TLS"),
        ("file:///etc/passwd", {"host": "good.example"}, "only http and https"),
        ("https://me:secret@good.example/", {"host": "good.example"}, "without credentials"),
        ("https://localhost/", {"host": "localhost"}, "gates may not reach"),
        ("http://169.254.169.254/", {"host": "169.254.169.254", "private": True}, "may not reach"),
    ],
)
async def test_what_may_not_be_called_is_refused_by_name(
    url: str, entry: dict[str, str], words: str
) -> None:
    with pytest.raises(Forbidden, match=words):
        await call("GET", url, [Egress.model_validate(entry)], headers={})


async def test_nobody_there_may_pass() -> None:
    server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    host = f"127.0.0.1:{port}"
    with pytest.raises(Unavailable, match="cannot be reached"):
        await call("GET", f"http://{host}/", [Egress(host=host, private=True)], headers={})


async def test_one_that_says_nothing_is_not_waited_for_longer_than_told() -> None:
    gone = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        await writer.wait_closed()
        gone.set()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        egress = [Egress(host=host, private=True)]
        with pytest.raises(DeadlineExceeded, match=r"within 0\.2 s"):
            await call("GET", f"http://{host}/", egress, headers={}, seconds=0.2)
        await gone.wait()
