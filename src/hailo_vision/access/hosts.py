"""Names under which a browser may reach a server on loopback. Pure.

A page from evil.example can make that name mean 127.0.0.1 (DNS rebinding), and is then same-origin with the server. The
Host header still says evil.example. An address can't be made to mean another one, so all addresses are let in.
"""

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

# No public DNS has these: RFC 6761, 6762, 8375 and ICANN's reservation of .internal.
_LOCAL = (".localhost", ".local", ".internal", ".home.arpa")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:/?#@\s]+)(?::\d{1,5})?")


class Hosts:
    """`own` are the machine's names, and what the operator adds to them."""

    def __init__(self, own: Iterable[str]) -> None:
        self._names = {"localhost", *(name.lower().removesuffix(".") for name in own)}

    def allows(self, host: str | None) -> bool:
        """Whether a Host header names this machine. Without one it is no browser that asks."""
        if host is None:
            return True
        match = _HOST.fullmatch(host)
        if match is None:
            return False
        name = match[1].lower().removesuffix(".")
        return _is_address(name) or name in self._names or name.endswith(_LOCAL)


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches what listens here; the path of a UNIX socket is such a place too."""
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return True


def is_same_origin(origin: str, host: str | None) -> bool:
    """Whether a page's origin is the server itself; behind a proxy that ends TLS the schemes differ."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and host is not None and parts.netloc.lower() == host.lower()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
