"""Files are stripped to what a decoder needs: metadata, further pictures and padding never reach Pillow.

Pillow 11.1, which Debian 13 ships, spends 25 s on 5 MB of empty GIF comments and 800 MB on 500 kB of JPEG EXIF; later
versions are better and not free of such. None of it is needed for a frame but the orientation and the colour profile,
which are handed over beside the data.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import assert_never

from hailo_vision.images.formats import Format
from hailo_vision.images.jpeg import strip_jpeg
from hailo_vision.images.profile import MAX_BYTES as MAX_PROFILE_BYTES
from hailo_vision.images.profile import inflated
from hailo_vision.images.stripped import Stripped, broken, strange
from hailo_vision.images.tiff import first_picture

# Real files have a chunk for each 8 kB of PNG or 255 bytes of GIF.
_MAX_BLOCKS = 100_000
# Pillow decodes run-length coded BMPs in Python: 1.5 s for 8 megapixels.
_MAX_RUN_LENGTH_PIXELS = 1_000_000
_MAX_RUN_LENGTH_BYTES = 1_000_000

_PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})
_PNG_TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_PNG_EXIF_TEXTS = (b"Raw profile type exif", b"Raw profile type APP1")  # ImageMagick's, before PNG had eXIf
_PNG_XMP_TEXT = b"XML:com.adobe.xmp"


def strip(image_format: Format, data: bytes) -> Stripped:
    """Strip a file of its metadata. Raises BadImage where it ends before its picture begins, or is built to be slow."""
    try:
        match image_format:
            case Format.JPEG:
                return strip_jpeg(data)
            case Format.PNG:
                return _strip_png(data)
            case Format.GIF:
                return _strip_gif(data)
            case Format.WEBP:
                return Stripped(data=data, size=_webp_canvas(data))
            case Format.BMP:
                return _check_bmp(data)
            case Format.TIFF:
                return _strip_tiff(data)
            case Format.HEIC | Format.AVIF:
                return Stripped(data=data)
            case _:
                assert_never(image_format)
    except (struct.error, IndexError):
        raise broken(image_format) from None


def _strip_png(data: bytes) -> Stripped:
    kept = [data[:8]]
    first: dict[bytes, bytes] = {}  # of each kind or keyword: to inflate all of them could take minutes
    depth, colour = data[24], data[25]
    for kind, chunk in _png_chunks(data):
        if kind in _PNG_KEPT:
            kept.append(chunk)
        elif kind == b"tRNS":
            kept.append(_in_8_bit(chunk, depth=depth, colour=colour))
        elif kind in _PNG_TEXTS:
            first.setdefault(chunk[8:100].partition(b"\0")[0], chunk)
        elif kind in (b"eXIf", b"iCCP"):
            first.setdefault(kind, chunk)
    exif = first.get(b"eXIf", b"")[8:-4]
    for keyword in _PNG_EXIF_TEXTS:
        exif = exif or _raw_profile(_png_text(first.get(keyword, b"")))
    profile = first.get(b"iCCP", b"")
    return Stripped(
        data=b"".join(kept),
        exif=exif,
        xmp=_png_text(first.get(_PNG_XMP_TEXT, b"")),
        profile=inflated(profile[8:-4]) if len(profile) <= MAX_PROFILE_BYTES else b"",
    )


def _png_text(chunk: bytes) -> bytes:
    """The text of a tEXt, zTXt or iTXt chunk, behind its keyword; empty where it is damaged or too large."""
    keyword, _, text = chunk[8:-4].partition(b"\0")
    if len(chunk) > MAX_PROFILE_BYTES:
        return b""
    match chunk[4:8]:
        case b"tEXt":
            return text
        case b"zTXt":
            return inflated(chunk[8:-4])
        case b"iTXt":  # a flag, the method, a language and the keyword in that language
            *_, inside = text[2:].split(b"\0", 2)
            return inflated(keyword + b"\0\0" + inside) if text[:1] == b"\1" else inside
        case _:
            return b""


def _raw_profile(text: bytes) -> bytes:
    """The EXIF data in a text of ImageMagick's: an empty line, its kind, its length, and the data in hexadecimal."""
    try:
        return bytes.fromhex(b"".join(text.split(b"\n")[3:]).decode("ascii"))
    except ValueError:
        return b""


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks with their heads and checksums, to the end of the picture or of the file."""
    position = 8
    for _ in range(_MAX_BLOCKS):
        if position >= len(data):
            return
        length, kind = struct.unpack_from(">L4s", data, position)
        yield kind, data[position : position + 12 + length]
        position += 12 + length
        if kind == b"IEND":
            return
    raise strange(Format.PNG, f"more than {_MAX_BLOCKS} chunks")


def _in_8_bit(chunk: bytes, *, depth: int, colour: int) -> bytes:
    """The transparent colour at the depth that Pillow gives to the pixels; it forgets to scale it with them (13.0)."""
    length = {0: 2, 2: 6}.get(colour)
    if length is None or len(chunk) != 12 + length or depth not in (1, 2, 4, 16) or (depth == 16 and colour == 0):
        return chunk
    values = struct.unpack(f">{length // 2}H", chunk[8:-4])
    scaled = (value >> 8 if depth == 16 else min(value * 255 // ((1 << depth) - 1), 255) for value in values)
    body = b"tRNS" + struct.pack(f">{length // 2}H", *scaled)
    return chunk[:4] + body + struct.pack(">L", zlib.crc32(body))


def _strip_gif(data: bytes) -> Stripped:
    """The header, the control block of the first picture, which says what is transparent, and all from there on."""
    position = 13 + _gif_palette_bytes(data[10])
    header = data[:position]
    control = b""
    for _ in range(_MAX_BLOCKS):
        match data[position]:
            case 0x2C:  # the first picture
                return Stripped(data=header + control + data[position:], size=_gif_size(data, position))
            case 0x3B:  # the end
                raise broken(Format.GIF)
            case 0x21:  # an extension
                end = _gif_extension_end(data, position)
                if data[position + 1] == 0xF9:
                    control = data[position:end]
                position = end
            case _:  # filling, which every reader skips
                position += 1
    raise strange(Format.GIF, f"more than {_MAX_BLOCKS} blocks before its picture")


def _gif_size(data: bytes, position: int) -> tuple[int, int]:
    """The canvas, grown to where its first picture ends, as Pillow grows it."""
    width, height = struct.unpack_from("<HH", data, 6)
    left, top, across, down = struct.unpack_from("<HHHH", data, position + 1)
    return max(width, left + across), max(height, top + down)


def _gif_extension_end(data: bytes, position: int) -> int:
    position += 2
    for _ in range(_MAX_BLOCKS):
        size = data[position]
        position += 1 + size
        if size == 0:
            return position
    raise strange(Format.GIF, f"more than {_MAX_BLOCKS} blocks before its picture")


def _gif_palette_bytes(flags: int) -> int:
    return 3 * (2 << (flags & 7)) if flags & 0x80 else 0


def _webp_canvas(data: bytes) -> tuple[int, int] | None:
    """The size that an extended WebP claims, for which libwebp makes room at once; others are 16383 wide at most."""
    if data[12:16] != b"VP8X":
        return None
    canvas = data[24:30]
    return int.from_bytes(canvas[:3], "little") + 1, int.from_bytes(canvas[3:], "little") + 1


def _check_bmp(data: bytes) -> Stripped:
    (header_bytes,) = struct.unpack_from("<L", data, 14)
    if header_bytes >= 40:
        width, height = struct.unpack_from("<ll", data, 18)
        (compression,) = struct.unpack_from("<L", data, 30)
        big = abs(width * height) > _MAX_RUN_LENGTH_PIXELS or len(data) > _MAX_RUN_LENGTH_BYTES
        if compression in (1, 2) and big:
            raise strange(Format.BMP, "run-length coded and larger than a megapixel or a megabyte")
    return Stripped(data=data)


def _strip_tiff(data: bytes) -> Stripped:
    picture = first_picture(data)
    if picture is None:
        raise strange(Format.TIFF, "more in its directory than in the file")
    return Stripped(data=picture)
