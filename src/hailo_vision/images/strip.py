"""Files are stripped to what a decoder needs: metadata, further pictures and padding never reach Pillow.

Pillow 11.1, which Debian 13 ships, spends 25 s on 5 MB of empty GIF comments and 800 MB on 500 kB of JPEG EXIF; later
versions are better and not free of such. None of it is needed for a frame but the orientation and the colour profile,
which are handed over beside the data.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

from hailo_vision.errors import ImageFault
from hailo_vision.images.bad_image import BadImage
from hailo_vision.images.formats import Format
from hailo_vision.images.profile import MAX_BYTES as MAX_PROFILE_BYTES
from hailo_vision.images.profile import inflated
from hailo_vision.images.tiff import first_picture

# Real files have some dozens of JPEG segments, and a chunk for each 8 kB of PNG or 255 bytes of GIF.
_MAX_SEGMENTS = 1000
_MAX_TABLE_BYTES = 200_000
_MAX_BLOCKS = 100_000
# A progressive JPEG has about 10 scans, and each costs a pass over all of the picture, however little it holds.
_MAX_SCANS = 100
# Pillow decodes run-length coded BMPs in Python: 1.5 s for 8 megapixels.
_MAX_RUN_LENGTH_PIXELS = 1_000_000
_MAX_RUN_LENGTH_BYTES = 1_000_000

# FF and what makes it a marker that a segment follows; FF FF is filling, FF 00 no marker, the others stand alone.
_JPEG_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
# Frame headers and tables (C0 to CF), quantisation, restart interval, and what tells the colours: JFIF and Adobe.
_JPEG_KEPT = frozenset({*range(0xC0, 0xD0), 0xDB, 0xDD, 0xE0, 0xEE})
_JPEG_PROFILE = b"ICC_PROFILE\0"  # then the number of this piece, from 1, and how many there are
_PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stripped:
    """A file without what the decoder has no use for, and the EXIF data and colour profile that were in it."""

    data: bytes
    exif: bytes = b""
    profile: bytes = b""
    size: tuple[int, int] | None = None  # where the decoder would allocate before it can be asked


def strip(image_format: Format, data: bytes) -> Stripped:
    """Strip a file of its metadata. Raises BadImage where it ends before its picture begins, or is built to be slow."""
    try:
        match image_format:
            case Format.JPEG:
                return _strip_jpeg(data)
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


def broken(image_format: Format) -> BadImage:
    reason = f"is a damaged or incomplete {image_format} file. Save it again and send the whole of it."
    return BadImage(ImageFault.UNREADABLE, reason)


def _strange(image_format: Format, what: str) -> BadImage:
    reason = f"is a {image_format} file of an unusual make ({what}). Save it again in another program."
    return BadImage(ImageFault.UNREADABLE, reason)


def _strip_jpeg(data: bytes) -> Stripped:
    kept = bytearray(b"\xff\xd8")
    exif = b""
    profile: dict[int, bytes] = {}
    position = 2
    for _ in range(_MAX_SEGMENTS):
        found = _JPEG_MARKER.search(data, position)
        if found is None or found[0] == b"\xff\xd9":
            raise broken(Format.JPEG)
        position = found.start()
        marker = data[position + 1]
        if marker == 0xDA:
            whole = b"".join(profile[number] for number in sorted(profile))
            return Stripped(data=b"".join((kept, _jpeg_scans(data, position))), exif=exif, profile=whole)
        (length,) = struct.unpack_from(">H", data, position + 2)
        segment = data[position : position + 2 + length]
        if marker in _JPEG_KEPT:
            kept += segment
        elif marker == 0xE1 and not exif and segment.startswith(b"Exif\0\0", 4):
            exif = segment[4:]
        elif marker == 0xE2 and segment.startswith(_JPEG_PROFILE, 4) and len(segment) > 18:
            profile.setdefault(segment[16], segment[18:])
        position += 2 + length
        if len(kept) > _MAX_TABLE_BYTES:
            raise _strange(Format.JPEG, f"more than {_MAX_TABLE_BYTES} bytes of tables")
    raise _strange(Format.JPEG, f"more than {_MAX_SEGMENTS} segments")


def _jpeg_scans(data: bytes, position: int) -> bytes:
    if data.count(b"\xff\xda", position) > _MAX_SCANS:
        raise _strange(Format.JPEG, f"more than {_MAX_SCANS} scans")
    return data[position:]


def _strip_png(data: bytes) -> Stripped:
    kept = [data[:8]]
    exif = profile = b""
    depth, colour = data[24], data[25]
    for kind, chunk in _png_chunks(data):
        if kind in _PNG_KEPT:
            kept.append(chunk)
        elif kind == b"tRNS":
            kept.append(_in_8_bit(chunk, depth=depth, colour=colour))
        elif kind == b"eXIf":
            exif = chunk[8:-4]
        elif kind == b"iCCP" and not profile and len(chunk) <= MAX_PROFILE_BYTES:
            profile = inflated(chunk[8:-4])
    return Stripped(data=b"".join(kept), exif=exif, profile=profile)


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
    raise _strange(Format.PNG, f"more than {_MAX_BLOCKS} chunks")


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
    raise _strange(Format.GIF, f"more than {_MAX_BLOCKS} blocks before its picture")


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
    raise _strange(Format.GIF, f"more than {_MAX_BLOCKS} blocks before its picture")


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
            raise _strange(Format.BMP, "run-length coded and larger than a megapixel or a megabyte")
    return Stripped(data=data)


def _strip_tiff(data: bytes) -> Stripped:
    picture = first_picture(data)
    if picture is None:
        raise _strange(Format.TIFF, "more in its directory than in the file")
    return Stripped(data=picture)
