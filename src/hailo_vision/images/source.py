"""The url of a picture as the client sent it, parsed: base64 data or an http(s) address. Pure."""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from hailo_vision.errors import ImageFault
from hailo_vision.images.bad_image import BadImage

_SCHEME = re.compile(r"\s*([a-z][a-z0-9+.-]{0,30}):", re.IGNORECASE)
_MAX_DATA_HEADER = 1000
# How the base64 of a JPEG, PNG, GIF, WebP or BMP begins. Without this test a path such as /etc/passwd, which is
# made of base64's letters, would be answered with a puzzle about its format.
_RAW_BASE64 = re.compile(r"\s*((?:\\?/|_)9j(?:\\?/|_)|iVBORw0KGgo|R0lGOD|UklGR|Qk[0-3])")

_WHITESPACE = b" \t\r\n\f\v"
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_URL_SAFE_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
# A call into C keeps the interpreter lock, so a big picture is decoded in slices: the event loop gets its turn between
# two of them, within a millisecond.
_SLICE_CHARS = 1 << 18

_SEND_DATA = "Send the picture as a data: URI, or name an http(s) address."


@dataclass(frozen=True, slots=True, kw_only=True)
class Inline:
    """A picture in base64: the text, which is not copied, and where in it the data starts."""

    text: str = field(repr=False)
    start: int

    def decode(self) -> bytes:
        """The bytes of the picture. Raises BadImage where the text is no base64."""
        return _decode(self.text, self.start)

    @property
    def size_bytes(self) -> int:
        """How many bytes `decode` gives at most."""
        return (len(self.text) - self.start) * 3 // 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A picture at an http(s) address, which nobody has checked yet."""

    url: str


def read_source(url: str) -> Inline | Remote:
    """Parse `url`. Raises BadImage where it is neither data nor an http(s) address; paths are always refused."""
    scheme = _SCHEME.match(url)
    if scheme is None:
        return _read_bare(url)
    match scheme[1].lower():
        case "data":
            return _read_data_uri(url)
        case "http" | "https":
            return Remote(url=url.strip())
        case "file":
            raise BadImage(ImageFault.BAD_ADDRESS, f"is named by a file: address; files are never read. {_SEND_DATA}")
        case _:
            raise BadImage(ImageFault.BAD_ADDRESS, f"has an address of a kind that can't be fetched. {_SEND_DATA}")


def _read_bare(url: str) -> Inline:
    if not url or url.isspace():
        raise BadImage(ImageFault.EMPTY, f"is empty. {_SEND_DATA}")
    if _RAW_BASE64.match(url) is None:
        reason = "is neither a data: URI nor an http(s) address nor the base64 of a picture; paths are never read."
        raise BadImage(ImageFault.BAD_ADDRESS, f"{reason} {_SEND_DATA}")
    return Inline(text=url, start=0)


def _read_data_uri(url: str) -> Inline:
    """Parse a data URI. Its media type is ignored, as clients often declare a wrong one."""
    comma = url.find(",", 0, _MAX_DATA_HEADER)
    if comma < 0:
        raise BadImage(ImageFault.BAD_BASE64, "is a data: URI without a comma before its data.")
    parameters = url[:comma].lower().split(";")
    if not any(parameter.strip() == "base64" for parameter in parameters[1:]):
        raise BadImage(
            ImageFault.BAD_BASE64, "is a data: URI that is not marked as base64 (data:image/jpeg;base64,...)."
        )
    return Inline(text=url, start=comma + 1)


def _decode(text: str, start: int) -> bytes:
    """Decode base64 leniently: both alphabets, whitespace anywhere, with or without padding, slashes escaped or not."""
    decoded: list[bytes] = []
    rest = b""
    padded = False
    for piece in _slices(text, start):
        letters, padding, tail = _clean(piece).partition(b"=")
        if tail.strip(b"=") or (padded and letters):
            raise BadImage(ImageFault.BAD_BASE64, "has base64 data that goes on after its padding (=).")
        padded = padded or bool(padding)
        rest += letters
        whole = len(rest) - len(rest) % 4
        decoded.append(binascii.a2b_base64(rest[:whole]))
        rest = rest[whole:]
    if len(rest) == 1:
        raise BadImage(ImageFault.BAD_BASE64, "has base64 data that is cut off or lacks a character.")
    decoded.append(binascii.a2b_base64(rest + b"=" * (-len(rest) % 4)))
    return b"".join(decoded)


def _slices(text: str, start: int) -> Iterator[str]:
    """Cut the text into slices, and undo JSON's escapes, which large bodies still have; no escape is cut in two."""
    held = ""
    for at in range(start, len(text), _SLICE_CHARS):
        piece = held + text[at : at + _SLICE_CHARS]
        held = ""
        if "\\" in piece:
            if piece.endswith("\\"):
                piece, held = piece[:-1], "\\"
            piece = piece.replace("\\/", "/").replace("\\n", "").replace("\\r", "")
        yield piece
    yield held


def _clean(piece: str) -> bytes:
    try:
        cleaned = piece.encode("ascii").translate(_URL_SAFE_TO_STANDARD, _WHITESPACE)
    except UnicodeEncodeError:
        cleaned = b"?"
    if cleaned.translate(None, _LETTERS).strip(b"="):
        raise BadImage(ImageFault.BAD_BASE64, "has data with characters that base64 does not have.")
    return cleaned
