"""A multipart/form-data body becomes fields. Pure, strict and bounded, as aiohttp's own reader is not (CVE-2026-34517).

The body is in memory already, and bounded there. It is searched in pieces, because one search of tens of megabytes
would hold the interpreter lock, and the event loop with it, for up to 80 ms.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hailo_vision.http_api.web.http_errors import InvalidForm

MAX_FIELDS = 256
MAX_HEADER_BYTES = 8192
MAX_NAME_CHARS = 100
_PIECE_BYTES = 1 << 20
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")  # RFC 2046, 5.1.1
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*)")
_FORM_DATA = re.compile(r"form-data[ \t]*((?:;.*)?)", re.IGNORECASE)
_PARAMETER = re.compile(r';[ \t]*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))[ \t]*')


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a form; it has a filename when it is a file."""

    name: str
    filename: str | None
    data: bytes


def boundary_of(content_type: str) -> bytes:
    """What stands between the fields, by the Content-Type header. Raises InvalidForm."""
    _, semicolon, rest = content_type.strip().partition(";")
    boundary = _parameters(semicolon + rest).get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise _wrong("its Content-Type names no boundary between the fields. Let your HTTP client write that header")
    return boundary.encode("ascii")


def fields(body: bytes | bytearray, boundary: bytes) -> tuple[Field, ...]:
    """The fields in their order. Raises InvalidForm for what is no form, or has more than a form may have."""
    return tuple(_fields(body, b"--" + boundary))


def _fields(body: bytes | bytearray, line: bytes) -> Iterator[Field]:
    if not body.startswith(line):
        raise _wrong("it does not begin with its boundary")
    at = len(line)
    count = 0
    while body[at : at + 2] == b"\r\n":
        count += 1
        if count > MAX_FIELDS:
            raise _wrong(f"it has more than {MAX_FIELDS} fields")
        start, name, filename = _head(body, at + 2, count)
        end = _find(body, b"\r\n" + line, start)
        if end < 0:
            raise _wrong(f"field {count} has no end: the body is cut off")
        yield Field(name=name, filename=filename, data=bytes(memoryview(body)[start:end]))
        at = end + 2 + len(line)
    if body[at : at + 2] != b"--" or body[at + 2 : at + 16].strip():
        raise _wrong("what follows its boundary is neither a field nor the end")


def _head(body: bytes | bytearray, at: int, number: int) -> tuple[int, str, str | None]:
    """Where the field's data begins, the field's name and its file's."""
    end = body.find(b"\r\n\r\n", at, at + MAX_HEADER_BYTES)
    if end < 0:
        raise _wrong(f"field {number} has no end of its headers within {MAX_HEADER_BYTES} bytes")
    lines = _decoded(body[at:end]).split("\r\n")
    headers: dict[str, str] = {}
    for line in lines:
        match = _HEADER.fullmatch(line)
        if match is None or match[1].lower() in headers:
            raise _wrong(f"field {number} has headers that are none, or one of them twice")
        headers[match[1].lower()] = match[2]
    if headers.get("content-transfer-encoding", "binary").strip().lower() not in ("binary", "8bit", "7bit"):
        raise _wrong(f"field {number} has a Content-Transfer-Encoding. Send files as they are")
    disposition = _FORM_DATA.fullmatch(headers.get("content-disposition", "").strip())
    parameters = {} if disposition is None else _parameters(disposition[1])
    name = parameters.get("name")
    if name is None or len(name) > MAX_NAME_CHARS:
        raise _wrong(f'field {number} has no Content-Disposition of the form form-data; name="..."')
    return end + 4, name, parameters.get("filename")


def _decoded(head: bytes | bytearray) -> str:
    """Headers in UTF-8, or in Latin-1 as curl on Windows writes a file's name, which nobody looks at."""
    try:
        return head.decode("utf-8")
    except UnicodeDecodeError:
        return head.decode("latin-1")


def _parameters(text: str) -> dict[str, str]:
    """What follows a header's first word: `; name=value; name="value"`. None of it counts when a part is wrong.

    A last semicolon without a parameter, as some clients write, is none.
    """
    parameters: dict[str, str] = {}
    at = 0
    while match := _PARAMETER.match(text, at):
        quoted = match[2]
        parameters.setdefault(match[1].lower(), match[3] if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
        at = match.end()
    return parameters if text[at:].strip(" \t") in ("", ";") else {}


def _find(body: bytes | bytearray, what: bytes, start: int) -> int:
    for at in range(start, len(body), _PIECE_BYTES):
        position = body.find(what, at, at + _PIECE_BYTES + len(what) - 1)
        if position >= 0:
            return position
    return -1


def _wrong(reason: str) -> InvalidForm:
    return InvalidForm(reason)
