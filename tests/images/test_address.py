"""Which addresses are fetched from."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailo_vision.errors import ImageFault
from hailo_vision.images.address import FetchPolicy
from hailo_vision.images.bad_image import BadImage

STRANGERS = FetchPolicy.parse(())
# IANA's special-purpose registries, and what no public host has: written down anew, not taken from the code.
NOT_FOR_STRANGERS = [
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "168.63.129.16/32",
    )
]
IPV6_NOT_FOR_STRANGERS = [
    IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "3fff::/20", "::/3", "4000::/2", "8000::/1")
]
IN_IPV6_CLOTHES = [
    pytest.param("::ffff:{0}", id="mapped"),
    pytest.param("64:ff9b::{0}", id="nat64"),
]


def is_allowed(policy: FetchPolicy, host: str, address: IPv4Address | IPv6Address, port: int = 443) -> bool:
    try:
        policy.check_address(host, port, address)
    except BadImage:
        return False
    return True


def refusal(policy: FetchPolicy, url: str) -> BadImage:
    with pytest.raises(BadImage) as caught:
        policy.check_url(url)
    assert caught.value.fault == ImageFault.BAD_ADDRESS
    return caught.value


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/a.jpg",
        "https://example.com/a b.jpg?x=1#part",
        "HTTPS://EXAMPLE.COM:443/",
        "http://example.com.:80/",
        "http://xn--bcher-kva.de/",
        "http://bücher.de/",
        "http://1.1.1.1/",
        "http://[2606:4700:4700::1111]/",
        "http://[64:ff9b::101:101]/",
        "http://1and1.com/",
        "http://127.0.0.1.example.com/",
        "http://snake_case.example.com/",
    ],
)
def test_the_public_web_is_open(url: str) -> None:
    assert STRANGERS.check_url(url).host


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "169.254.169.254",
        "172.31.255.255",
        "192.0.0.192",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.255.255.250",
        "255.255.255.255",
        "168.63.129.16",
        "[::]",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:10.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[::ffff:0:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b::a9fe:a9fe]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "[2002:a9fe:a9fe::1]",
        "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
        "[2001:db8::1]",
        "[3fff::1]",
        "[100::1]",
        "[5f00::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[fec0::1]",
        "[ff02::1]",
    ],
)
def test_addresses_that_are_not_public_are_refused(host: str) -> None:
    assert "not on the public internet" in refusal(STRANGERS, f"http://{host}/a.jpg").reason


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "0x7f000001",
        "0X7F.0.0.1",
        "0177.0.0.1",
        "017700000001",
        "127.1",
        "127.0.1",
        "0",
        "127.0.0.1.",
        "127.0.0.1..",
        "00000127.0.0.1",
        "127.0.0.01",
        "1.1.1.1.1",
        "300.1.1.1",
        "example.0x7f",
        "a.1",
    ],
)
def test_odd_spellings_of_addresses_are_refused(host: str) -> None:
    assert "unusual spelling" in refusal(STRANGERS, f"http://{host}/").reason
    assert "unusual spelling" in refusal(FetchPolicy.parse(["127.0.0.1", "0.0.0.0/0"]), f"http://{host}/").reason


@pytest.mark.parametrize(
    "url",
    [
        "http://１２７.０.０.１/",
        "http://①②⑦.0.0.1/",
        "http://127。0。0。1/",
        "http://[fe80::1%25eth0]/",
        "http://[::1]:80:80/",
        "http://[::1",
        "http://",
        "http:///a.jpg",
        "http:a.jpg",
        "http://exa mple.com/",
        "http://exam%70le.com/",
        "http://127.0.0.1%00.example.com/",
        "http://example.com:99999/",
        "http://example.com:x/",
        "http://example.com\\@127.0.0.1/",
        "http://127.0.0.1\\.example.com/",
        "http://example.com/\r\nHost: 127.0.0.1",
        "http://example.com\t/",
        "http://example.com/\0",
        f"http://example.com/{'a' * 8000}",
    ],
)
def test_addresses_that_two_parsers_could_read_differently_are_refused(url: str) -> None:
    refusal(STRANGERS, url)


@pytest.mark.parametrize(
    "url", ["http://user@example.com/", "http://user:secret@example.com/", "http://example.com:80@1.1.1.1/"]
)
def test_user_names_and_passwords_are_refused_and_not_repeated(url: str) -> None:
    reason = refusal(STRANGERS, url).reason
    assert "user name or password" in reason
    assert "secret" not in reason


@pytest.mark.parametrize("scheme", ["ftp", "file", "gopher", "unix", "ws", "javascript"])
def test_only_http_and_https_are_fetched(scheme: str) -> None:
    refusal(STRANGERS, f"{scheme}://example.com/a.jpg")


@pytest.mark.parametrize("port", [1, 22, 8080, 11435, 65535])
def test_odd_ports_are_refused_where_nothing_is_listed(port: int) -> None:
    assert "a port other than 80 and 443" in refusal(STRANGERS, f"http://example.com:{port}/").reason
    assert "a port other than 80 and 443" in refusal(STRANGERS, f"http://1.1.1.1:{port}/").reason


def test_a_listed_host_may_be_anywhere_and_at_any_port() -> None:
    policy = FetchPolicy.parse(["Camera.LAN.", "10.1.2.3"])
    assert policy.check_url("http://camera.lan:8080/snap.jpg")
    assert is_allowed(policy, "camera.lan", ip_address("192.168.1.9"), port=8080)
    assert is_allowed(policy, "CAMERA.lan.", ip_address("fe80::1"), port=8080)
    assert policy.check_url("http://10.1.2.3:8080/snap.jpg")
    assert not is_allowed(policy, "other.lan", ip_address("192.168.1.9"))
    assert not is_allowed(policy, "evil-camera.lan", ip_address("192.168.1.9"))
    assert not is_allowed(policy, "camera.lan.evil.com", ip_address("192.168.1.9"))
    refusal(policy, "http://10.1.2.4/snap.jpg")


def test_a_listed_network_is_open_in_every_spelling_and_by_every_name() -> None:
    policy = FetchPolicy.parse([" 192.168.1.0/24 ", "fd00::/8", "[::1]"])
    for address in ("192.168.1.7", "::ffff:192.168.1.7", "64:ff9b::c0a8:107", "fd00::7", "::1"):
        assert is_allowed(policy, "whatever.example", ip_address(address), port=8554)
    assert policy.check_url("http://[::1]:8080/")
    for address in ("192.168.2.7", "::ffff:192.168.2.7", "fc00::7", "::2", "127.0.0.1"):
        assert not is_allowed(policy, "whatever.example", ip_address(address))


def test_listed_networks_leave_the_decision_about_a_port_to_the_address() -> None:
    policy = FetchPolicy.parse(["192.168.1.0/24"])
    assert policy.check_url("http://nas.lan:8080/")
    assert is_allowed(policy, "nas.lan", ip_address("192.168.1.7"), port=8080)
    assert not is_allowed(policy, "nas.lan", ip_address("1.1.1.1"), port=8080)
    refusal(policy, "http://1.1.1.1:8080/")


@given(st.ip_addresses(v=4))
def test_no_special_ipv4_address_is_open(address: IPv4Address) -> None:
    special = any(address in network for network in NOT_FOR_STRANGERS)
    assert is_allowed(STRANGERS, "example.com", address) is not special


@given(st.sampled_from(NOT_FOR_STRANGERS), st.integers(min_value=0))
def test_every_corner_of_the_special_networks_is_closed(network: IPv4Network, offset: int) -> None:
    for address in (network[0], network[-1], network[offset % network.num_addresses]):
        assert not is_allowed(STRANGERS, "example.com", address)
        refusal(STRANGERS, f"http://{address}/")


@pytest.mark.parametrize("clothes", IN_IPV6_CLOTHES)
@given(address=st.ip_addresses(v=4))
def test_ipv4_in_ipv6_clothes_is_judged_as_what_it_is(clothes: str, address: IPv4Address) -> None:
    dressed = ip_address(clothes.format(address))
    assert is_allowed(STRANGERS, "example.com", dressed) is is_allowed(STRANGERS, "example.com", address)


@given(st.ip_addresses(v=4), st.integers(0, 2**80 - 1))
def test_6to4_is_judged_by_the_ipv4_address_in_it(address: IPv4Address, rest: int) -> None:
    dressed = IPv6Address(0x2002 << 112 | int(address) << 80 | rest)
    assert is_allowed(STRANGERS, "example.com", dressed) is is_allowed(STRANGERS, "example.com", address)


@given(st.one_of(st.ip_addresses(v=6), st.integers(0, 2**125 - 1).map(lambda low: IPv6Address(1 << 125 | low))))
def test_of_ipv6_only_what_iana_has_given_out_is_open(address: IPv6Address) -> None:
    dressed = address.ipv4_mapped or address in IPv6Network("64:ff9b::/96") or address in IPv6Network("2002::/16")
    if not dressed:
        special = any(address in network for network in IPV6_NOT_FOR_STRANGERS)
        assert is_allowed(STRANGERS, "example.com", address) is not special


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_a_refusal(text: str) -> None:
    for url in (text, f"http://{text}", f"http://{text}/a.jpg", f"http://example.com{text}"):
        try:
            checked = STRANGERS.check_url(url)
        except BadImage:
            continue
        assert checked.scheme in ("http", "https")
        assert checked.raw_host
        assert checked.port in (80, 443)


@pytest.mark.parametrize(
    ("target", "sent"),
    [
        ("/a.jpg?type=image%2Fjpeg&Signature=x%2By%2Fz%3D", "/a.jpg?type=image%2Fjpeg&Signature=x%2By%2Fz%3D"),
        ("/a%7eb/%41%2f.jpg?x=%2b+%20&y", "/a%7eb/%41%2f.jpg?x=%2b+%20&y"),
        ("/a/../b/./c//d;e=1?f=/g?h:@!$'()*,~", "/a/../b/./c//d;e=1?f=/g?h:@!$'()*,~"),
        ("?pwd=a b+c&x=[1]", "/?pwd=a%20b+c&x=[1]"),
        ("/ä b.jpg?q=100%&r=\u20ac#part", "/%C3%A4%20b.jpg?q=100%25&r=%E2%82%AC"),
        ("/a%zz.jpg?<>=`", "/a%25zz.jpg?%3C%3E=%60"),
        ("", "/"),
    ],
)
def test_what_is_encoded_already_goes_out_byte_for_byte_and_the_rest_is_encoded(target: str, sent: str) -> None:
    """Whoever signs an address signs it as it is written."""
    assert STRANGERS.check_url(f"https://EXAMPLE.com{target}").raw_path_qs == sent


@given(st.text(st.characters(min_codepoint=32, exclude_characters="\\\x7f"), max_size=30))
def test_an_address_is_only_encoded_once(text: str) -> None:
    try:
        url = STRANGERS.check_url(f"http://example.com/{text}")
    except BadImage:
        return
    assert url.host == "example.com"
    assert str(url).isascii()
    assert str(STRANGERS.check_url(str(url))) == str(url)
