"""Pictures are cut out of a body before it is read as JSON. Pure.

json.loads holds the interpreter lock, and with it the event loop, for as long as it takes: 6 ms for 10 MB of picture,
and 300 ms for 10 MB of brackets. So what is no picture is bounded, and what is one is found without looking at each
of its letters.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

# How a picture's text begins: as a data: URI, or as the base64 of a JPEG, PNG, GIF, WebP or BMP; PHP escapes slashes.
_PICTURE = re.compile(
    rb"data:[^,\"]{0,100};base64,|(?:\\?/|_)9j(?:\\?/|_)|iVBORw0KGgo|R0lGOD|UklGR|Qk[0-3]", re.IGNORECASE
)
# Longer strings contain two multiples of this, shorter ones are left to JSON.
_STRIDE = 4096
_BEFORE_A_VALUE = (b":", b",", b"[")
_SPACE = b" \t\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A body in parts: JSON, with a `-Infinity` in the place of each of the `payloads`, the texts of pictures.

    Escaped slashes and line ends stand in these as they were sent: the decoder of base64 knows them.

    That is a word which Python's decoder takes for a value and asks what to make of, so that every payload lands in its
    place. JSON does not have it: a body that brings its own has one payload too few, and is refused.
    """

    json: bytes
    payloads: tuple[str, ...]


def cut(body: bytes | bytearray, most_json_bytes: int) -> Cut | None:
    """None when there is more JSON besides the pictures than that. Raises ValueError where a payload is no UTF-8."""
    view = memoryview(body)
    rest: list[bytes | memoryview] = []
    payloads: list[str] = []
    start = 0
    for begin, end in _pictures(body, most_json_bytes):
        payloads.append(str(view[begin + 1 : end], "utf-8"))
        rest += (view[start:begin], b"-Infinity")
        start = end + 1
    rest.append(view[start:])
    if sum(len(part) for part in rest) > most_json_bytes:
        return None
    return Cut(json=b"".join(rest), payloads=tuple(payloads))


def _pictures(body: bytes | bytearray, most_other_bytes: int) -> Iterator[tuple[int, int]]:
    """Where the quotes are that pictures stand between. Ends early when too much is no picture."""
    position = other = 0
    while position < len(body) and other <= most_other_bytes:
        begin = body.rfind(b'"', max(0, position - _STRIDE), position)
        if begin >= 0 and _PICTURE.match(body, begin + 1) and _is_value(body, begin):
            end = body.find(b'"', position)
            if end >= 0 and _is_plain(body, begin, end):
                yield begin, end
                position = end + 1
        position += _STRIDE
        other += _STRIDE


def _is_value(body: bytes | bytearray, quote: int) -> bool:
    """Whether a string can begin at this quote. One inside a string has a backslash before it."""
    before = body[max(0, quote - 64) : quote].rstrip(_SPACE)
    return before.endswith(_BEFORE_A_VALUE)


def _is_plain(body: bytes | bytearray, begin: int, end: int) -> bool:
    """Whether the string ends at this quote and has, as far as can be seen at once, no escapes but those of base64."""
    first = body.find(b"\\", begin, end)
    return first < 0 or (body[end - 1 : end] != b"\\" and body[first : first + 2] in (b"\\/", b"\\n", b"\\r"))
