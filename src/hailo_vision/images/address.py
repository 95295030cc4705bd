"""The policy for addresses of pictures (against SSRF): the public web, and hosts and networks the operator has listed.

Addresses are parsed by yarl alone, the parser of aiohttp, so that what is checked is what is connected to.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import quote

from yarl import URL

from hailo_vision.errors import ImageFault
from hailo_vision.images.bad_image import BadImage

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_PORTS = frozenset({80, 443})
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+", re.IGNORECASE)  # a name or an address, without an interface (%eth0)
_MAX_URL = 8000
_URL_CHARACTERS = "%/:?[]@!$&'()*+,;="  # besides letters, digits and -._~ (RFC 3986, 2)
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_GLOBAL_UNICAST = IPv6Network("2000::/3")  # all that IANA has given out
_NAT64 = IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR = IPv6Network("2002::/16")
# What is_global of some Python from 3.11 on takes for public, and what is public by number alone.
_NOT_PUBLIC: tuple[Network, ...] = (
    IPv4Network("168.63.129.16/32"),  # Azure's metadata and DNS, reached from each of its machines
    IPv4Network("192.0.0.0/24"),  # protocol assignments
    IPv4Network("192.88.99.0/24"),  # 6to4 relays
    IPv6Network("2001::/23"),  # protocol assignments, Teredo
    IPv6Network("3fff::/20"),  # documentation
)

_SEND_DATA = "Send the picture itself as a data: URI."


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchPolicy:
    """The operator's `images.fetch_allow`: host names, and networks of one or more addresses."""

    hosts: frozenset[str]
    networks: tuple[Network, ...]

    @classmethod
    def parse(cls, entries: Iterable[str]) -> "FetchPolicy":
        """What is no address and no network is a host name."""
        hosts: set[str] = set()
        networks: list[Network] = []
        for entry in entries:
            try:
                networks.append(ip_network(entry.strip().strip("[]"), strict=False))
            except ValueError:
                hosts.add(_plain_name(entry.strip()))
        return cls(hosts=frozenset(hosts), networks=tuple(networks))

    def check_url(self, text: str) -> URL:
        """The address to connect to, as far as it can be judged before its name is resolved. Raises BadImage.

        Its path and query are what the text has, byte for byte where that is a valid URL: they may be signed.
        """
        url, host, port = _parse(text)
        address = _literal(host)
        if address is not None:
            self.check_address(host, port, address)
        elif port not in _PORTS and _plain_name(host) not in self.hosts and not self.networks:
            raise _odd_port()
        return url

    def check_address(self, host: str, port: int, address: Address) -> None:
        """Whether `address`, which `host` stands for, may be connected to at `port`. Raises BadImage."""
        inner = _unwrapped(address)
        if _plain_name(host) in self.hosts:
            return
        if any(candidate in network for candidate in (address, inner) for network in self.networks):
            return
        if not _is_public(inner):
            raise BadImage(
                ImageFault.BAD_ADDRESS,
                "has an address that is not on the public internet; those are only fetched from where the operator has "
                f"listed them (images.fetch_allow). {_SEND_DATA}",
            )
        if port not in _PORTS:
            raise _odd_port()


def _parse(text: str) -> tuple[URL, str, int]:
    """An http(s) URL with its host, as it will be connected to, and port. Raises BadImage."""
    if len(text) > _MAX_URL:
        raise BadImage(ImageFault.BAD_ADDRESS, f"has an address of more than {_MAX_URL} characters.")
    # Backslashes and control characters are where two parsers most often read two hosts.
    if "\\" in text or any(character < " " or character == "\x7f" for character in text):
        raise BadImage(ImageFault.BAD_ADDRESS, "has an address with a backslash or a control character.")
    try:
        url = _as_written(URL(text), text)
        host, port = url.raw_host, url.port
    except ValueError:
        raise _unreadable() from None
    if url.scheme not in ("http", "https"):
        raise BadImage(ImageFault.BAD_ADDRESS, f"has an address that is not http or https. {_SEND_DATA}")
    if host is None or port is None or _HOST.fullmatch(host) is None:
        raise _unreadable()
    if url.raw_user is not None or url.raw_password is not None:
        raise BadImage(ImageFault.BAD_ADDRESS, "has an address with a user name or password, which are never sent.")
    return url, host, port


def _as_written(parsed: URL, text: str) -> URL:
    """The same address with the path and query of the text, where yarl would decode and encode them anew."""
    written = URL(text, encoded=True)
    return URL.build(
        scheme=parsed.scheme,
        authority=parsed.raw_authority,
        path=_encoded(written.raw_path) or "/",
        query_string=_encoded(written.raw_query_string),
        encoded=True,
    )


def _encoded(part: str) -> str:
    """A path or query in which only what a URL can't have is percent-encoded."""
    return _LONE_PERCENT.sub("%25", quote(part, safe=_URL_CHARACTERS))


def _unreadable() -> BadImage:
    return BadImage(ImageFault.BAD_ADDRESS, "has an address that can't be read as an http(s) URL.")


def _odd_port() -> BadImage:
    reason = "has an address with a port other than 80 and 443; those are only fetched from where the operator has"
    return BadImage(ImageFault.BAD_ADDRESS, f"{reason} listed the host (images.fetch_allow). {_SEND_DATA}")


def _literal(host: str) -> Address | None:
    """The address that `host` spells, None for a name.

    A name never ends in a number, so 127.1, 0x7f000001 and 2130706433 are addresses that some resolver would take, and
    that nobody writes who has nothing to hide.
    """
    try:
        return ip_address(host)
    except ValueError:
        last = host.rstrip(".").rpartition(".")[2].lower()
        if last.isdigit() or last.startswith("0x"):
            raise BadImage(
                ImageFault.BAD_ADDRESS, "has an address with an unusual spelling of an IP address."
            ) from None
        return None


def _unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 address leads to, where it is mapped, NAT64 or 6to4; else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address in _SIX_TO_FOUR:
        return IPv4Address(int(address) >> 80 & 0xFFFFFFFF)
    return address


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    if address.is_multicast or address.is_reserved or any(address in network for network in _NOT_PUBLIC):
        return False
    return address.is_global


def _plain_name(host: str) -> str:
    return host.rstrip(".").lower()
