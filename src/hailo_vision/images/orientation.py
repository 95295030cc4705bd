"""Which way up a picture is, read from its EXIF data.

Not Pillow's reader: 11.1 keeps a copy of the data for each tag that points at it, so that 500 kB of EXIF become 800 MB.
This one looks at one number and copies nothing.
"""

import struct

_ORIENTATION_TAG = 0x0112
# EXIF's types that a number from 1 to 8 can have, and how they are written.
_NUMBER_TYPES = {1: "B", 3: "H", 4: "L"}


def orientation(exif: bytes) -> int:
    """1 to 8 as EXIF counts them; 1, which is upright, where the data says nothing or nothing sensible."""
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(f"{order}L", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind, _ = struct.unpack_from(f"{order}HHL", tiff, entry)
            if tag == _ORIENTATION_TAG and kind in _NUMBER_TYPES:
                (value,) = struct.unpack_from(f"{order}{_NUMBER_TYPES[kind]}", tiff, entry + 8)
                return int(value) if 1 <= value <= 8 else 1
    except struct.error:  # the directory goes on where the data has ended
        pass
    return 1
