"""Host names by which a browser may reach a server on loopback: the guard against DNS rebinding. Pure.

A page from evil.example can make that name resolve to 127.0.0.1, and is then same-origin with the server. The Host
header still says evil.example. An address resolves to nothing else, so every address is allowed.
"""

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

# No public DNS has these: RFC 6761, 6762, 8375 and ICANN's reservation of .internal.
_LOCAL = (".localhost", ".local", ".internal", ".home.arpa")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:/?#@\s]+)(?::\d{1,5})?")


class Hosts:
    """An allow-list of host names: the machine's own, and those that the operator adds."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = {"localhost", *(name.lower().removesuffix(".") for name in names)}

    def allows(self, host: str | None) -> bool:
        """Whether a Host header names this machine. A client that sends none is no browser, and is allowed."""
        if host is None:
            return True
        match = _HOST.fullmatch(host)
        if match is None:
            return False
        name = match[1].lower().removesuffix(".")
        return _is_address(name) or name in self._names or name.endswith(_LOCAL)


def is_loopback(address: str) -> bool:
    """Whether only this machine can connect to the address, as to any path of a UNIX socket."""
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return True


def is_same_origin(origin: str, host: str | None) -> bool:
    """Whether a page comes from the server itself. The scheme may differ, as behind a proxy that terminates TLS."""
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
