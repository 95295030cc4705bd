"""Long strings of base64 are cut out of a body before it is read as JSON. Pure.

json.loads holds the interpreter lock, and with it the event loop, for as long as it takes: 6 ms for 10 MB of picture,
and 300 ms for 10 MB of brackets. So what is no picture is bounded, and what is one is read in pieces, each by JSON's
own rules: escapes and blanks mean in it what they mean in a small body.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from hailo_vision.http_api.web.http_errors import JsonTooLarge

# Shorter strings are left to JSON. So there are few to look at: each takes that much of what may be no picture.
_MIN_BYTES = 4096
_LONG_STRING = re.compile(rb'"(?=[^"]{%d})' % _MIN_BYTES)
_MAX_QUOTES = 8  # in a string that is cut out, as in data:image/png;name=\"a\";base64,
_MAX_BACKSLASHES = 64  # in a row
_END_OF_NAME = re.compile(rb'"[ \t\r\n]*:')
_END_OF_STRING = re.compile(rb'"[ \t\r\n]*[:,\]}]')
# A piece is read in less than a millisecond, also where each of its characters is escaped.
_PIECE_BYTES = 1 << 16
_CONTROLS = bytes(range(0x20))
_HIGH_SURROGATE = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}\Z")
_CONTINUATION = bytes(range(0x80, 0xC0))  # of a character in UTF-8
# How base64 begins: as a data: URI, or with nothing but its letters. Clients put blanks around both, and quotes.
_DATA_URI = re.compile(r"\s*data:", re.IGNORECASE)
_BEFORE_BASE64 = " \t\r\n\f\v'\""
_BASE64 = re.compile(r"(?:b['\"])?[A-Za-z0-9+/_-]{256}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A body in parts: JSON, with a `-Infinity` in the place of each of the `payloads`, the strings that are base64.

    That is a word which Python's decoder takes for a value and asks what to make of, so that every payload lands in its
    place. JSON does not have it: a body that brings its own has one payload too few, and is refused.
    """

    json: bytes
    payloads: tuple[str, ...]


def cut(body: bytes | bytearray, max_json_bytes: int) -> Cut:
    """Cut a body in UTF-8. Raises JsonTooLarge for more JSON besides the base64, and ValueError where it is no JSON."""
    view = memoryview(body)
    rest: list[bytes | memoryview] = []
    payloads: list[str] = []
    start = 0
    for begin, end in _base64_strings(body, max_json_bytes):
        payloads.append(_text(body, begin + 1, end))
        rest += (view[start:begin], b"-Infinity")
        start = end + 1
    rest.append(view[start:])
    if sum(len(part) for part in rest) > max_json_bytes:
        raise JsonTooLarge(max_json_bytes, longest_string_bytes=_longest_string(body, start, start + max_json_bytes))
    return Cut(json=b"".join(rest), payloads=tuple(payloads))


def _base64_strings(body: bytes | bytearray, max_other_bytes: int) -> Iterator[tuple[int, int]]:
    """The quotes around each long string of base64. Ends early where too much is something else."""
    position, left = 0, max_other_bytes
    while left >= 0 and (found := _LONG_STRING.search(body, position, position + left + 1 + _MIN_BYTES)):
        begin = _opening(body, position, found.start())
        end = None if begin is None else _closing(body, found.end() + _MIN_BYTES)
        if begin is not None and end is not None and not _END_OF_NAME.match(body, end, end + max_other_bytes):
            yield begin, end
            left -= begin - position
            position = end + 1
        else:
            next_quote = body.find(b'"', found.end() + _MIN_BYTES)
            left = -1 if next_quote < 0 else left - (next_quote - position)
            position = next_quote


def _opening(body: bytes | bytearray, start: int, quote: int) -> int | None:
    """The quote at which a string of base64 begins: this one, or one before it that belongs to the same string."""
    for _ in range(_MAX_QUOTES):
        if not _is_escaped(body, quote):
            head = body[quote + 1 : quote + 1 + _MIN_BYTES]
            # Not strict, as between two strings there may be line ends.
            return quote if _looks_like_base64(_string(head[: _seam(head)], strict=False)) else None
        quote = body.rfind(b'"', max(start, quote - _MIN_BYTES), quote)
        if quote < 0:
            break
    return None


