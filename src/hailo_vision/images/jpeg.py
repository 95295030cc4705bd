"""A JPEG is stripped to the tables and scans of its first picture.

What stands behind that picture's end is no part of it: phones put films there (motion photos), cameras previews.
"""

import random
import re
import struct
from dataclasses import replace

from hailo_vision.images.formats import Format
from hailo_vision.images.stripped import Stripped, broken, strange

_MAX_SEGMENTS = 1000  # real files have some dozens
_MAX_TABLE_BYTES = 200_000
# A progressive JPEG has about 10 scans, and each costs a pass over all of the picture, however little it holds.
_MAX_SCANS = 100

# FF and what makes it a marker that a segment follows; FF FF is filling, FF 00 no marker, the others stand alone.
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
_SEARCHED_BYTES = 1 << 20  # at once, as a search holds the interpreter lock
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
# Frame headers and tables (C0 to CF), quantisation, restart interval, and what tells the colours: JFIF and Adobe.
_KEPT = frozenset({*range(0xC0, 0xD0), 0xDB, 0xDD, 0xE0, 0xEE})
_PROFILE = b"ICC_PROFILE\0"  # then the number of this piece, from 1, and how many there are
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_END = b"\xff\xd9"
_OTHER_BITS = bytes(byte for byte in random.Random(1).randbytes(300) if byte != 0xFF)


def strip_jpeg(data: bytes) -> Stripped:
    """Strip a JPEG. Raises BadImage for one without a picture, struct.error where it ends before that."""
    kept = bytearray(b"\xff\xd8")
    exif = xmp = b""
    profile: dict[int, bytes] = {}
    position = 2
    for _ in range(_MAX_SEGMENTS):
        next_position = _next_marker(data, position)
        if next_position is None or data[next_position + 1] == _END_OF_IMAGE:
            raise broken(Format.JPEG)
        position = next_position
        marker = data[position + 1]
        if marker == _START_OF_SCAN:
            whole = b"".join(profile[number] for number in sorted(profile))
            return _with_scans(kept, data, position, Stripped(data=b"", exif=exif, xmp=xmp, profile=whole))
        (length,) = struct.unpack_from(">H", data, position + 2)
        segment = data[position : position + 2 + length]
        if marker in _KEPT:
            kept += segment
        elif marker == 0xE1 and not exif and segment.startswith(b"Exif\0\0", 4):
            exif = segment[4:]
        elif marker == 0xE1 and not xmp and segment.startswith(_XMP, 4):
            xmp = segment[4 + len(_XMP) :]
        elif marker == 0xE2 and segment.startswith(_PROFILE, 4) and len(segment) > 18:
            profile.setdefault(segment[16], segment[18:])
        position += 2 + length
        if len(kept) > _MAX_TABLE_BYTES:
            raise strange(Format.JPEG, f"more than {_MAX_TABLE_BYTES} bytes of tables")
    raise strange(Format.JPEG, f"more than {_MAX_SEGMENTS} segments")


def _with_scans(tables: bytes | bytearray, data: bytes, start: int, metadata: Stripped) -> Stripped:
    """The whole of a JPEG. Cameras (motionEye, ESP32-CAM) leave out its end, without which no decoder would end."""
    end = _end_of_scans(data, start)
    if end is not None:
        return replace(metadata, data=b"".join((tables, memoryview(data)[start:end])))
    scans = data[start:].rstrip(b"\xff")
    variant = b"".join((tables, scans, _OTHER_BITS, _END))
    return replace(metadata, data=b"".join((tables, scans, _END)), variant=variant)


def _end_of_scans(data: bytes, position: int) -> int | None:
    """Where the picture ends whose first scan begins here; None where the file ends before it."""
    scans = 0
    for _ in range(_MAX_SEGMENTS):
        marker = data[position + 1]
        if marker == _END_OF_IMAGE:
            return position + 2
        scans += marker == _START_OF_SCAN
        if scans > _MAX_SCANS:
            raise strange(Format.JPEG, f"more than {_MAX_SCANS} scans")
        (length,) = struct.unpack_from(">H", data, position + 2)
        next_position = _next_marker(data, position + 2 + length)
        if next_position is None:
            return None
        position = next_position
    raise strange(Format.JPEG, f"more than {_MAX_SEGMENTS} segments")


def _next_marker(data: bytes, position: int) -> int | None:
    for at in range(position, len(data), _SEARCHED_BYTES):
        match = _MARKER.search(data, at, at + _SEARCHED_BYTES + 1)
        if match is not None:
            return match.start()
    return None
