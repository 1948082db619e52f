from __future__ import annotations

import ipaddress

import pytest

from idp.protocols.addresses import is_public, leads_to


@pytest.mark.parametrize(
    ("address", "leads"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2606:4700::1111", "2606:4700::1111"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:169.254.169.254", "169.254.169.254"),
        ("2002:7f00:1::", "127.0.0.1"),
        ("64:ff9b::a9fe:a9fe", "169.254.169.254"),
    ],
)
def test_where_an_address_leads(address: str, leads: str) -> None:
    assert str(leads_to(address)) == leads


@pytest.mark.parametrize("address", ["2002:7f00:1::", "64:ff9b::a9fe:a9fe", "fe80::1%eth0", "::1"])
def test_no_form_of_a_private_address_is_public(address: str) -> None:
    assert not is_public(address)


def test_what_is_allowed_counts_for_every_form_of_it() -> None:
    network = [ipaddress.ip_network("10.0.0.0/8")]
    assert is_public("::ffff:10.1.2.3", network)
    assert not is_public("192.168.0.1", network)
