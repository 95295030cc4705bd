"""Host names by which a browser may reach a server on loopback, against DNS rebinding."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hailo_vision.access.hosts import Hosts, is_loopback, is_same_origin

HOSTS = Hosts(["raspberrypi", "vision.example.com"])


@pytest.mark.parametrize(
    "host",
    [
        None,
        "localhost",
        "localhost:11435",
        "LocalHost.",
        "127.0.0.1:11435",
        "127.8.8.8",
        "[::1]:11435",
        "192.168.1.20:80",
        "0.0.0.0",
        "raspberrypi:11435",
        "RaspberryPi",
        "raspberrypi.local",
        "hailo.localhost",
        "vision.internal:1",
        "pi.home.arpa",
        "vision.example.com",
    ],
)
def test_a_name_of_this_machine_is_allowed(host: str | None) -> None:
    assert HOSTS.allows(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:11435",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "raspberrypi.evil.example",
        "evil.example.com",
        "a.vision.example.com",
        "evillocalhost",
        "local",
        "user@localhost",
        "localhost evil",
        "localhost/evil",
        "localhost:port",
        "[::1",
        "::1",
        "[evil]",
        "127.0.0.1, evil.example",
        "х.example",
    ],
)
def test_any_other_name_is_not_allowed(host: str) -> None:
    assert not HOSTS.allows(host)


@settings(max_examples=300, deadline=None)
@given(st.text(), st.text())
def test_no_text_makes_the_checks_fail(host: str, origin: str) -> None:
    HOSTS.allows(host)
    is_same_origin(origin, host)
    is_same_origin(f"http://{origin}", host)


def test_loopback_is_an_address_that_only_this_machine_can_connect_to() -> None:
    for address in ("127.0.0.1", "127.1.2.3", "::1", "/run/hailo-vision.sock", ""):
        assert is_loopback(address)
    for address in ("0.0.0.0", "192.168.1.2", "::", "fe80::1%eth0", "2001:db8::1"):
        assert not is_loopback(address)


def test_only_a_page_of_the_server_itself_is_same_origin() -> None:
    assert is_same_origin("http://localhost:11435", "localhost:11435")
    assert is_same_origin("https://Vision.example.com", "vision.example.com")
    assert is_same_origin("http://[::1]:11435", "[::1]:11435")
    for origin, host in (
        ("http://evil.example", "localhost:11435"),
        ("http://localhost:3000", "localhost:11435"),
        ("http://localhost", "localhost:11435"),
        ("http://user@localhost:11435", "localhost:11435"),
        ("null", "null"),
        ("null", None),
        ("", ""),
        ("file://", ""),
        ("app://localhost:11435", "localhost:11435"),
        ("http://[", "["),
    ):
        assert not is_same_origin(origin, host)
