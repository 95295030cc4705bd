"""The special tokens of a GGUF file's vocabulary, which llama.cpp reads as such in any text.

From ggml-org/ggml, docs/gguf.md: `tokenizer.ggml.tokens` are the tokens, `tokenizer.ggml.token_type` their types.
"""

import logging
import struct
from collections.abc import Iterator
from typing import BinaryIO

from hailo_vision.files import open_regular
from hailo_vision.special_tokens import KNOWN, MAX_TOKEN_CHARS, MEDIA_MARKERS

log = logging.getLogger(__name__)

# llama.cpp's token types that its parser of special tokens takes out of a text
_UNKNOWN, _CONTROL = 2, 3
_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_STRING, _ARRAY, _INT32 = 8, 9, 5
MAX_FACTS, MAX_TOKENS, MAX_STRING_BYTES = 10_000, 2_000_000, 64 << 20


def special_tokens(model: str) -> tuple[str, ...]:
    """The control tokens of the model's own vocabulary, or those of all known families where it can't be read."""
    try:
        with open_regular(model) as file:
            tokens, types = _vocabulary(file)
    except (OSError, struct.error, ValueError, OverflowError):
        log.debug("the vocabulary of %s can't be read: the known special tokens are used", model)
        return KNOWN
    controls = (token for token, kind in zip(tokens, types, strict=False) if kind in (_UNKNOWN, _CONTROL))
    special = tuple(token.decode(errors="replace") for token in controls if len(token) <= MAX_TOKEN_CHARS * 4)
    return (*MEDIA_MARKERS, *special) if special else KNOWN


def _vocabulary(file: BinaryIO) -> tuple[list[bytes], tuple[int, ...]]:
    """Raises ValueError, struct.error or OverflowError for a file that is no GGUF or is cut off."""
    magic, version, _, count = struct.unpack("<4sIQQ", file.read(24))
    if magic != b"GGUF" or version not in (2, 3) or count > MAX_FACTS:
        raise ValueError(version)
    tokens: list[bytes] = []
    types: tuple[int, ...] = ()
    for _ in range(count):
        key = _string(file)
        (kind,) = _unpack(file, "<I")
        if kind == _ARRAY:
            kind, length = _unpack(file, "<IQ")
            if key == b"tokenizer.ggml.tokens" and kind == _STRING and length <= MAX_TOKENS:
                tokens = list(_strings(file, length))
            elif key == b"tokenizer.ggml.token_type" and kind == _INT32 and length <= MAX_TOKENS:
                types = _unpack(file, f"<{length}i")
            else:
                _skip(file, kind, length)
        else:
            _skip(file, kind, 1)
        if tokens and types:
            break
    return tokens, types


def _skip(file: BinaryIO, kind: int, count: int) -> None:
    if kind == _STRING:
        for _ in range(min(count, MAX_TOKENS)):
            (length,) = _unpack(file, "<Q")
            file.seek(length, 1)
    elif kind in _SIZES:
        file.seek(_SIZES[kind] * count, 1)
    else:
        raise ValueError(kind)


def _strings(file: BinaryIO, count: int) -> Iterator[bytes]:
    return (_string(file) for _ in range(count))


def _string(file: BinaryIO) -> bytes:
    (length,) = _unpack(file, "<Q")
    if length > MAX_STRING_BYTES:
        raise ValueError(length)
    return file.read(length)


def _unpack(file: BinaryIO, layout: str) -> tuple[int, ...]:
    return struct.unpack(layout, file.read(struct.calcsize(layout)))
