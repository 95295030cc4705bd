"""The orientation of a picture, as its EXIF data or XMP has it. Pure.

EXIF data is a TIFF directory. Pillow 11.1 keeps a copy of the data for each tag that points at it, so that 500 kB
become 800 MB; this module copies nothing, and follows no pointer.
"""

import re
import struct

_ORIENTATION_TAG = 0x0112
# EXIF's types that a number from 1 to 8 can have, and how they are written.
_NUMBER_TYPES = {1: "B", 3: "H", 4: "L"}
# As an attribute or an element.
_XMP_ORIENTATION = re.compile(rb"tiff:Orientation(?:\s*=\s*[\"']|>)\s*([1-8])\s*[\"'<]")
_MAX_XMP_BYTES = 100_000


def orientation(exif: bytes, xmp: bytes = b"") -> int:
    """The orientation of a picture, 1 to 8: that of its EXIF data, else of its XMP, else 1, which is upright."""
    return _in_exif(exif) or _in_xmp(xmp) or 1


def _in_xmp(xmp: bytes) -> int | None:
    match = _XMP_ORIENTATION.search(xmp, 0, _MAX_XMP_BYTES)
    return None if match is None else int(match[1])


def _in_exif(exif: bytes) -> int | None:
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return None
    try:
        (start,) = struct.unpack_from(f"{order}L", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind, _ = struct.unpack_from(f"{order}HHL", tiff, entry)
            if tag == _ORIENTATION_TAG and kind in _NUMBER_TYPES:
                (value,) = struct.unpack_from(f"{order}{_NUMBER_TYPES[kind]}", tiff, entry + 8)
                return int(value) if 1 <= value <= 8 else None
    except struct.error:  # the directory goes on where the data has ended
        pass
    return None
