"""A frame as a PNG in a data URI. Pure."""

import base64
import struct
import zlib

from hailo_vision.chat import Frame

_RGB_OF_8_BITS = (8, 2, 0, 0, 0)  # depth, colour type, and the only compression, filter and order that matter here


def data_uri(frame: Frame, *, level: int) -> str:
    """`level` is zlib's: 0 for a server on this machine, which has no use for less bytes that take time to make."""
    return "data:image/png;base64," + base64.b64encode(png(frame, level=level)).decode()


def png(frame: Frame, *, level: int) -> bytes:
    row_bytes = frame.width_px * 3
    starts = range(0, len(frame.pixels), row_bytes)
    rows = b"".join(b"\0" + frame.pixels[start : start + row_bytes] for start in starts)  # 0: no filter
    header = struct.pack(">II5B", frame.width_px, frame.height_px, *_RGB_OF_8_BITS)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, level)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
