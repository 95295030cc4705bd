"""The header and the metadata at the beginning of a GGUF file, and how much memory its context takes. Pure.

The format is that of ggml-org/ggml, docs/gguf.md: the magic, a version of 32 bits, the numbers of tensors and of
metadata entries in 64 bits each; each entry is a key, a type and a value. Numbers are little-endian, a text is its
length in 64 bits and UTF-8.
"""

import struct
from collections.abc import Mapping
from typing import Final

MAGIC: Final = b"GGUF"
HEADER_BYTES: Final = 24  # and the numbers of tensors and of facts, 64 bits each
_VERSIONS: Final = (2, 3)
FACTS_BYTES: Final = 1 << 20  # the vocabulary comes late and is longer; the entries that are used here stand before it
PROJECTOR: Final = "clip"  # the architecture of every vision projector (mmproj)
_NUMBERS: Final = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_TEXT, _LIST = 8, 9
_MAX_LIST: Final = 4096  # of numbers that are kept: one for each layer, and no vocabulary
_SHAPE: Final = ("block_count", "attention.head_count", "embedding_length")
_BYTES_A_VALUE: Final = {"f16": 2.0, "q8_0": 34 / 32, "q4_0": 18 / 32}  # ggml's blocks of 32 values

Fact = int | float | bool | str | tuple[int | float | bool, ...]


def fault_in(head: bytes, size_bytes: int | None = None) -> str | None:
    """Returns the fault in a GGUF header, as the rest of a sentence; None when there is none."""
    if not head:
        return "is empty"
    if not head.startswith(MAGIC):
        return "is no GGUF: it does not begin like one"
    if len(head) < HEADER_BYTES or (size_bytes is not None and size_bytes <= HEADER_BYTES):
        return "ends within its header"
    (version,) = struct.unpack_from("<I", head, len(MAGIC))
    return None if version in _VERSIONS else f"is a GGUF of version {version}; 2 and 3 are known here"


def facts_in(head: bytes) -> dict[str, Fact]:
    """Parses the metadata of a GGUF file from its first bytes. Long lists are left out; no GGUF has no facts."""
    facts: dict[str, Fact] = {}
    if fault_in(head) is not None:
        return facts
    (count,) = struct.unpack_from("<Q", head, HEADER_BYTES - 8)
    at = HEADER_BYTES
    try:
        for _ in range(count):
            key, at = _text(head, at)
            (kind,) = struct.unpack_from("<I", head, at)
            value, at = _value(head, at + 4, kind)
            if value is not None:
                facts[key] = value
    except (struct.error, ValueError, OverflowError):  # the head ends here, or it is no GGUF after all
        pass
    return facts


def context_bytes(facts: Mapping[str, Fact], context: int, kv_type: str) -> int | None:
    """Returns the memory for the KV cache of a whole context; None where the file does not tell enough.

    Some models need less: those whose layers look at a window, or keep a state in place of keys and values.
    """
    name = facts.get("general.architecture")
    layers, heads, width = (_number(facts, f"{name}.{key}") for key in _SHAPE)
    if layers is None or heads is None or width is None:
        return None
    key_length = _number(facts, f"{name}.attention.key_length") or width // heads
    value_length = _number(facts, f"{name}.attention.value_length") or width // heads
    kv_heads = facts.get(f"{name}.attention.head_count_kv", heads)
    per_layer = kv_heads[:layers] if isinstance(kv_heads, tuple) else (kv_heads,)
    if not all(isinstance(heads, int) and heads >= 0 for heads in per_layer):
        return None
    all_heads = sum(map(int, per_layer)) * (1 if isinstance(kv_heads, tuple) else layers)
    return int(context * all_heads * (key_length + value_length) * _BYTES_A_VALUE[kv_type])


def _number(facts: Mapping[str, Fact], key: str) -> int | None:
    value = facts.get(key)
    return value if isinstance(value, int) and value > 0 else None


def _value(head: bytes, at: int, kind: int) -> tuple[Fact | None, int]:
    """Returns the value and the offset of the next key; None for a list that is not kept."""
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
