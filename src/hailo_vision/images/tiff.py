"""A TIFF file is cut down to the directory of its first picture.

Directories can point at each other in a circle, and a thousand tags at the same megabytes. None is followed here.
"""

import struct

# Sizes, depth, compression, colours, strips, orientation, planes, predictor, palette, tiles, transparency, kind of
# numbers, JPEG tables, YCbCr, the colour profile, and JPEG as it was in TIFF 6.0 (512 to 521), which scanners write.
_KEPT = frozenset(
    {256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 317, 320, 322, 323, 324, 325, 338, 339, 347, 34675}
    | {512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532}
)
_MAX_ENTRIES = 1000
_MAX_TILE_PX = 4_000_000  # memory for a whole tile is taken before the first is read
_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}


def first_picture(data: bytes) -> bytes | None:
    """The file with the directory of its first picture alone: the tags that the pixels need, and nothing after them.

    None where the directory is out of all proportion. Raises struct.error where the file ends before the directory.
    """
    order = "<" if data.startswith(b"II") else ">"
    (start,) = struct.unpack_from(f"{order}L", data, 4)
    (count,) = struct.unpack_from(f"{order}H", data, start)
    if count > _MAX_ENTRIES:
        return None
    kept: dict[int, bytes] = {}
    value_bytes = 0
    for position in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind, length = struct.unpack_from(f"{order}HHL", data, position)
        if tag in _KEPT and tag not in kept:
            kept[tag] = data[position : position + 12]
            value_bytes += _BYTES.get(kind, 1) * length
    if value_bytes > len(data) or _tile_px(kept, order) > _MAX_TILE_PX:
        return None
    directory = b"".join(kept[tag] for tag in sorted(kept))
    head = data[:4] + struct.pack(f"{order}L", len(data))
    return b"".join((head, data[8:], struct.pack(f"{order}H", len(kept)), directory, bytes(4)))


def _tile_px(entries: dict[int, bytes], order: str) -> int:
    width, height = (_number(entries[tag], order) if tag in entries else 0 for tag in (322, 323))
    return width * height


def _number(entry: bytes, order: str) -> int:
    kind, _, value = struct.unpack(f"{order}2xHL4s", entry)
    return int(struct.unpack_from(f"{order}H" if kind == 3 else f"{order}L", value)[0])
