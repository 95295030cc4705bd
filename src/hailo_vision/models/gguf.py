"""What the first bytes of a GGUF file say. Pure. From ggml-org/ggml, docs/gguf.md: magic, then a version of 32 bits."""

import struct
from typing import Final

MAGIC: Final = b"GGUF"
HEADER_BYTES: Final = 24  # and the numbers of tensors and of facts, 64 bits each
_VERSIONS: Final = (2, 3)


def fault_in(head: bytes, size_bytes: int | None = None) -> str | None:
    """What is wrong with a file that begins like this, as the rest of a sentence; None when nothing is."""
    if not head:
        return "is empty"
    if not head.startswith(MAGIC):
        return "is no GGUF: it does not begin like one"
    if len(head) < HEADER_BYTES or (size_bytes is not None and size_bytes <= HEADER_BYTES):
        return "ends within its header"
    (version,) = struct.unpack_from("<I", head, len(MAGIC))
    return None if version in _VERSIONS else f"is a GGUF of version {version}; 2 and 3 are known here"
