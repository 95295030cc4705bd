"""Small colour profiles made by hand (ICC.1:2001-04), whose meaning can be calculated."""

import struct


def _profile(space: bytes, pcs: bytes, device: bytes, tags: dict[bytes, bytes]) -> bytes:
    table, data = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, body in tags.items():
        table += struct.pack(">4sII", name, start + len(data), len(body))
        data += body + bytes(-len(body) % 4)
    d50 = struct.pack(">3i", 63190, 65536, 54061)
    head = struct.pack(">I4sI4s4s4s12x4s28x", start + len(data), b"", 0x02400000, device, space, pcs, b"acsp")
    return (head + d50).ljust(128, b"\0") + table + data


_WHITE = b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)

# Light is the value itself: the curve is a straight line, where sRGB's is not.
LINEAR_GREY = _profile(b"GRAY", b"XYZ ", b"mntr", {b"wtpt": _WHITE, b"kTRC": b"curv\0\0\0\0" + struct.pack(">I", 0)})


def _inks() -> bytes:
    """Paper is white, black ink is black, any other at full strength is the same mid grey, L* 50.

    Black has to be black: LittleCMS stretches what a profile can show to what sRGB can.
    """
    straight = bytes(range(256))
    matrix = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    cube = b"".join(bytes((255 if inks == 0 else 0 if inks & 1 else 128, 128, 128)) for inks in range(16))
    return b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + matrix + straight * 4 + cube + straight * 3


GREY_INKS = _profile(b"CMYK", b"Lab ", b"prtr", {b"wtpt": _WHITE, b"A2B0": _inks()})
