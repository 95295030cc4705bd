"""The head of a request (RFC 9112), parsed so strictly that no other parser reads it differently. Pure.

Two parsers that disagree about where a request ends are what request smuggling needs.
"""

import re

from hailo_vision.http_api.web.http_errors import HeadTooLarge, MalformedHttp, UnknownMethod
from hailo_vision.ingress.limits import MAX_FIELDS

PROBES = frozenset({"/health", "/health/live", "/health/ready", "/healthz", "/livez", "/readyz"})
METHODS = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE"})

_REQUEST_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ((?:/|https?://)[!-~]*|\*) HTTP/1\.([01])")
_PATH = re.compile(rb"(?:\r\n)*[A-Z]+ (?:https?://[^/? ]*)?(/[!-~]*?)[? ]")
_PROBE_METHODS = (b"GET ", b"HEAD ")
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([ -~\t\x80-\xff]*)")
_HOST = re.compile(rb"[A-Za-z0-9._~%\[\]:-]*")
_CONTENT_LENGTH = re.compile(rb"[0-9]{1,18}")
# Control characters, and line ends that are not CRLF: a bare LF or CR ends a line for some parsers and not for others.
_FORBIDDEN = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|(?<!\r)\n|\r(?=[^\n])")


def body_length(head: bytes) -> int | None:
    """Check a head, which ends with an empty line, and return its body's length; None for a chunked body.

    Raises MalformedHttp or HeadTooLarge.
    """
    request_line, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    is_http_1_0 = _is_http_1_0(request_line)
    if len(lines) > MAX_FIELDS:
        raise HeadTooLarge(f"{MAX_FIELDS} fields")
    fields = [parse_field(line) for line in lines]
    _check_host(_values(fields, b"host"), is_http_1_0)
    if any(b"websocket" in value.lower() for value in _values(fields, b"upgrade")):
        raise MalformedHttp("This server does not speak WebSocket.")
    lengths, codings = _values(fields, b"content-length"), _values(fields, b"transfer-encoding")
    if codings:
        if is_http_1_0 or lengths or len(codings) > 1 or codings[0].lower() != b"chunked":
            raise MalformedHttp("A body has one Content-Length, or the one Transfer-Encoding chunked.")
        return None
    if len(lengths) > 1 or (lengths and not _CONTENT_LENGTH.fullmatch(lengths[0])):
        raise MalformedHttp("A body has one Content-Length, a plain number.")
    return int(lengths[0]) if lengths else 0


def path_of(head: bytes) -> str:
    """The path that the request line names, without a query; empty where the line is none, or not whole yet."""
    match = _PATH.match(head)
    return match[1].decode("ascii") if match is not None else ""


def is_probe(head: bytes) -> bool:
    """Whether the request asks how the server is, by a path that clients write with and without /v1."""
    path = path_of(head).removeprefix("/v1")
    return head.startswith(_PROBE_METHODS) and path.rstrip("/") in PROBES


def check_characters(data: bytes | bytearray, start: int, end: int) -> None:
    """Raise MalformedHttp for bytes that no head may have, before the head is complete or its timeout has passed."""
    if _FORBIDDEN.search(data, start, end):
        raise MalformedHttp("The head of the request has a control character, or a line that does not end with CRLF.")


def parse_field(line: bytes) -> tuple[bytes, bytes]:
    """Split a field line into its name in small letters and its value. Raises MalformedHttp."""
    match = _FIELD.fullmatch(line)
    if match is None:
        raise MalformedHttp("A field of the request's head is not of the form `Name: value`.")
    return match[1].lower(), match[2].rstrip(b" \t")


def _is_http_1_0(request_line: bytes) -> bool:
    match = _REQUEST_LINE.fullmatch(request_line)
    if match is None:
        raise MalformedHttp("The first line of the request is not of the form `GET /path HTTP/1.1`.")
    if match[1] not in METHODS:
        raise UnknownMethod(match[1].decode("ascii"), b", ".join(sorted(METHODS)).decode("ascii"))
    return match[3] == b"0"


def _check_host(hosts: list[bytes], is_http_1_0: bool) -> None:
    """A request has exactly one Host (RFC 9112, 3.2); HTTP/1.0 did not have the field yet."""
    if len(hosts) > 1 or (not hosts and not is_http_1_0):
        raise MalformedHttp("A request has exactly one Host.")
    if not all(_HOST.fullmatch(host) for host in hosts):
        raise MalformedHttp("The Host of the request is none.")


def _values(fields: list[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    return [value for field_name, value in fields if field_name == name]
