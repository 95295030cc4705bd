"""The header of a HEF file, and whether it agrees with the size of the file. Pure.

Read in hailo-ai/hailort, hailort/libhailort/src/hef: hef_internal.hpp (`hef__header_t`, packed) and hef.cpp
(`fill_v3_hef_header`: big-endian; `validate_hef_header`: the sizes; 19b0443 and a5b7365). The header has an XXH3 of the
rest too, which is left to the device's library: it is not in Python's.
"""

import struct
from typing import Final

MAGIC: Final = b"\x01HEF"
HEADER_BYTES: Final = 56
_VERSION: Final = 3
# magic, version, bytes of the description (protobuf), XXH3 of the rest, bytes of the weights with their padding, bytes
# of that padding, bytes of additional information, XXH3 of the description or 0, reserved
_HEADER: Final = struct.Struct(">4sIIQQIQQQ")


def fault_in(head: bytes, size_bytes: int | None = None) -> str | None:
    """Returns the fault in a HEF header, as the rest of a sentence; None when there is none.

    Without a size only the header is checked.
    """
    if fault := _fault_in_start(head):
        return fault
    if len(head) < HEADER_BYTES:
        return f"ends within its header, after {len(head)} bytes"
    _, version, description, _, weights, _, additional, description_hash, _ = _HEADER.unpack_from(head)
    if version < _VERSION:
        return f"is a HEF of version {version}, which is for the Hailo-8 and not for the Hailo-10H"
    if version > _VERSION:
        return f"is a HEF of version {version}; only version {_VERSION} is known here"
    expected = HEADER_BYTES + description + weights + additional
    if size_bytes is None or size_bytes == expected:
        return None
    # HailoRT compares the sizes where the description has no hash of its own, and then they must be equal.
    if size_bytes > expected and description_hash:
        return None
    than = "shorter" if size_bytes < expected else "longer"
    return f"is {than} than its header says: {size_bytes:,} bytes instead of {expected:,}"


def _fault_in_start(head: bytes) -> str | None:
    if head.startswith(MAGIC):
        return None
    if not head:
        return "is empty"
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return "is a page for browsers and no model"
    if head.startswith(b"version https://git-lfs"):
        return "is a pointer of Git LFS and no model"
    return "is no HEF: it does not begin like one"
