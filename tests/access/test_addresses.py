"""Under which name a client's address counts."""

import pytest

from hailo_vision.access.addresses import LOCAL, network_of


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("127.0.0.1", LOCAL),
        ("127.8.9.10", LOCAL),
        ("::1", LOCAL),
        ("::ffff:127.0.0.1", LOCAL),
        ("", LOCAL),
    ],
)
def test_an_address_counts_alone_an_ipv6_one_as_its_network_and_loopback_as_this_machine(
    address: str, name: str
) -> None:
    assert network_of(address) == name
