"""The facts that stand at the beginning of a GGUF file, and what follows from them for memory. Pure.

From ggml-org/ggml, docs/gguf.md: behind the header, as often as the header says, a key, a type and a value; numbers are
little-endian, a text is its length in 64 bits and UTF-8.
"""

import struct
from collections.abc import Mapping
from typing import Final

from hailo_vision.models.gguf import HEADER_BYTES, fault_in

FACTS_BYTES: Final = 1 << 20  # the vocabulary comes late and is longer; what is wanted here stands before it
EYES: Final = "clip"  # the architecture of every mmproj
_NUMBERS: Final = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_TEXT, _LIST = 8, 9
_MAX_LIST: Final = 4096  # of numbers that are kept: one for each layer, and no vocabulary
_SHAPE: Final = ("block_count", "attention.head_count", "embedding_length")
_BYTES_A_VALUE: Final = {"f16": 2.0, "q8_0": 34 / 32, "q4_0": 18 / 32}  # ggml's blocks of 32 values

Fact = int | float | bool | str | tuple[int | float | bool, ...]


def facts_in(head: bytes) -> dict[str, Fact]:
    """What can be read of a file that begins like this; nothing of one that is no GGUF. Long lists are left out."""
    found: dict[str, Fact] = {}
    if fault_in(head) is not None:
        return found
    (count,) = struct.unpack_from("<Q", head, HEADER_BYTES - 8)
    at = HEADER_BYTES
    try:
        for _ in range(count):
            key, at = _text(head, at)
            (kind,) = struct.unpack_from("<I", head, at)
            value, at = _value(head, at + 4, kind)
            if value is not None:
                found[key] = value
    except (struct.error, ValueError, OverflowError):  # the head ends here, or it is no GGUF after all
        pass
    return found


def context_bytes(facts: Mapping[str, Fact], context: int, kv_type: str) -> int | None:
    """Memory for the keys and values of a whole context; None where the file does not tell enough.

    Some models need less: those whose layers look at a window, or keep a state in place of keys and values.
    """
    name = facts.get("general.architecture")
    layers, heads, width = (_number(facts, f"{name}.{key}") for key in _SHAPE)
    if layers is None or heads is None or width is None:
        return None
    key_length = _number(facts, f"{name}.attention.key_length") or width // heads
    value_length = _number(facts, f"{name}.attention.value_length") or width // heads
    kv_heads = facts.get(f"{name}.attention.head_count_kv", heads)
    each = kv_heads[:layers] if isinstance(kv_heads, tuple) else (kv_heads,)
    if not all(isinstance(one, int) and one >= 0 for one in each):
        return None
    all_heads = sum(map(int, each)) * (1 if isinstance(kv_heads, tuple) else layers)
    return int(context * all_heads * (key_length + value_length) * _BYTES_A_VALUE[kv_type])


def _number(facts: Mapping[str, Fact], key: str) -> int | None:
    value = facts.get(key)
    return value if isinstance(value, int) and value > 0 else None


def _value(head: bytes, at: int, kind: int) -> tuple[Fact | None, int]:
    """The value and where the next key begins; None for a list that is not kept."""
    if kind == _TEXT:
        return _text(head, at)
    if kind != _LIST:
        (value,), at = _numbers(head, at, kind, 1)
        return value, at
    kind, length = struct.unpack_from("<IQ", head, at)
    at += 12
    if kind == _TEXT:
        for _ in range(length):
            _, at = _text(head, at)
        return None, at
    values, at = _numbers(head, at, kind, length)
    return (values if length <= _MAX_LIST else None), at


def _numbers(head: bytes, at: int, kind: int, count: int) -> tuple[tuple[int | float | bool, ...], int]:
    if kind not in _NUMBERS:
        raise ValueError(kind)
    end = at + struct.calcsize(_NUMBERS[kind]) * count
    if end > len(head):
        raise ValueError(end)
    if count > _MAX_LIST:
        return (), end
    return struct.unpack_from(f"<{count}{_NUMBERS[kind]}", head, at), end


def _text(head: bytes, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<Q", head, at)
    end = at + 8 + length
    if end > len(head):
        raise ValueError(end)
    return head[at + 8 : end].decode(errors="replace"), end
