from __future__ import annotations

import pytest

from idp.capabilities.notifications.clients.egress import Egress
from idp.capabilities.notifications.clients.http import HttpPoster
from idp.kernel.errors import Forbidden, IdpError, InvalidInput

PRIVATE = [
    "127.0.0.1",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "2002:7f00:1::",
    "64:ff9b::a9fe:a9fe",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_public_is_not_reached(address: str) -> None:
    assert not Egress().permits(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "64:ff9b::101:101"])
def test_what_is_public_is(address: str) -> None:
    assert Egress().permits(address)


def test_a_network_may_be_allowed() -> None:
    assert Egress(["10.1.0.0/16"]).permits("10.1.2.3")
    assert not Egress(["10.1.0.0/16"]).permits("10.2.2.3")
    assert Egress(["10.1.0.0/16"]).permits("::ffff:10.1.2.3")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost:1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://[::1]/",
        "https://169.254.169.254/latest/meta-data",
    ],
)
async def test_no_spelling_of_an_address_gets_past(url: str) -> None:
    with pytest.raises(Forbidden, match="not public"):
        await HttpPoster(Egress()).post(url, b"", {})


@pytest.mark.parametrize("url", ["file:///etc/passwd", "", "https://", "https://u:p@1.1.1.1/"])
async def test_what_is_no_address_is_refused_without_being_said(url: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await HttpPoster(Egress()).post(url, b"", {})
    assert "u:p" not in str(refused.value)


async def test_nothing_goes_in_the_clear_to_a_public_address() -> None:
    with pytest.raises(Forbidden, match="not https"):
        await HttpPoster(Egress()).post("http://1.1.1.1/", b"", {})


async def test_errors_do_not_hold_the_address() -> None:
    with pytest.raises(IdpError) as refused:
        await HttpPoster(Egress(["127.0.0.0/8"])).post("http://127.0.0.1:1/T0/B0/s3cret", b"", {})
    assert "s3cret" not in str(refused.value)
    assert refused.value.__cause__ is None
