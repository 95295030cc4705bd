"""Texts that have a form: paths, addresses, headers, hosts. Each check says what is wrong with one, or None. Pure."""

import ipaddress
import re
from pathlib import PurePosixPath

from hailo_vision.config import words

_LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_ORIGIN = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*://[A-Za-z0-9._-]+(?::[0-9]{1,5})?|https?://\[[0-9A-Fa-f:]+\](?::[0-9]{1,5})?"
)
# Firefox gives an extension another identifier in each installation.
_ANY_EXTENSION = re.compile(r"(?!https?:)[A-Za-z][A-Za-z0-9+.-]*-extension://\*")
_BASE_URL = re.compile(r"https?://[^\s/?#@]+(?:/[^\s?#]*)?")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}: [\x21-\x7e](?:[\x20-\x7e]{0,1000}[\x21-\x7e])?")
_MAX_NAME_CHARS = 253


def absolute_path(text: str) -> str | None:
    if PurePosixPath(text).is_absolute():
        return None
    return f"{words.show(text)} is not an absolute path; expected a path that starts with /"


def absolute_path_or_auto(text: str) -> str | None:
    return None if text == "auto" else absolute_path(text)


def base_url(text: str) -> str | None:
    if _BASE_URL.fullmatch(text):
        return None
    example = "expected an address such as http://nas.lan:8000/v1, without a user, ? or #"
    return f"{words.show(text)} is no address; {example}"


def header(text: str) -> str | None:
    """The text is not quoted: it may be a secret."""
    if _HEADER.fullmatch(text):
        return None
    return "is no header; expected a name, a colon, a space and a value, such as X-Team: kitchen"


def origin(text: str) -> str | None:
    if text == "*" or _ORIGIN.fullmatch(text) or _ANY_EXTENSION.fullmatch(text):
        return None
    example = "expected a scheme and a host, such as https://app.example:8443, without a path, or *"
    return f"{words.show(text)} is no origin; {example}"


def host_name(text: str) -> str | None:
    if _is_host_name(text):
        return None
    return f"{words.show(text)} is no host name; expected a name without a port, such as vision.example.com"


def listen_host(text: str) -> str | None:
    """A host name or an address, with a zone if it is link-local, to bind a socket to."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        if _is_host_name(text) and not text.rpartition(".")[2].isdigit():
            return None
        example = "expected an address or a host name without a port, such as 0.0.0.0; server.port is the port"
        return f"{words.show(text)} is no address to listen on; {example}"
    return None


def host(text: str) -> str | None:
    """A host name, an address or a network."""
    try:
        # A zone (fe80::1%eth0) means something on one machine only, and no network has one.
        network = ipaddress.ip_network("" if "%" in text else text, strict=False)
    except ValueError:
        # The last label of a host name is never a number: 192.168.1 and 300.1.1.1 are addresses gone wrong.
        if _is_host_name(text) and not text.rpartition(".")[2].isdigit():
            return None
        example = "expected a host name, an address or a network, such as nas.lan or 192.168.1.0/24"
        return f"{words.show(text)} is no host; {example}"
    address = ipaddress.ip_address(text.partition("/")[0])
    if address != network.network_address:
        return f'{words.show(text)} is an address and not a network; did you mean "{network}" or "{address}"?'
    return None


def _is_host_name(text: str) -> bool:
    return len(text) <= _MAX_NAME_CHARS and _HOST_NAME.fullmatch(text) is not None
