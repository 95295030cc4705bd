"""The url of a picture as the client sent it, parsed: base64 data or an http(s) address. Pure."""

import binascii
import re
from dataclasses import dataclass, field

from hailo_vision.errors import ImageFault
from hailo_vision.images.bad_image import BadImage
from hailo_vision.images.formats import is_known

_SCHEME = re.compile(r"\s*([a-z][a-z0-9+.-]{0,30}):", re.IGNORECASE)
_MAX_DATA_HEADER = 1000
# No path has that many letters of base64 in a row. Shorter ones can, as /etc/passwd has: there the first bytes decide.
_MIN_BASE64_CHARS = 256
_MAX_HEAD_CHARS = 1000
_BASE64_RUN = re.compile(r"[A-Za-z0-9+/_-]*")
_PYTHON_BYTES = re.compile(r"\s*b['\"]")

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
    if not _is_base64(url[:_MAX_HEAD_CHARS]):
        reason = "is neither a data: URI nor an http(s) address nor the base64 of a picture; paths are never read."
        raise BadImage(ImageFault.BAD_ADDRESS, f"{reason} {_SEND_DATA}")
    return Inline(text=url, start=0)


def _is_base64(head: str) -> bool:
    """Whether a text that begins like this is base64, and not a path, which can be made of the same letters."""
    letters = "".join(_PYTHON_BYTES.sub("", head, count=1).split()).lstrip("'\"")
    run = _BASE64_RUN.match(letters)
    if run is None or run.end() >= _MIN_BASE64_CHARS:
        return run is not None
    whole = run[0][: len(run[0]) // 4 * 4].encode("ascii").translate(_URL_SAFE_TO_STANDARD)
    return is_known(binascii.a2b_base64(whole), is_path=letters.startswith("/"))


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
    if url.startswith("data:", comma + 1):
        reason = "has data: in its base64 data: write the prefix once."
        raise BadImage(ImageFault.BAD_BASE64, reason)
    return Inline(text=url, start=comma + 1)


def _decode(text: str, start: int) -> bytes:
    """Decode base64 leniently: both alphabets, whitespace anywhere, with or without padding."""
    decoded: list[bytes] = []
    rest = b""
    padded = False
    for at in range(start, len(text), _SLICE_CHARS):
        cleaned = _clean(text[at : at + _SLICE_CHARS])
        if cleaned is None:
            raise BadImage(ImageFault.BAD_BASE64, _no_base64(text, start))
        letters, padding, tail = cleaned.partition(b"=")
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


def _clean(piece: str) -> bytes | None:
    """The letters and padding of some base64 in the standard alphabet; None where it has any other characters."""
    try:
        cleaned = piece.encode("ascii").translate(_URL_SAFE_TO_STANDARD, _WHITESPACE)
    except UnicodeEncodeError:
        return None
    return None if cleaned.translate(None, _LETTERS).strip(b"=") else cleaned


def _no_base64(text: str, start: int) -> str:
    reason = "has data with characters that base64 does not have."
    if _PYTHON_BYTES.match(text, start):
        return f"{reason} It begins with b', which is how Python shows bytes: send the text of .decode()."
    return reason
