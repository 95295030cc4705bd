"""A client's address becomes the name under which its connections and the memory of its bodies are counted. Pure."""

import ipaddress

LOCAL = "this machine"
_IPV6_PREFIX = 64  # one machine has all of such a network: it could come from another address each time


def network_of(address: str) -> str:
    """The IPv4 address, the /64 network of an IPv6 address, or LOCAL for loopback and UNIX sockets.

    X-Forwarded-For is not looked at, as any client can send one: all clients of a reverse proxy count as the proxy.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return LOCAL  # a UNIX socket has no address
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is None:
            return LOCAL if ip.is_loopback else str(ipaddress.ip_network((int(ip), _IPV6_PREFIX), strict=False))
        ip = ip.ipv4_mapped
    return LOCAL if ip.is_loopback else str(ip)