def _closing(body: bytes | bytearray, position: int) -> int | None:
    """The quote at which a string ends that goes on to `position` at least. Raises ValueError where it has no end."""
    for _ in range(_MAX_QUOTES):
        quote = body.find(b'"', position)
        if quote < 0:
            raise ValueError("not JSON")
        if not _is_escaped(body, quote):
            return quote
        position = quote + 1
    return None


def _is_escaped(body: bytes | bytearray, at: int) -> bool:
    """Whether an odd number of backslashes stands before this byte. Very many, which no base64 has, count as odd."""
    before = body[max(0, at - _MAX_BACKSLASHES) : at]
    count = len(before) - len(before.rstrip(b"\\"))
    return count % 2 == 1 or count == _MAX_BACKSLASHES


def _looks_like_base64(head: str) -> bool:
    """Whether a string that begins like this is data, whatever it holds: its reader says what is wrong with it."""
    if _DATA_URI.match(head):
        return True
    return _BASE64.match("".join(head.lstrip(_BEFORE_BASE64).split())) is not None


def _text(body: bytes | bytearray, begin: int, end: int) -> str:
    """A string's text, as JSON reads it. Raises ValueError where it is none."""
    # Most clients escape nothing. Pieces would be held beside the whole of them for a moment.
    if body.find(b"\\", begin, end) < 0 and not _has_controls(body, begin, end):
        return str(memoryview(body)[begin:end], "utf-8", "surrogatepass")
    return "".join(_pieces(body, begin, end))


def _has_controls(body: bytes | bytearray, begin: int, end: int) -> bool:
    """Whether there is a control character, such as a line end, which JSON has as escapes alone."""
    for at in range(begin, end, _PIECE_BYTES):
        piece = body[at : min(at + _PIECE_BYTES, end)]
        if len(piece.translate(None, _CONTROLS)) < len(piece):
            return True
    return False


def _pieces(body: bytes | bytearray, begin: int, end: int) -> Iterator[str]:
    """A string's text in pieces, which JSON reads one by one."""
    while begin < end:
        piece = body[begin : min(begin + _PIECE_BYTES, end)]
        if begin + len(piece) < end:
            piece = piece[: _seam(piece)]
        yield _string(piece)
        begin += len(piece)


def _string(inside: bytes | bytearray, *, strict: bool = True) -> str:
    """The text between two quotes, as JSON reads it. Lone surrogates are taken, as json.loads takes them in bytes."""
    text: str = json.loads(f'"{str(inside, "utf-8", "surrogatepass")}"', strict=strict)
    return text


def _seam(piece: bytes | bytearray) -> int:
    """The last place at which a string can be cut without cutting an escape, a surrogate pair or a character in two."""
    end = len(piece.rstrip(_CONTINUATION))
    end -= end > 0 and piece[end - 1] >= 0xC0
    escape = piece.rfind(b"\\", max(0, end - 6), end)
    if escape >= 0 and _begins_escape(piece, escape):
        end = escape
    if _HIGH_SURROGATE.search(piece, max(0, end - 6), end) and _begins_escape(piece, end - 6):
        end -= 6
    return end or len(piece)


def _begins_escape(piece: bytes | bytearray, backslash: int) -> bool:
    before = piece[: backslash + 1]
    return (len(before) - len(before.rstrip(b"\\"))) % 2 == 1


def _longest_string(body: bytes | bytearray, start: int, end: int) -> int:
    """The size of the longest string without quotes in it that begins in this part of the body."""
    longest = 0
    while 0 <= start < end and (found := _LONG_STRING.search(body, start, end)):
        start = body.find(b'"', found.end() + _MIN_BYTES)
        if not _END_OF_STRING.match(body, found.start(), end):
            longest = max(longest, (len(body) if start < 0 else start) - found.end())
    return longest
